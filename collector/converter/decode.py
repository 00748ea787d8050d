"""Canonical request bodies (collector/converter/decoders) to spans: columns for all of them, `Span` for those that tell
something."""

import json
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from collector.converter.columns import SpanColumns
from collector.converter.origins import is_failure
from collector.converter.rules import Head, Rules
from collector.converter.seen import Ids, Seen
from collector.converter.span import KINDS, LOG, Source, Span, SpanKey
from collector.converter.values import as_text
from collector.converter.watching import Watching
from collector.converter.window import Piece
from collector.converter.wire import Spans, Wanted, Words, canonicalise, parse

MAX_NS: Final = (2**63 - 1) // 1000 * 1000
_CACHED: Final = 10_000
STATUS_TEXT: Final = "otel.status_description"
Refuse = Callable[[str, str, bytes, int | None], None]
"""Takes (reason, detail, body, position in the log) of a span or request that cannot be used."""
Rows = npt.NDArray[np.int64]
_NOTHING: Final[dict[str, str]] = {}
_NO_ID: Final = bytes(8)


@dataclass
class Fresh:
    """The new spans of a round, those that tell something in the order in which they came."""

    telling: list[Span]
    traces: list[tuple[bytes, Piece]]
    """Traces that got spans, with the ids and parents of these; a trace may stand here twice."""


