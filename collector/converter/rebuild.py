"""What earlier rounds left, read again from the committed spans segments after a restart."""

import json
import sys
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.converter.columns import STATUS
from collector.converter.decode import Fresh, by_trace, make_source
from collector.converter.origins import is_failure
from collector.converter.rules import Head, Rules
from collector.converter.seen import Ids, Seen
from collector.converter.span import Source, Span, SpanKey
from collector.store.manifest import UNREADABLE
from collector.store.segment import Segment

_COLUMNS = ["trace_id", "span_id", "parent_span_id", "name", "kind", "service", "start", "end", "status", "links"]
_COLUMNS += ["attributes", "resource", "scope"]
_DIGITS = np.full(256, 0, np.uint8)
_DIGITS[np.frombuffer(b"0123456789abcdef", np.uint8)] = range(16)


def remember(
    segments: list[Segment],
    rules: Rules,
    seen: Seen,
    max_seen: int,
    max_spans: int,
    bad: Callable[[str, str], None],
) -> Iterator[Fresh]:
    """Let `seen` know the newest `max_seen` spans; gives the newest `max_spans` of them. Both oldest first.

    A segment that cannot be read is told to `bad` (name, reason) and left out.
    """
    recent = {segment.id for segment in _newest(segments, max_spans)}
    for segment in _newest(segments, max(max_seen, max_spans)):
        columns = _COLUMNS if segment.id in recent else _COLUMNS[:2]
        try:
            for batch in _batches(segment, columns):
                trace_ids, span_ids = unhex(batch.column("trace_id"), 16), unhex(batch.column("span_id"), 8)
                _see(seen, trace_ids, span_ids)
                if segment.id in recent:
                    yield _fresh(batch, rules, trace_ids, span_ids)
        except UNREADABLE as error:
            bad(segment.path.name, str(error))


def _batches(segment: Segment, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(segment.path) as file:
        yield from file.iter_batches(columns=[name for name in columns if name in file.schema_arrow.names])


def unhex(column: pa.Array, size: int) -> npt.NDArray[np.uint8]:
    """Ids written in hex as bytes: shape (rows, size); null is all zero."""
    written = pc.fill_null(column, "0" * (2 * size)).cast(pa.binary()).cast(pa.binary(2 * size))
    data = np.frombuffer(written.buffers()[1], np.uint8)
    digits = data[2 * size * written.offset : 2 * size * (written.offset + len(written))].reshape(-1, 2 * size)
    return (_DIGITS[digits[:, ::2]] * 16 + _DIGITS[digits[:, 1::2]]).astype(np.uint8)


def _see(seen: Seen, trace_ids: npt.NDArray[np.uint8], span_ids: npt.NDArray[np.uint8]) -> None:
    seen.are_new(_numbers(trace_ids[:, 8:]), _numbers(span_ids))


def _numbers(ids: npt.NDArray[np.uint8]) -> Ids:
    """Eight bytes a row as a number."""
    return np.ascontiguousarray(ids).view(">u8").reshape(-1).astype(np.uint64)


def _newest(segments: list[Segment], at_least: int) -> list[Segment]:
    found: list[Segment] = []
    rows = 0
    for segment in reversed(segments):
        if rows >= at_least:
            break
        if segment.path.exists():
            found.append(segment)
            rows += segment.rows
    return found[::-1]


def _fresh(
    batch: pa.RecordBatch, rules: Rules, trace_ids: npt.NDArray[np.uint8], span_ids: npt.NDArray[np.uint8]
) -> Fresh:
    above = unhex(batch.column("parent_span_id"), 8)
    hi, lo = trace_ids[:, :8], trace_ids[:, 8:]
    fresh = Fresh([], by_trace(_numbers(hi), _numbers(lo), _numbers(span_ids), _numbers(above)))
    traces, ids = trace_ids.tobytes(), span_ids.tobytes()
    parents = _parents(batch.column("parent_span_id"), above.tobytes())
    attributes, links = _wanted(batch.column("attributes"), rules.wanted), _links(batch.column("links"))
    names, kinds, services, statuses, resources = (
        _words(batch.column(name)) for name in ("name", "kind", "service", "status", "resource")
    )
    scopes = _words(batch.column("scope")) if "scope" in batch.schema.names else [""] * batch.num_rows
    starts, ends = (batch.column(name).cast(pa.int64()).to_pylist() for name in ("start", "end"))
    sources: dict[str, Source] = {}
    nothing: dict[str, str] = {}
    for i in range(batch.num_rows):
        own, head = attributes.get(i, nothing), Head(services[i], scopes[i], names[i], kinds[i])
        if not own and i not in links and statuses[i] != "error" and not rules.candidates(head):
            continue
        source = sources.get(resources[i])
        if source is None:
            source = sources[resources[i]] = make_source(json.loads(resources[i]), rules)
        fresh.telling.append(
            Span(
                traces[16 * i : 16 * i + 16],
                ids[8 * i : 8 * i + 8],
                parents[i],
                names[i],
                kinds[i],
                starts[i],
                ends[i],
                is_failure(STATUS.index(statuses[i]), kinds[i], own),
                source,
                scopes[i],
                own,
                rules.objects(own) if own else (),
                links.get(i, ()),
                rules.activity(head, own, source),
            )
        )
    return fresh


def _parents(column: pa.Array, ids: bytes) -> list[bytes]:
    """Span ids of the parents; empty at a root."""
    roots = column.is_null().to_numpy(zero_copy_only=False).tolist()
    return [b"" if root else ids[8 * i : 8 * i + 8] for i, root in enumerate(roots)]


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
