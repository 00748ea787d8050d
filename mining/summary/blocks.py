"""A part, block by block: so many events that what is derived of each stays in the processor's cache."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.kernels.overlapping import Overlapping, overlapping
from mining.kernels.plain import guard_cases, plain
from mining.part import Part
from mining.summary.buckets import bucket
from mining.summary.numbering import BEGIN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Buckets = npt.NDArray[np.int16]

EVENTS: Final = 1 << 16
"""Events of a block; a longer case has one of its own."""


@dataclass(frozen=True)
class Times:
    """What the times of a block's events say, µs; `waiting` is NO_TIME (bucket -1) where there is none.

    Per event: `service`, `gap`, `waiting` (int64) and their buckets (int16). Per case: `duration`, `work` (sum of
    services), `busy` (their union), `waited` (int64). `overlaps`: events that start before
    everything earlier ended; `recorded`: events with an enabling time.
    """

    service: Ints
    service_bucket: Buckets
    gap: Ints
    gap_bucket: Buckets
    waiting: Ints
    waiting_bucket: Buckets
    duration: Ints
    work: Ints
    busy: Ints
    waited: Ints
    begin: int
    end: int
    overlaps: int
    recorded: int


class Block:
    """Some cases, each with an event or more, their events one after the other."""

    def __init__(self, part: Part, first: Ints, last: Ints) -> None:
        self._part, self._first, self._last = part, first, last
        self.offsets: Ints = np.concatenate([np.zeros(1, np.int64), np.cumsum(last - first)])
        self._codes: dict[str, Codes] = {}
        # Cases that lie one after the other are one copy.
        self._run = slice(first[0], last[-1]) if np.array_equal(first[1:], last[:-1]) else None

    @property
    def cases(self) -> int:
        """How many cases."""
        return len(self._first)

    @property
    def events(self) -> int:
        """How many events."""
        return int(self.offsets[-1])

    def codes(self, name: str) -> Codes:
        """A column of codes, one an event. Raises ValueError for codes out of range."""
        if name not in self._codes:
            if name in self._part.codes:
                found, low, high = self._gathered(self._part.codes[name])
                if low < -1 or high >= self._part.size[name]:
                    raise ValueError(f"a code of {name} is out of range (-1..{self._part.size[name] - 1})")
            else:
                found = np.full(self.events, -1, np.int32)
            self._codes[name] = found
        return self._codes[name]

    def before(self, name: str) -> Codes:
        """Per event the code of the event before it in its case; BEGIN for the first."""
        codes = self.codes(name)
        shifted = np.empty_like(codes)
        shifted[1:] = codes[:-1]
        shifted[self.offsets[:-1]] = BEGIN
        return shifted

    @cached_property
    def enablers(self) -> Codes:
        """Per event the activity that enabled it; BEGIN where there is none."""
        if self._part.enabler is None:
            return self.before("activity")
        return self._gathered(self._part.enabler)[0]

    @cached_property
    def error(self) -> Codes:
        """1 for an event that failed, else 0."""
        return self._gathered(self._part.error.view(np.int8))[0]

    @cached_property
    def times(self) -> Times:
        """What the times say."""
        part, events, cases = self._part, self.events, self.cases
        spans = [np.empty(events, np.int64) for _ in range(3)]
        buckets = [np.empty(events, np.int16) for _ in range(3)]
        of_case = np.zeros((4, cases), np.int64)
        known = part.enabled is not None
        enabled = part.enabled if part.enabled is not None else part.start[:0]
        begun = part.start if part.begun is None else part.begun
        columns = plain(self._first, self._last, part.start, part.end, begun, enabled)
        begin, end, overlaps, recorded = _times(
            *columns,
            known,
            part.enabler is not None,
            NO_TIME,
            spans[0],
            spans[1],
            spans[2],
            buckets[0],
            buckets[1],
            buckets[2],
            of_case,
        )
        return Times(
            service=spans[0],
            service_bucket=buckets[0],
            gap=spans[1],
            gap_bucket=buckets[1],
            waiting=spans[2],
            waiting_bucket=buckets[2],
            duration=of_case[0],
            work=of_case[1],
            busy=of_case[2],
            waited=of_case[3],
            begin=int(begin),
            end=int(end),
            overlaps=int(overlaps),
            recorded=int(recorded),
        )

    def overlapping(self, size: int) -> Overlapping:
        """Which of `size` activities overlap in the cases."""
        part = self._part
        return overlapping(self._first, self._last, part.codes["activity"], part.start, part.end, size)

    def _gathered(self, column: npt.NDArray[Any]) -> tuple[Codes, int, int]:
        if self._run is not None:
            rows = column[self._run]
            return rows.astype(np.int32), int(rows.min()), int(rows.max())
        out = np.empty(self.events, np.int32)
        low, high = _gather(*plain(self._first, self._last, column), out)
        return out, int(low), int(high)


def blocks(part: Part, events: int = EVENTS) -> Iterator[Block]:
    """The cases of the part that have an event, in order. Raises ValueError for rows outside the columns."""
    columns = [part.start, part.end, part.error, *part.codes.values()]
    guard_cases(part.first, part.last, *columns, *([] if part.enabled is None else [part.enabled]))
    first, last = part.first, part.last
    lengths = last - first
    if len(lengths) and not lengths.min():
        there = lengths > 0
        first, last, lengths = first[there], last[there], lengths[there]
    for low, high in cuts(lengths, events):
        yield Block(part, first[low:high], last[low:high])


def cuts(lengths: Ints, events: int) -> Iterator[tuple[int, int]]:
    """Runs of cases that have about so many events together."""
    if not len(lengths):
        return
    upto = np.cumsum(lengths)
    marks = np.unique(np.searchsorted(upto, np.arange(events, upto[-1] + events, events), side="left") + 1)
    low = 0
    for high in np.minimum(marks, len(lengths)).tolist():
        if high > low:
            yield low, high
            low = high


@numba.njit(nogil=True, cache=True)
def _gather(first: Ints, last: Ints, column: npt.NDArray[Any], out: Codes) -> tuple[np.int32, np.int32]:
    """Copy the rows of the cases, one after the other; the least and the greatest of them."""
    at = 0
    low, high = np.int32(0), np.int32(-1)
    for c in range(len(first)):
        for i in range(first[c], last[c]):
            value = np.int32(column[i])
            out[at] = value
            low, high = min(low, value), max(high, value)
            at += 1
    return low, high


@numba.njit(nogil=True, cache=True)
def _times(
    first: Ints,
    last: Ints,
    start: Ints,
    end: Ints,
    begun: Ints,
    enabled: Ints,
    recorded: bool,
    complete: bool,
    missing: int,
    service: Ints,
    gap: Ints,
    waiting: Ints,
    service_bucket: Buckets,
    gap_bucket: Buckets,
    waiting_bucket: Buckets,
    of_case: Ints,
) -> tuple[int, int, int, int]:
    begin, finish, overlaps, known = np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0, 0
    at = 0
    for c in range(len(first)):
        low = first[c]
        latest = start[low]
        earliest = latest
        work, busy, waited = 0, 0, 0
        for i in range(low, last[c]):
            came, ended = start[i], end[i]
            took = ended - came
            service[at], service_bucket[at] = took, bucket(took)
            work += took
            if i > low:
                since = max(came - end[i - 1], 0)
                gap[at], gap_bucket[at] = since, bucket(since)
                waiting[at], waiting_bucket[at] = since, gap_bucket[at]
                overlaps += came < latest
            else:
                since = 0
                gap[at], gap_bucket[at] = missing, -1
                waiting[at], waiting_bucket[at] = missing, -1
            if complete:
                since = 0
                waiting[at], waiting_bucket[at] = missing, -1
            if recorded and enabled[i] != missing:
                known += 1
                since = max(begun[i] - enabled[i], 0)
                waiting[at], waiting_bucket[at] = since, bucket(since)
            waited += since
            if ended > latest:
                busy += ended - max(came, latest)
                latest = ended
            at += 1
        of_case[0, c], of_case[1, c], of_case[2, c], of_case[3, c] = latest - earliest, work, busy, waited
        begin, finish = min(begin, earliest), max(finish, latest)
    return begin, finish, overlaps, known
