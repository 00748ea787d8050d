"""Well-known logs have as many events and cases as is written of them."""

import csv
import gzip
from pathlib import Path

import pytest

from collector.files import READERS, read
from collector.vocabulary.errors import PermanentError
from tests.unit.files.readers import OPTIONS

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not (DATA / "index.tsv").exists(), reason="the shared logs are not here")


def _logs() -> list[tuple[str, int, int]]:
    if not (DATA / "index.tsv").exists():
        return []
    endings = tuple(ending for reader in READERS for ending in reader.endings)
    with (DATA / "index.tsv").open(encoding="utf-8") as file:
        return [
            (row["file"], int(row["events"]), int(row["cases"]))
            for row in csv.DictReader(file, delimiter="\t")
            # Of object-centric logs the cases depend on the object type; test_ocel.py reads those.
            if row["file"].endswith(endings) and "expected" not in row["file"] and row["cases"].isdecimal()
        ]


@pytest.mark.parametrize(("name", "events", "cases"), _logs())
def test_events_and_cases(name: str, events: int, cases: int) -> None:
    log = read(DATA / name, OPTIONS)
    assert sum(len(batch) for batch in log.batches) == events
    ids = {case for batch in log.batches for case in batch.column("objects").flatten().field("id").to_pylist()}
    assert len(ids) == cases


def test_sepsis_that_breaks_off(tmp_path: Path) -> None:
    packed = (DATA / "real/SEPSIS.xes.gz").read_bytes()
    cut = tmp_path / "cut.xes.gz"
    cut.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(PermanentError, match=r"cut\.xes\.gz: breaks off"):
        read(cut, OPTIONS)
    whole = gzip.decompress(packed)
    cut = tmp_path / "cut.xes"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PermanentError, match=r"cut\.xes, line \d{5,}: breaks off"):
        read(cut, OPTIONS)
