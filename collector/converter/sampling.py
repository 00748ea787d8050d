"""Whether a service's spans come sampled: what they say themselves, and traces whose parents never came.

`ot=th:` in the trace state is OpenTelemetry's threshold (56 bits, the share of traces left out); `sampler.type` and
`sampler.param` are Jaeger's, `SampleRate` Honeycomb's (one of so many), `sampling.priority` OpenTracing's. The sampled
flag of a trace says that this one was taken, which every span that arrives was: it tells nothing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

STATE: Final = "sampling:"
ATTRIBUTES: Final = ("sampling.priority", "sampler.type", "sampler.param", "SampleRate")
"""What a converter must have read of a span for `kept_share`."""
SETTLED_US: Final = 10 * 60 * 1_000_000
"""A trace is told apart by missing parents only when nothing of it came for so long (µs)."""
FEWEST_TRACES: Final = 50
BROKEN_SHARE: Final = 0.05
"""More traces with missing parents than this are not chance."""
_THRESHOLD: Final = re.compile(r"(?:^|,)\s*ot=[^,]*?\bth:([0-9a-fA-F]{1,14})")
_FORGET: Final = 100_000
MAX_SERVICES: Final = 10_000
"""More are not counted: names that hold ids would fill memory and manifest."""


def kept_share(trace_state: str, attributes: Mapping[str, str]) -> float | None:
    """The share of traces that is kept, as a span says; None where it says nothing, 1 where it says all."""
    if trace_state and (found := _THRESHOLD.search(trace_state)):
        return 1.0 - int(found[1].ljust(14, "0"), 16) / (1 << 56)
    for name in ("SampleRate", "sampler.param", "sampling.priority"):
        try:
            number = float(attributes[name])
        except (KeyError, ValueError):
            continue
        if name == "SampleRate" and number >= 1:
            return 1.0 / number
        if name == "sampler.param" and attributes.get("sampler.type") not in ("probabilistic", "remote"):
            continue
        if 0 < number <= 1:
            return number
    return None


@dataclass(slots=True)
class Counts:
    """Of one service: spans, those that said they are sampled, the sum of shares they said; settled traces that begin
    with it, those of them with a parent that never came."""

    spans: int = 0
    marked: int = 0
    shares: float = 0.0
    traces: int = 0
    broken: int = 0

    @property
    def sampled(self) -> bool:
        """Whether findings that sampling can fake are to be held back."""
        marked = self.marked > 0.01 * self.spans
        return marked or (self.traces >= FEWEST_TRACES and self.broken > BROKEN_SHARE * self.traces)

    @property
    def share(self) -> float | None:
        """The share of traces that is kept, where spans say so."""
        return self.shares / self.marked if self.marked else None


class Sampling:
    """Counts per service, kept over rounds: `known` is what `Store.state("sampling:")` gave."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._counts = read_state(known)
        self._changed: set[str] = set()

    def take(self, services: Iterable[str], shares: Iterable[float | None]) -> None:
        """Spans of a round: their service, and what `kept_share` says of each."""
        for service, share in zip(services, shares, strict=True):
            counts = self._of(service)
            counts.spans += 1
            if share is not None and share < 1.0:
                counts.marked += 1
                counts.shares += share

    def count(self, service: str, spans: int, shares: Iterable[float]) -> None:
        """Spans of a round by their service: how many, and the shares below 1 that some of them said."""
        counts = self._of(service)
        counts.spans += spans
        for share in shares:
            counts.marked += 1
            counts.shares += share

    def settle(self, traces: Iterable[tuple[str, bool]]) -> None:
        """Traces that are over (SETTLED_US): the service of their topmost span, and whether a parent is missing."""
        for service, broken in traces:
            counts = self._of(service)
            counts.traces += 1
            counts.broken += broken

    def state(self) -> dict[str, str]:
        """What has changed since the last call, for `Changes.state`."""
        changed, self._changed = self._changed, set()
        return {STATE + service: json.dumps(asdict(self._counts[service])) for service in sorted(changed)}

    def _of(self, service: str) -> Counts:
        if service not in self._counts and len(self._counts) >= MAX_SERVICES:
            return Counts()
        counts = self._counts.setdefault(service, Counts())
        if counts.spans > _FORGET or counts.traces > _FORGET:
            # Halved now and then, so that what was switched off is forgotten.
            for name in ("spans", "marked", "traces", "broken"):
                setattr(counts, name, getattr(counts, name) // 2)
            counts.shares /= 2
        self._changed.add(service)
        return counts


def read_state(state: Mapping[str, str]) -> dict[str, Counts]:
    """Counts by service from the manifest's state."""
    return {name.removeprefix(STATE): Counts(**json.loads(value)) for name, value in state.items()}


def sampled_services(state: Mapping[str, str]) -> frozenset[str]:
    """Services whose spans come sampled, by the manifest's state."""
    return frozenset(service for service, counts in read_state(state).items() if counts.sampled)


def settled_traces(spans: pa.Table, now: int) -> list[tuple[str, bool]]:
    """(service of the first span, whether a parent is missing) of every trace of `spans` (SPAN_SCHEMA) that is over at
    `now` (µs UTC)."""
    ends = spans["end"].cast(pa.int64())
    rows = spans.select(["trace_id", "span_id", "parent_span_id", "service"]).append_column("ends", ends)
    last = rows.group_by("trace_id").aggregate([("ends", "max")])
    over = last.filter(pc.less(last["ends_max"], now - SETTLED_US))["trace_id"]
    rows = rows.filter(pc.is_in(rows["trace_id"], over.combine_chunks()))
    keys = set(zip(rows["trace_id"].to_pylist(), rows["span_id"].to_pylist(), strict=True))
    tops: dict[str, tuple[str, bool]] = {}
    for trace, parent, service in zip(
        rows["trace_id"].to_pylist(), rows["parent_span_id"].to_pylist(), rows["service"].to_pylist(), strict=True
    ):
        missing = bool(parent) and (trace, parent) not in keys
        if missing or not parent:
            known = tops.get(trace)
            tops[trace] = (known[0] if known else service, missing or (known[1] if known else False))
    return list(tops.values())