class Decoder:
    """Decodes with one set of rules."""

    def __init__(
        self,
        rules: Rules,
        seen: Seen,
        refuse: Refuse,
        watching: Watching | None = None,
        corrections: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._rules, self._seen, self._refuse = rules, seen, refuse
        self._watching = watching or Watching({})
        self.corrections = corrections
        """What is added to a service's times, µs."""
        self._wanted = Wanted(rules.wanted)
        self._keys = tuple(sys.intern(key) for key in self._wanted.keys)
        self._words = Words()
        self._sources: dict[bytes, Source] = {}
        self.decoded = self.duplicates = self.nameless = 0
        """Spans so far; those of them seen before; log records without a name that no rule or object wants."""

    def decode(
        self, bodies: Sequence[bytes], positions: Sequence[int], columns: SpanColumns, arrivals: Sequence[int] = ()
    ) -> Fresh:
        """The new spans of the requests that stood at `positions` in the log; what cannot be read is refused.

        `arrivals` are when the requests came, in ms since 1970: the time of log records that have none.
        """
        fresh = Fresh([], [])
        spans, strange = parse(bodies, self._wanted)
        _give_time(spans, arrivals)
        self._take(spans, positions, columns, fresh)
        again: list[bytes] = []
        places: list[int] = []
        for place in strange:
            try:
                again.append(canonicalise(bodies[place]))
                places.append(place)
            except DecodeError as error:
                # The receiver has checked this; the mapping must not stop for it all the same.
                self._refuse("malformed", str(error), bodies[place], positions[place])
        if again:
            spans, still = parse(again, self._wanted)
            _give_time(spans, [arrivals[place] for place in places] if arrivals else ())
            there = [positions[place] for place in places]
            self._take(spans, there, columns, fresh)
            for place in still:
                self._refuse("malformed", "not understood", again[place], there[place])
        return fresh

    def _take(self, spans: Spans, positions: Sequence[int], columns: SpanColumns, fresh: Fresh) -> None:
        self.decoded += spans.n
        rows = self._usable(spans, positions)
        new = self._seen.are_new(spans.trace_lo[rows], spans.span_id[rows])
        self.duplicates += int(len(rows) - np.count_nonzero(new))
        rows = rows[new]
        if not len(rows):
            return
        sources = self._all_sources(spans)
        if self.corrections:
            correct = np.array([1000 * self.corrections.get(source.service, 0) for source in sources], np.int64)
            for times in (spans.start_ns, spans.end_ns):
                times += correct[spans.resource].astype(np.uint64)  # wraps around for negative ones, as wanted
        if self._words.full:
            # Names that hold ids; codes are of one batch only.
            self._words.clear()
        batch = Batch(spans, rows, self._rules, self._keys, self._words, sources)
        self._watching.take(batch)
        telling = batch.spans_that_tell()
        if (spans.kind[rows] == LOG).any():
            batch = self._without_nameless(batch, telling)
        fresh.traces += batch.traces()
        fresh.telling += telling
        columns.add(batch)

    def _without_nameless(self, batch: "Batch", telling: list[Span]) -> "Batch":
        """Log records that nobody named and nothing wants are the application's own affair."""
        nameless = (batch.spans.kind[batch.rows] == LOG) & (batch.spans.name_size[batch.rows] == 0)
        wanted = {each.key for each in telling if each.rule is not None or each.objects or each.kind != KINDS[LOG]}
        gone = nameless & ~np.array([batch.key(i) in wanted for i in range(len(batch.rows))])
        if not gone.any():
            return batch
        self.nameless += int(np.count_nonzero(gone))
        left_out = {batch.key(i) for i in np.flatnonzero(gone).tolist()}
        telling[:] = [each for each in telling if each.key not in left_out]
        return batch.only(~gone)

    def _usable(self, spans: Spans, positions: Sequence[int]) -> Rows:
        start, end = spans.start_ns, spans.end_ns
        reasons = {
            "bad_trace_id": (spans.trace_hi == 0) & (spans.trace_lo == 0),
            "bad_span_id": spans.span_id == 0,
            "no_time": (start == 0) | (end == 0),
            "end_before_start": end < start,
            "bad_time": end > MAX_NS,
        }
        bad = np.zeros(spans.n, np.bool_)
        for reason, found in reasons.items():
            for row in np.flatnonzero(found & ~bad).tolist():
                name = _text(spans, spans.name_at[row], spans.name_size[row])
                service = self._source(spans, int(spans.resource[row])).service
                detail = f"span {name!r} of {service}"
                self._refuse(reason, detail, _request(spans, row), positions[spans.body[row]])
            bad |= found
        return np.flatnonzero(~bad)

    def _all_sources(self, spans: Spans) -> list[Source]:
        return [self._source(spans, number) for number in range(len(spans.resource_at))]

    def _source(self, spans: Spans, resource: int) -> Source:
        at = int(spans.resource_at[resource])
        body = spans.buffer[at : at + int(spans.resource_size[resource])].tobytes()
        source = self._sources.get(body)
        if source is None:
            if len(self._sources) >= _CACHED:
                self._sources.clear()
            pairs = {each.key: as_text(each.value) for each in Resource.FromString(body).attributes}
            source = self._sources[body] = make_source(pairs, self._rules)
        return source


class Batch:
    """Rows of parsed spans that are new and usable; `keys` are the wanted attributes by code."""

    def __init__(
        self, spans: Spans, rows: Rows, rules: Rules, keys: Sequence[str], words: Words, sources: list[Source]
    ) -> None:
        self.spans, self.rows, self.sources = spans, rows, sources
        self._rules, self._keys, self._words = rules, keys, words
        trace = np.empty((len(rows), 2), ">u8")
        trace[:, 0], trace[:, 1] = spans.trace_hi[rows], spans.trace_lo[rows]
        self._traces = trace.tobytes()
        self._ids = spans.span_id[rows].astype(">u8").tobytes()
        self._parents = spans.parent[rows].astype(">u8").tobytes()
        self.names = words.codes(spans.buffer, spans.name_at[rows], spans.name_size[rows])
        self.scopes = [_text(spans, at, size) for at, size in zip(spans.scope_at, spans.scope_size, strict=True)]
        self._read_attributes()

    def only(self, kept: npt.NDArray[np.bool_]) -> "Batch":
        """The rows that are kept."""
        return Batch(self.spans, self.rows[kept], self._rules, self._keys, self._words, self.sources)

    def key(self, i: int) -> SpanKey:
        """Trace id and span id of a row."""
        return self._traces[16 * i : 16 * i + 16], self._ids[8 * i : 8 * i + 8]

    def name(self, code: int) -> str:
        """A span's name by its code in `names`."""
        return self._words.text(code)

    def traces(self) -> list[tuple[bytes, Piece]]:
        """Each trace with the ids and parents of its spans."""
        spans, rows = self.spans, self.rows
        return by_trace(spans.trace_hi[rows], spans.trace_lo[rows], spans.span_id[rows], spans.parent[rows])

    def _read_attributes(self) -> None:
        """Wanted attributes by row; rows without any share one empty dictionary."""
        spans, rows, keys = self.spans, self.rows, self._keys
        self.attributes: list[dict[str, str]] = [_NOTHING] * len(rows)
        kept = np.flatnonzero(self._kept())
        offsets = np.searchsorted(kept, spans.attr_offsets)
        begins, ends = offsets[rows], offsets[rows + 1]
        exception = spans.exc_size[rows] >= 0
        message = (spans.status[rows] == 2) & (spans.message_size[rows] > 0)
        told = np.flatnonzero((ends > begins) | exception | message)
        raw = memoryview(spans.buffer.data)
        kinds, codes = spans.attr_type[kept].tolist(), spans.attr_key[kept].tolist()
        places, sizes = spans.attr_at[kept].tolist(), spans.attr_size[kept].tolist()
        numbers = spans.attr_number[kept].tolist()
        for i, begin, end in zip(told.tolist(), begins[told].tolist(), ends[told].tolist(), strict=True):
            found: dict[str, str] = {}
            for hit in range(begin, end):
                if kinds[hit] == 1:
                    at = places[hit]
                    found[keys[codes[hit]]] = str(raw[at : at + sizes[hit]], "utf-8", "replace")
                else:
                    found[keys[codes[hit]]] = _value(spans, kinds[hit], places[hit], sizes[hit], numbers[hit])
            self.attributes[i] = found
        for i in np.flatnonzero(exception).tolist():
            row = rows[i]
            said = (spans.exc_type[row], spans.exc_at[row], spans.exc_size[row], spans.exc_number[row])
            self.attributes[i].setdefault("exception.type", _value(spans, *map(int, said)))
        for i in np.flatnonzero(message).tolist():
            row = rows[i]
            self.attributes[i].setdefault(STATUS_TEXT, _text(spans, spans.message_at[row], spans.message_size[row]))

    def _kept(self) -> npt.NDArray[np.bool_]:
        """Which attributes are more than an HTTP status below 500 that no rule wants."""
        spans = self.spans
        codes = [code for code, key in enumerate(self._keys) if key in self._rules.only_failing]
        kept = np.ones(len(spans.attr_key), np.bool_)
        if not codes:
            return kept
        at = np.flatnonzero(np.isin(spans.attr_key, codes))
        number = (spans.attr_type[at] == 3) & (spans.attr_number[at] >= 500)
        written = (spans.attr_type[at] == 1) & (spans.buffer[spans.attr_at[at]] == ord("5"))
        kept[at] = number | written
        return kept

    def _heads(self) -> tuple[list[Head], npt.NDArray[np.int64]]:
        """Distinct heads, and the place of each row's."""
        spans, rows = self.spans, self.rows
        scope_of, service_of = _places(self.scopes), _places([each.service for each in self.sources])
        kinds = np.where((spans.kind[rows] >= 0) & (spans.kind[rows] < len(KINDS)), spans.kind[rows], 0)
        packed = self.names.astype(np.int64)
        for codes in (service_of[spans.resource[rows]], scope_of[spans.scope[rows]], kinds):
            packed = packed * (int(codes.max()) + 1) + codes
        _, first, heads = np.unique(packed, return_index=True, return_inverse=True)
        found = [
            Head(
                self.sources[spans.resource[rows[i]]].service,
                self.scopes[spans.scope[rows[i]]],
                self.name(int(self.names[i])),
                KINDS[kinds[i]],
            )
            for i in first.tolist()
        ]
        return found, heads

    def spans_that_tell(self) -> list[Span]:
        """A span a row that failed, or has wanted attributes, links, or a rule that may fit."""
        spans, rows, rules = self.spans, self.rows, self._rules
        heads, head_of = self._heads()
        candidates = [rules.candidates(head) for head in heads]
        may_fit = np.array([bool(each) for each in candidates])[head_of]
        linking = spans.link_offsets[rows + 1] > spans.link_offsets[rows]
        with_attributes = np.fromiter(map(len, self.attributes), np.int64, len(rows)) > 0
        told = np.flatnonzero(may_fit | linking | with_attributes | (spans.status[rows] == 2))
        at = rows[told]
        found: list[Span] = []
        for i, head, resource, start, end, status, links in zip(
            told.tolist(),
            head_of[told].tolist(),
            spans.resource[at].tolist(),
            (spans.start_ns[at] // 1000).tolist(),
            (spans.end_ns[at] // 1000).tolist(),
            spans.status[at].tolist(),
            linking[told].tolist(),
            strict=True,
        ):
            attributes, source = self.attributes[i], self.sources[resource]
            _, scope, name, kind = heads[head]
            span = Span(
                self._traces[16 * i : 16 * i + 16],
                self._ids[8 * i : 8 * i + 8],
                self.parent(i),
                name,
                kind,
                start,
                end,
                is_failure(status, kind, attributes),
                source,
                scope,
                attributes,
                rules.objects(attributes) if attributes else (),
                self._links(i) if links else (),
            )
            for rule, test in candidates[head]:
                if test.attributes(attributes, source):
                    span.rule = rule
                    break
            found.append(span)
        return found

    def parent(self, i: int) -> bytes:
        """Span id of the row's parent; empty at a root."""
        parent = self._parents[8 * i : 8 * i + 8]
        return b"" if parent == _NO_ID else parent

    def _links(self, i: int) -> tuple[SpanKey, ...]:
        spans, row = self.spans, self.rows[i]
        return tuple(
            (
                int(spans.link_hi[link]).to_bytes(8, "big") + int(spans.link_lo[link]).to_bytes(8, "big"),
                int(spans.link_span[link]).to_bytes(8, "big"),
            )
            for link in range(spans.link_offsets[row], spans.link_offsets[row + 1])
        )


def by_trace(hi: Ids, lo: Ids, ids: Ids, parents: Ids) -> list[tuple[bytes, Piece]]:
    """Spans by trace: `hi` and `lo` are the halves of their trace ids; `parents` are 0 at roots."""
    order = np.argsort(lo, kind="stable")
    hi, lo = hi[order], lo[order]
    begins = np.flatnonzero(np.concatenate(([True], (lo[1:] != lo[:-1]) | (hi[1:] != hi[:-1]))))[: len(order)]
    traces = np.stack([hi[begins], lo[begins]], axis=1).astype(">u8").tobytes()
    own, above = ids[order].astype(">u8").tobytes(), parents[order].astype(">u8").tobytes()
    ends = [*begins[1:].tolist(), len(order)]
    return [
        (traces[16 * i : 16 * i + 16], (own[8 * begin : 8 * end], above[8 * begin : 8 * end]))
        for i, (begin, end) in enumerate(zip(begins.tolist(), ends, strict=True))
    ]


def make_source(pairs: dict[str, str], rules: Rules) -> Source:
    """A resource with all attributes `pairs`."""
    wanted = {key: value for key, value in pairs.items() if key in rules.wanted}
    written = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    return Source(pairs.get("service.name", ""), wanted, written, pairs.get("service.version", ""))


def _give_time(spans: Spans, arrivals: Sequence[int]) -> None:
    """Log records may come without any time: then it is that of their arrival."""
    timeless = np.flatnonzero((spans.kind == LOG) & (spans.start_ns == 0) & (spans.end_ns == 0))
    if len(timeless) and arrivals:
        came = np.array(arrivals, np.uint64)[spans.body[timeless]] * np.uint64(1_000_000)
        spans.start_ns[timeless] = spans.end_ns[timeless] = came


def _request(spans: Spans, row: int) -> bytes:
    """The span as a request of its own, so that it can be sent again."""
    request = ExportTraceServiceRequest()
    resource, scope = int(spans.resource[row]), int(spans.scope[row])
    at = int(spans.resource_at[resource])
    inside = request.resource_spans.add()
    inside.resource.ParseFromString(spans.buffer[at : at + int(spans.resource_size[resource])].tobytes())
    within = inside.scope_spans.add()
    within.scope.name = _text(spans, spans.scope_at[scope], spans.scope_size[scope])
    within.spans.add().ParseFromString(spans.buffer[spans.at[row] : spans.at[row] + spans.size[row]].tobytes())
    return request.SerializeToString()


def _places(words: list[str]) -> npt.NDArray[np.int64]:
    """For each word the place of its first occurrence."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(word, i) for i, word in enumerate(words)], np.int64)


def _text(spans: Spans, at: int, size: int) -> str:
    return spans.buffer[at : at + size].tobytes().decode("utf-8", "replace")


def _value(spans: Spans, kind: int, at: int, size: int, number: int) -> str:
    """A value of a type that the parser tells (collector/converter/wire/values.py), as `as_text` writes it."""
    match kind:
        case 0:
            return ""
        case 2:
            return "true" if number else "false"
        case 3:
            return str(number)
        case 4:
            return repr(struct.unpack("<d", struct.pack("<q", number))[0])
    body = spans.buffer[at : at + size].tobytes()
    match kind:
        case 5:
            return as_text(AnyValue(array_value=ArrayValue.FromString(body)))
        case 6:
            return as_text(AnyValue(kvlist_value=KeyValueList.FromString(body)))
        case 7:
            return as_text(AnyValue(bytes_value=body))
    return body.decode("utf-8", "replace")
