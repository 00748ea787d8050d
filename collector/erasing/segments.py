"""Segment files without what is erased: written anew under their own names, so that every reader finds them."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.erasing.scrubber import Scrubber
from collector.erasing.tables import Mask, change_rows, rows_holding, scrub_row
from collector.store.segment import PARTIAL, Kind
from collector.wal.folder import sync_folder


@dataclass
class Case:
    """The case that goes: the object `value` leads the processes `led` (none: nothing goes, all is replaced).

    `linked` are events known as its own by links; `spans` gathers the spans of all its events as they are found.
    """

    value: str
    led: frozenset[str]
    linked: frozenset[str] = frozenset()
    spans: set[tuple[bytes, bytes]] = field(default_factory=set)


def find_spans(path: Path, scrubber: Scrubber, case: Case) -> None:
    """Add to `case.spans` those of the case's events in an events segment."""
    with pq.ParquetFile(path) as file:
        table = file.read()
    rows = rows_holding(table, scrubber) | _among(table["event_id"], sorted(case.linked))
    for row in table.filter(pa.array(rows)).to_pylist():
        _goes(row, "events", scrubber, case)


def erase_file(path: Path, kind: Kind, scrubber: Scrubber, case: Case) -> int:
    """Erase in one Parquet file; gives how many rows changed or went. Raises what a damaged file raises."""
    with pq.ParquetFile(path) as file:
        table, told = file.read(), dict(file.metadata.metadata or {})
    told.pop(b"ARROW:schema", None)
    rows = rows_holding(table, scrubber)
    changed = 0

    def change(row: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal changed
        after = None if _goes(row, kind, scrubber, case) else scrub_row(row, scrubber)
        changed += after != row
        return after

    if kind == "events":
        rows |= _among(table["event_id"], sorted(case.linked))
    elif kind in ("spans", "logs") and case.spans:
        rows |= _among(table["span_id"], sorted({span.hex() for _, span in case.spans}))
    fresh = change_rows(table, rows, change)
    said = {key: scrubber.text(value.decode("utf-8", "replace")).encode() for key, value in told.items()}
    if fresh is None and said == told:
        return 0
    partial = path.with_suffix(PARTIAL)
    with partial.open("wb") as out:
        with pq.ParquetWriter(out, table.schema, compression="zstd", write_page_checksum=True) as writer:
            writer.write_table(table if fresh is None else fresh)
            writer.add_key_value_metadata(said)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    sync_folder(path.parent)
    return changed


def _goes(row: dict[str, Any], kind: Kind, scrubber: Scrubber, case: Case) -> bool:
    if not case.led:
        return False
    if kind == "links":
        return row["case_id"] == case.value and row["process"] in case.led
    if kind == "events" and row["process"] in case.led:
        leading = [each["id"] for each in row["objects"] if each["type"] == scrubber.kind]
        # The first object of the leading type says which case it is, and only without one a link.
        goes = leading[0] == case.value if leading else row["event_id"] in case.linked
        if goes and row["trace_id"] and row["span_id"]:
            case.spans.add((bytes.fromhex(row["trace_id"]), bytes.fromhex(row["span_id"])))
        return goes
    if kind in ("spans", "logs") and row["trace_id"] and row["span_id"]:
        return (bytes.fromhex(row["trace_id"]), bytes.fromhex(row["span_id"])) in case.spans
    return False


def _among(column: pa.ChunkedArray, values: list[str]) -> Mask:
    if not values:
        return np.zeros(len(column), np.bool_)
    found = pc.fill_null(pc.is_in(column.cast(pa.string()), value_set=pa.array(values, pa.string())), False)
    return np.asarray(found.combine_chunks(), dtype=np.bool_)
