"""A data folder whose event segments hold a generated log, and new events for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.store import Manifest
from collector.store.manifest import Changes
from collector.vocabulary.schema import EVENT_SCHEMA, OBJECT_TYPE

PROCESS: Final = "log"
LEADING: Final = "case"
ROWS: Final = 200_000
"""Events of a segment, as the converter merges them."""


def fill(log: Path, data: Path) -> int:
    """Commit the events of a Parquet log (tests/bench/support/log.py) as segments; gives how many."""
    manifest = Manifest(data)
    count = 0
    try:
        for number, batch in enumerate(pq.ParquetFile(log).iter_batches(ROWS), start=1):
            table = pa.Table.from_batches([events(batch, count)])
            manifest.commit([("events", table)], number, number, Changes())
            count += len(batch)
    finally:
        manifest.close()
    return count


def events(batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """Rows of the log as events whose ids begin to count at `first`, spread as span ids are."""
    count = len(batch)
    numbers = np.arange(first, first + count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    known = {
        "event_id": hexadecimal(numbers),
        "process": _word(PROCESS, count),
        "activity": batch.column("activity").dictionary_encode(),
        "start": batch.column("start_time"),
        "end": batch.column("end_time"),
        "actor_kind": _word("staff", count),
        "actor": batch.column("resource").dictionary_encode(),
        "role": batch.column("role").dictionary_encode(),
        "system": batch.column("system").dictionary_encode(),
        "outcome": _word("ok", count),
        "objects": _objects(batch.column("case_id")),
        "fields": pa.MapArray.from_arrays(np.zeros(count + 1, np.int32), pa.array([], "str"), pa.array([], "str")),
    }
    return pa.record_batch(
        [
            known[field.name].cast(field.type) if field.name in known else pa.nulls(count, field.type)
            for field in EVENT_SCHEMA
        ],
        schema=EVENT_SCHEMA,
    )


def hexadecimal(numbers: npt.NDArray[np.uint64]) -> pa.StringArray:
    """Sixteen digits each."""
    digits = numbers.astype(">u8").view(np.uint8)
    nibbles = np.empty(2 * len(digits), np.uint8)
    nibbles[0::2], nibbles[1::2] = digits >> 4, digits & 15
    raw = np.frombuffer(b"0123456789abcdef", np.uint8)[nibbles]
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 16
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(raw))


def batches(data: Path, size: int) -> Iterator[pa.RecordBatch]:
    """All events of the folder in the order in which they were committed, `size` at a time."""
    for path in sorted((data / "segments").glob("events-*.parquet"), key=lambda each: int(each.stem.split("-")[1])):
        yield from pq.ParquetFile(path).iter_batches(size)


def _objects(cases: pa.Array) -> pa.ListArray:
    count = len(cases)
    kind = pc.take(pa.array([LEADING]), pa.array(np.zeros(count, np.int32)))
    things = pa.StructArray.from_arrays([kind, cases, pa.nulls(count, pa.string())], fields=list(OBJECT_TYPE))
    offsets = pa.array(np.arange(count + 1, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, things, type=EVENT_SCHEMA.field("objects").type)


def _word(word: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([word]))
