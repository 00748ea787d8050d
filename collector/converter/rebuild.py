"""What earlier rounds left, read again from the committed spans segments after a restart."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.converter.decode import make_source
from collector.converter.rules import Rules
from collector.converter.seen import Seen
from collector.converter.span import Source, Span
from collector.store.segment import Segment

_COLUMNS = ["trace_id", "span_id", "parent_span_id", "name", "kind", "service", "start", "end", "status", "links"]


def remember_ids(segments: list[Segment], seen: Seen, at_least: int) -> None:
    """Let `seen` know the newest `at_least` spans, oldest first."""
    for segment in _newest(segments, at_least):
        table = pq.ParquetFile(segment.path).read(["trace_id", "span_id"])
        for trace_id, span_id in zip(table["trace_id"].to_pylist(), table["span_id"].to_pylist(), strict=True):
            seen.is_new((bytes.fromhex(trace_id), bytes.fromhex(span_id)))


def recent_spans(segments: list[Segment], rules: Rules, at_least: int) -> Iterator[Span]:
    """The newest `at_least` spans, oldest first."""
    for segment in _newest(segments, at_least):
        for batch in pq.ParquetFile(segment.path).iter_batches(columns=[*_COLUMNS, "attributes", "resource"]):
            yield from _spans(batch, rules)


def _newest(segments: list[Segment], at_least: int) -> list[Segment]:
    found: list[Segment] = []
    rows = 0
    for segment in reversed(segments):
        if rows >= at_least:
            break
        if Path(segment.path).exists():
            found.append(segment)
            rows += segment.rows
    return found[::-1]


def _spans(batch: pa.RecordBatch, rules: Rules) -> Iterator[Span]:
    attributes = _wanted(batch.column("attributes"), rules.wanted)
    sources: dict[str, Source] = {}
    times = {name: batch.column(name).cast(pa.int64()).to_pylist() for name in ("start", "end")}
    lists = {name: batch.column(name).to_pylist() for name in _COLUMNS if name not in times}
    resources = batch.column("resource").to_pylist()
    for row in range(batch.num_rows):
        source = sources.get(resources[row])
        if source is None:
            source = sources[resources[row]] = make_source(json.loads(resources[row]), rules)
        own = attributes.get(row, {})
        parent = lists["parent_span_id"][row]
        yield Span(
            bytes.fromhex(lists["trace_id"][row]),
            bytes.fromhex(lists["span_id"][row]),
            bytes.fromhex(parent) if parent else b"",
            lists["name"][row],
            lists["kind"][row],
            times["start"][row],
            times["end"][row],
            lists["status"][row] == "error" or "error.type" in own,
            source,
            own,
            rules.objects(own) if own else (),
            tuple((bytes.fromhex(e["trace_id"]), bytes.fromhex(e["span_id"])) for e in lists["links"][row]),
            rules.activity(lists["service"][row], lists["name"][row], lists["kind"][row], own, source),
        )


def _wanted(column: pa.Array, wanted: frozenset[str]) -> dict[int, dict[str, str]]:
    """Wanted attributes by row, without making Python objects of all the others."""
    offsets = column.offsets.to_numpy()
    places = np.flatnonzero(pc.is_in(column.keys, value_set=pa.array(sorted(wanted), pa.string())).to_numpy(False))
    places = places[(places >= offsets[0]) & (places < offsets[-1])]
    rows = np.searchsorted(offsets, places, side="right") - 1
    taken = pa.array(places)
    keys, values = column.keys.take(taken).to_pylist(), column.items.take(taken).to_pylist()
    found: dict[int, dict[str, str]] = {}
    for row, key, value in zip(rows.tolist(), keys, values, strict=True):
        found.setdefault(row, {})[key] = value
    return found
