"""What came in, once more: raw requests as far as they are kept, before them what the spans segments know.

Of spans whose requests are gone only the attributes are left that were wanted at the time.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.converter.span import KINDS
from collector.raw.archive import RawArchive
from collector.store.segment import Segment
from collector.store.store import Store
from collector.vocabulary.errors import RetryableError
from collector.wal import Encoding, Record, Signal

LEAD_IN_US: Final = 86_400 * 1_000_000
"""So much earlier (µs) than asked for it begins, so that relatives are known."""
_SPANS: Final = 5_000
"""So many spans of a segment make one request, at least."""
_STATUS: Final = {"ok": 1, "error": 2}


@dataclass(frozen=True, slots=True)
class Plan:
    """Positions from `start` on are derived again; those from `switch` on from raw requests."""

    start: int
    switch: int


def plan(store: Store, archive: RawArchive | None, since: int | None) -> Plan:
    """From where on to derive again; `since` in µs UTC, None for everything.

    A segment that raw requests cover in part is taken as a whole from the spans segments.
    """
    spans, logs = store.segments("spans"), store.segments("logs")
    end = max((each.last for each in spans), default=0) + 1
    first = archive.first if archive is not None else None
    switch = end if first is None else first
    while over := [each.last + 1 for each in (*spans, *logs) if each.first < switch <= each.last]:
        switch = max(over)
    if since is None:
        return Plan(min([switch, *(each.first for each in spans)]), switch)
    young = [each.first for each in spans if each.committed >= since - LEAD_IN_US]
    return Plan(min(young, default=end), switch)


def history(store: Store, archive: RawArchive | None, chosen: Plan, after: int) -> Iterator[Record]:
    """Records of the positions above `after`, in order. Raises RetryableError where raw requests expire meanwhile."""
    for segment in store.segments("spans"):
        old = segment.last < chosen.switch or archive is None
        if old and segment.first >= chosen.start and segment.last > after:
            for record in _of_segment(segment):
                if record.sequence > after:
                    yield record
                    after = record.sequence
    if archive is None:
        return
    after = max(after, chosen.start - 1, chosen.switch - 1)
    for record in archive.records(after):
        if record.sequence > after + 1 and (archive.first or 0) > after + 1:
            raise RetryableError("raw requests expired while they were read (retention.raw_hours); run it again")
        yield record
        after = record.sequence


def _of_segment(segment: Segment) -> Iterator[Record]:
    """The spans of a segment as requests; the positions they came from stay, whatever stands at each."""
    with pq.ParquetFile(segment.path) as file:
        table = file.read()
    positions = max(1, segment.last - segment.first + 1)
    share = max(_SPANS, -(-table.num_rows // positions))
    for number in range(positions):
        part = table.slice(number * share, share)
        body = _request(part) if part.num_rows else b""
        yield Record(segment.first + number, Signal.TRACES, Encoding.IDENTITY, segment.committed // 1000, body)


def _request(table: pa.Table) -> bytes:
    request = ExportTraceServiceRequest()
    starts, ends = (table[name].cast(pa.int64()).to_pylist() for name in ("start", "end"))
    rows = table.drop_columns(["start", "end"]).to_pylist()
    scopes: dict[tuple[str, str], Any] = {}
    for row, start, end in zip(rows, starts, ends, strict=True):
        group = row["resource"], str(row.get("scope") or "")
        if group not in scopes:
            resource = request.resource_spans.add()
            _attributes(resource.resource.attributes, json.loads(row["resource"]).items())
            scopes[group] = resource.scope_spans.add()
            scopes[group].scope.name = group[1]
        span = scopes[group].spans.add(
            trace_id=bytes.fromhex(row["trace_id"]),
            span_id=bytes.fromhex(row["span_id"]),
            parent_span_id=bytes.fromhex(row["parent_span_id"] or ""),
            name=row["name"],
            kind=_kind(row["kind"]),
            start_time_unix_nano=start * 1000,
            end_time_unix_nano=end * 1000,
        )
        span.status.code = _STATUS.get(row["status"], 0)
        _attributes(span.attributes, row["attributes"])
        for link in row["links"]:
            span.links.add(trace_id=bytes.fromhex(link["trace_id"]), span_id=bytes.fromhex(link["span_id"]))
    return bytes(request.SerializeToString())


def _kind(name: str) -> int:
    # The first name stands for two numbers: unspecified counts as internal.
    return len(KINDS) - 1 - KINDS[::-1].index(name) if name in KINDS else 0


def _attributes(target: Any, pairs: Sequence[tuple[str, str]] | Any) -> None:
    for key, value in pairs:
        target.add(key=key).value.string_value = value
