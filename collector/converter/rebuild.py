"""What earlier rounds left, read again from the committed spans segments after a restart."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.converter.decode import make_source
from collector.converter.rules import Rules
from collector.converter.seen import Seen
from collector.converter.span import Source, Span, SpanKey
from collector.store.segment import Segment

_COLUMNS = ["trace_id", "span_id", "parent_span_id", "name", "kind", "service", "start", "end", "status", "links"]
_COLUMNS += ["attributes", "resource"]


def remember(segments: list[Segment], rules: Rules, seen: Seen, max_seen: int, max_spans: int) -> Iterator[Span]:
    """Let `seen` know the newest `max_seen` spans; gives the newest `max_spans` of them. Both oldest first."""
    recent = {segment.id for segment in _newest(segments, max_spans)}
    for segment in _newest(segments, max(max_seen, max_spans)):
        file = pq.ParquetFile(segment.path)
        if segment.id in recent:
            for batch in file.iter_batches(columns=_COLUMNS):
                for span in _spans(batch, rules):
                    seen.is_new(span.key)
                    yield span
        else:
            table = file.read(["trace_id", "span_id"])
            for trace_id, span_id in zip(table["trace_id"].to_pylist(), table["span_id"].to_pylist(), strict=True):
                seen.is_new((bytes.fromhex(trace_id), bytes.fromhex(span_id)))


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
    links = _links(batch.column("links"))
    sources: dict[str, Source] = {}
    names, kinds, services, statuses, resources = (
        _words(batch.column(name)) for name in ("name", "kind", "service", "status", "resource")
    )
    starts, ends = (batch.column(name).cast(pa.int64()).to_pylist() for name in ("start", "end"))
    trace_ids, span_ids, parents = (batch.column(name).to_pylist() for name in _COLUMNS[:3])
    nothing: dict[str, str] = {}
    for row in range(batch.num_rows):
        source = sources.get(resources[row])
        if source is None:
            source = sources[resources[row]] = make_source(json.loads(resources[row]), rules)
        own = attributes.get(row, nothing)
        parent = parents[row]
        yield Span(
            bytes.fromhex(trace_ids[row]),
            bytes.fromhex(span_ids[row]),
            bytes.fromhex(parent) if parent else b"",
            names[row],
            kinds[row],
            starts[row],
            ends[row],
            statuses[row] == "error" or "error.type" in own,
            source,
            own,
            rules.objects(own) if own else (),
            links.get(row, ()),
            rules.activity(services[row], names[row], kinds[row], own, source),
        )


def _words(column: pa.Array) -> list[str]:
    """Values of a dictionary column; equal ones are one object."""
    words = [sys.intern(word) for word in column.dictionary.to_pylist()]
    return [words[code] for code in column.indices.to_pylist()]


def _links(column: pa.Array) -> dict[int, tuple[SpanKey, ...]]:
    """Links by row, of the rows that have any."""
    rows = np.flatnonzero(np.diff(column.offsets.to_numpy()))
    found = column.take(pa.array(rows)).to_pylist()
    return {
        row: tuple((bytes.fromhex(each["trace_id"]), bytes.fromhex(each["span_id"])) for each in links)
        for row, links in zip(rows.tolist(), found, strict=True)
    }


def _wanted(column: pa.Array, wanted: frozenset[str]) -> dict[int, dict[str, str]]:
    """Wanted attributes by row, without making Python objects of all the others."""
    offsets = column.offsets.to_numpy()
    places = np.flatnonzero(pc.is_in(column.keys, value_set=pa.array(sorted(wanted), pa.string())).to_numpy(False))
    places = places[(places >= offsets[0]) & (places < offsets[-1])]
    rows = np.searchsorted(offsets, places, side="right") - 1
    taken = pa.array(places)
    keys = [sys.intern(key) for key in column.keys.take(taken).to_pylist()]
    values = column.items.take(taken).to_pylist()
    found: dict[int, dict[str, str]] = {}
    for row, key, value in zip(rows.tolist(), keys, values, strict=True):
        found.setdefault(row, {})[key] = value
    return found
