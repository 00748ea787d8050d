"""What was derived again takes the place of what was there, in one transaction."""

import os
import shutil
import time
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection, delete

from collector.converter.rebuild import unhex
from collector.remapping.history import Plan
from collector.store import applying
from collector.store.manifest import Changes, Manifest
from collector.store.segment import Fresh, Kind, Segment, write_segment
from collector.store.store import GENERATION, Store
from collector.store.tables import JOINS, OPEN_EVENTS
from collector.wal.folder import sync_folder

DERIVED: Final = "^[0-9a-f]{32}:[0-9a-f]{16}$"
"""Event ids of spans; those of imported files look different, and stay."""
Swapped = tuple[list[Segment], list[tuple[Fresh, int]]]


def swap(
    manifest: Manifest, data: Path, staging: Path, chosen: Plan, since: int | None, state: dict[str, str]
) -> dict[str, int]:
    """Let what stands in `staging` count; gives how many events were taken away and how many came.

    With `since` (µs UTC) events that began before it stay as they were; so do those whose spans are forgotten, since
    nothing can derive them again. Killed before the transaction, nothing has
    happened; after it, all.
    """
    fresh_store, store = Store(staging), manifest.store
    mark = f"r{int(store.state(GENERATION).get(GENERATION, 0)) + 1}"
    gone, fresh = _events(store, fresh_store, data, since, mark)
    before = sum(each.rows for each in gone if each.kind == "events")
    after = sum(each.rows for each, _ in fresh if each.kind == "events")
    for kind, start in _replaced(fresh_store, chosen):
        gone += [each for each in store.segments(kind) if each.first >= start]
        fresh += [_link(each, data, mark) for each in fresh_store.segments(kind)]
    sync_folder(data / "segments")
    staged = Manifest(staging)
    try:
        changes = Changes(
            opened={each.key: each for each in staged.open_events()}, joined=dict(staged.joins()), state=state
        )
    finally:
        staged.close()
    with manifest.changing() as connection:
        manifest.replace(gone, fresh, connection, time.time_ns() // 1000)
        if since is None:
            _forget_resolution(connection)
        applying.apply(connection, changes)
        manifest.new_generation(connection)
    shutil.rmtree(staging, ignore_errors=True)
    return {"before": before, "after": after}


def _replaced(fresh: Store, chosen: Plan) -> list[tuple[Kind, int]]:
    logs: list[tuple[Kind, int]] = [("logs", max(chosen.start, chosen.switch))] if fresh.segments("logs") else []
    return [("spans", chosen.start), *logs]


def _events(store: Store, fresh_store: Store, data: Path, since: int | None, mark: str) -> Swapped:
    """Events and their links."""
    gone: list[Segment] = []
    fresh: list[tuple[Fresh, int]] = []
    kept: list[pa.Array] = []
    taken: list[pa.Array] = []
    again = _spans(fresh_store)
    for each in store.segments("events"):
        table = pq.ParquetFile(each.path).read()
        derived = pc.match_substring_regex(table["event_id"], DERIVED)
        stays = pc.invert(_derived_again(table["event_id"], derived, again))
        if since is not None:
            stays = pc.or_(stays, pc.less(table["start"].cast(pa.int64()), since))
        _keep(each, table, stays, data, gone, fresh)
        kept += table["event_id"].filter(pc.and_(stays, derived)).chunks
    for each in fresh_store.segments("events"):
        if since is None:
            fresh.append(_link(each, data, mark))
            continue
        table = pq.ParquetFile(each.path).read()
        table = table.filter(pc.greater_equal(table["start"].cast(pa.int64()), since))
        _write(each, table, data, fresh)
        taken += table["event_id"].chunks
    old, new = (pa.chunked_array(each, pa.string()) for each in (kept, taken))
    for each in store.segments("links"):
        table = pq.ParquetFile(each.path).read()
        derived = pc.match_substring_regex(table["event_id"], DERIVED)
        _keep(each, table, pc.or_(pc.invert(derived), pc.is_in(table["event_id"], value_set=old)), data, gone, fresh)
    for each in fresh_store.segments("links"):
        if since is None:
            fresh.append(_link(each, data, mark))
            continue
        table = pq.ParquetFile(each.path).read()
        _write(each, table.filter(pc.is_in(table["event_id"], value_set=new)), data, fresh)
    return gone, fresh


def _spans(fresh_store: Store) -> npt.NDArray[np.uint64]:
    """What stands for each span that was derived again, sorted; 8 bytes each, because there are many."""
    found = [np.empty(0, np.uint64)]
    for each in fresh_store.segments("spans"):
        with pq.ParquetFile(each.path) as file:
            for batch in file.iter_batches(columns=["trace_id", "span_id"]):
                found.append(_mixed(batch.column("trace_id"), batch.column("span_id")))
    return np.unique(np.concatenate(found))


def _derived_again(ids: pa.ChunkedArray, derived: pa.ChunkedArray, again: npt.NDArray[np.uint64]) -> pa.BooleanArray:
    """Of event ids (those of spans are `derived`) which have their span in the history."""
    mine = derived.combine_chunks().to_numpy(zero_copy_only=False)
    own = ids.filter(derived).combine_chunks()
    found = np.zeros(len(mine), np.bool_)
    found[mine] = np.isin(_mixed(pc.utf8_slice_codeunits(own, 0, 32), pc.utf8_slice_codeunits(own, 33, 49)), again)
    return pa.array(found)


def _mixed(traces: pa.Array, spans: pa.Array) -> npt.NDArray[np.uint64]:
    trace, span = (unhex(each, size).view(">u8").astype(np.uint64) for each, size in ((traces, 16), (spans, 8)))
    mixed: npt.NDArray[np.uint64] = trace[:, 0] * np.uint64(0xBF58476D1CE4E5B9) ^ trace[:, 1]
    mixed ^= span[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    return mixed


def _keep(
    each: Segment,
    table: pa.Table,
    stays: pa.ChunkedArray,
    data: Path,
    gone: list[Segment],
    fresh: list[tuple[Fresh, int]],
) -> None:
    """Leave a segment as it is, let it go, or write what stays of it anew."""
    count = pc.sum(stays).as_py() or 0
    if count == table.num_rows:
        return
    gone.append(each)
    if count:
        _write(each, table.filter(stays), data, fresh)


def _write(each: Segment, table: pa.Table, data: Path, fresh: list[tuple[Fresh, int]]) -> None:
    if table.num_rows:
        written = write_segment(data / "segments", each.kind, table, each.first, each.last)
        fresh.append((written, each.committed))


def _link(each: Segment, data: Path, mark: str) -> tuple[Fresh, int]:
    """Give a staged file a second name among the segments, where nothing counts yet."""
    path = data / "segments" / f"{each.path.stem}-{mark}.parquet"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        os.link(each.path, path)
    except OSError:
        shutil.copyfile(each.path, path)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    return Fresh(each.kind, path, each.first, each.last, each.rows), each.committed


def _forget_resolution(connection: Connection) -> None:
    for table in (JOINS, OPEN_EVENTS):
        connection.execute(delete(table))
