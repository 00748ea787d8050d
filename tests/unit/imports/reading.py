"""What the tests of imports share."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from collector.store import Store


def committed(data: Path) -> list[dict[str, Any]]:
    """All events that count, in the order in which they were committed."""
    return [row for each in Store(data).segments("events") for row in pq.ParquetFile(each.path).read().to_pylist()]


def configuration(folder: Path, content: str) -> Path:
    """A `houtai.yaml`."""
    path = folder / "houtai.yaml"
    path.write_text(content, encoding="utf-8")
    return path
