"""Spans as the converter keeps them, without a folder that stays."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from collector.store import Store
from tests.unit.collector.spans import Bench


def spans_table(bodies: Iterable[bytes]) -> pa.Table:
    """The spans segment of requests."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder)).send(*bodies)
        bench.converter.close()
        tables = [pq.ParquetFile(each.path).read() for each in Store(Path(folder)).segments("spans")]
        return pa.concat_tables(tables).unify_dictionaries()
