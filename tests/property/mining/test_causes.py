"""The five causes beside an obvious Python version that looks at every tick of time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.kernels.batches import batches
from mining.kernels.bound import bound
from mining.kernels.busy import Busy, apart, busy, without
from mining.kernels.cause_split import SLACK, cause_split
from mining.kernels.cause_sums import cause_sums
from mining.kernels.idle_demand import idle_demand

TICK = SLACK // 2
"""Times are whole ticks: three of them are longer than SLACK, two are not."""
TICKS = 30

Event = tuple[int, int, int, int]
"""Activity, enabled, start, length, in ticks."""
event = st.tuples(st.integers(0, 1), st.integers(0, 12), st.integers(0, 18), st.integers(0, 4))
logs = st.lists(st.lists(event, max_size=8), min_size=1, max_size=3)
offs = st.lists(st.tuples(st.integers(0, 28), st.integers(1, 6)), max_size=4)


class Laid:
    """Events of actors, and times off duty of one calendar, as kernels want them."""

    def __init__(self, log: list[list[Event]], off: list[tuple[int, int]]) -> None:
        self.actors = [sorted(actor, key=lambda e: (e[2], e[2] + e[3])) for actor in log]
        rows = [each for actor in self.actors for each in actor]
        self.offsets = np.append(0, np.cumsum([len(actor) for actor in self.actors])).astype(np.int64)
        self.activity = np.array([each[0] for each in rows], np.int16)
        self.enabled = np.array([min(each[1], each[2]) for each in rows], np.int64) * TICK
        self.start = np.array([each[2] for each in rows], np.int64) * TICK
        self.end = np.array([each[2] + each[3] for each in rows], np.int64) * TICK
        self.off: list[tuple[int, int]] = []
        for begin, length in sorted(off):
            if not self.off or begin > self.off[-1][1]:
                self.off.append((begin, begin + length))

    @property
    def calendar(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        begin, end = (np.array([each[k] for each in self.off], np.int64) * TICK for k in (0, 1))
        return np.array([0, len(self.off)]), begin, end

    def rows(self, actor: int) -> range:
        return range(int(self.offsets[actor]), int(self.offsets[actor + 1]))

    def at(self, row: int) -> tuple[int, int, int]:
        """Enabled, start, end in ticks."""
        return tuple(int(column[row]) // TICK for column in (self.enabled, self.start, self.end))  # type: ignore[return-value]


def at_work(laid: Laid, actor: int) -> dict[int, int]:
    """Tick -> earliest enabling time of what is done in it."""
    found: dict[int, int] = {}
    for row in laid.rows(actor):
        enabled, start, end = laid.at(row)
        together = (
            min(laid.at(each)[0] for each in laid.rows(actor) if laid.at(each)[1] == start and laid.at(each)[2] > start)
            if end > start
            else enabled
        )
        for tick in range(start, end):
            found[tick] = min(found.get(tick, enabled), enabled, together)
    return found


def ticks(begin: np.ndarray, end: np.ndarray, low: int, high: int) -> list[int]:
    return [t for k in range(low, high) for t in range(int(begin[k]) // TICK, int(end[k]) // TICK)]


def often(laid: Laid, actor: int) -> bool:
    """Whether the actor does more than one thing most of the time."""
    starts: dict[int, int] = {}
    for row in laid.rows(actor):
        _, start, end = laid.at(row)
        if end > start:
            starts[start] = max(starts.get(start, end), end)
    load = [sum(s <= t < e for s, e in starts.items()) for t in range(TICKS)]
    return bool(2 * sum(each > 1 for each in load) > sum(each > 0 for each in load))


@settings(deadline=None, max_examples=300)
@given(logs)
def test_when_actors_are_busy(log: list[list[Event]]) -> None:
    laid = Laid(log, [])
    found = busy(laid.offsets, laid.start, laid.end, laid.enabled)
    for actor in range(len(log)):
        low, high = int(found.offsets[actor]), int(found.offsets[actor + 1])
        assert bool(found.unlimited[actor]) == often(laid, actor)
        if found.unlimited[actor]:
            assert low == high
            continue
        told = {
            t: int(found.enabled[k]) // TICK for k in range(low, high) for t in ticks(found.begin, found.end, k, k + 1)
        }
        assert told == at_work(laid, actor)
        assert all(found.end[k] <= found.begin[k + 1] for k in range(low, high - 1))


@settings(deadline=None, max_examples=300)
@given(logs, offs)
def test_pauses_are_cut_out_and_overtime_stays(log: list[list[Event]], off: list[tuple[int, int]]) -> None:
    laid = Laid(log, off)
    whole = busy(laid.offsets, laid.start, laid.end, laid.enabled)
    times, away = without(whole, laid.calendar, np.zeros(len(log), np.int64))
    for actor in range(len(log)):
        low, high = int(whole.offsets[actor]), int(whole.offsets[actor + 1])
        pieces = [(int(whole.begin[k]) // TICK, int(whole.end[k]) // TICK) for k in range(low, high)]
        paused = {t for b, e in laid.off if any(s <= b and e <= f for s, f in pieces) for t in range(b, e)}
        working = {t for b, e in pieces for t in range(b, e)} - paused
        gone = {t for b, e in laid.off for t in range(b, e)} - working
        assert sorted(working) == ticks(
            times.begin, times.end, int(times.offsets[actor]), int(times.offsets[actor + 1])
        )
        assert sorted(gone) == ticks(away[1], away[2], int(away[0][actor]), int(away[0][actor + 1]))


@settings(deadline=None, max_examples=300)
@given(logs)
def test_when_something_waits_for_an_idle_actor(log: list[list[Event]]) -> None:
    laid = Laid(log, [])
    times = busy(laid.offsets, laid.start, laid.end, laid.enabled)
    found = idle_demand(laid.offsets, laid.start, laid.enabled, times)
    for actor in range(len(log)):
        low, high = int(times.offsets[actor]), int(times.offsets[actor + 1])
        working = set(ticks(times.begin, times.end, low, high))
        waiting = {t for row in laid.rows(actor) for t in range(*laid.at(row)[:2])}
        told = [
            t for k in np.flatnonzero(found.actor == actor) for t in ticks(found.begin, found.end, int(k), int(k) + 1)
        ]
        assert sorted(told) == sorted(waiting - working)


def obvious(
    laid: Laid, actor: int, times: Busy, away: set[int], sure: bool, piled: dict[int, tuple[int, int, bool]]
) -> dict[int, list[int]]:
    """Per row ticks of batching, contention, prioritisation, unavailability."""
    low, high = int(times.offsets[actor]), int(times.offsets[actor + 1])
    work = {t: int(times.enabled[k]) // TICK for k in range(low, high) for t in ticks(times.begin, times.end, k, k + 1)}
    found = {}
    for row in laid.rows(actor):
        enabled, start, _ = laid.at(row)
        ready, begin, together = piled[row]
        ready = max(min(ready, start), enabled)
        parts = [ready - enabled, 0, 0, 0]
        idle_before = ready
        for t in range(ready, start):
            bound = ready if t < begin else enabled
            if t in work:
                parts[1 if work[t] <= bound else 2] += 1
        if not sure:
            run, t = 0, -1
            known = sorted([*work, *away])
            for t in range(known[0] if known else start, start):
                run = 0 if t in work or t in away else run + 1
                if run > SLACK // TICK:
                    idle_before = max(ready, t + 1)
        parts[3] = sum(t in away for t in range(idle_before, start))
        if together:
            parts[0] = start - enabled - sum(parts[1:])
        found[row] = parts
    return found


@settings(deadline=None, max_examples=500)
@given(logs, offs, st.booleans())
def test_every_tick_of_waiting_has_its_cause(log: list[list[Event]], off: list[tuple[int, int]], sure: bool) -> None:
    laid = Laid(log, off)
    times, away = without(
        busy(laid.offsets, laid.start, laid.end, laid.enabled), laid.calendar, np.zeros(len(log), np.int64)
    )
    piled = batches(laid.offsets, laid.activity, laid.start, laid.end, laid.enabled, times, away)
    every = np.ones(len(laid.start), np.bool_)
    given_ = (laid.offsets, laid.start, laid.enabled, times, piled, away, np.full(len(log), sure))
    found = cause_split(*given_, every)
    some = every.copy()
    some[::2] = False
    part = cause_split(*given_, some)
    total = found.batching + found.contention + found.prioritisation + found.unavailability
    for name in ("batching", "contention", "prioritisation", "unavailability"):
        assert (getattr(part, name) == np.where(some, getattr(found, name), 0)).all()
    assert (total <= np.maximum(laid.start - laid.enabled, 0)).all()
    for actor in range(len(log)):
        gone = set(ticks(away[1], away[2], int(away[0][actor]), int(away[0][actor + 1])))
        told = {
            r: (int(piled.ready[r]) // TICK, int(piled.begin[r]) // TICK, bool(piled.together[r]))
            for r in laid.rows(actor)
        }
        for row, parts in obvious(laid, actor, times, gone, sure, told).items():
            ours = [
                int(getattr(found, name)[row]) // TICK
                for name in ("batching", "contention", "prioritisation", "unavailability")
            ]
            assert ours == parts, row


@settings(deadline=None, max_examples=200)
@given(logs, offs)
def test_what_others_could_have_taken_is_left_out(log: list[list[Event]], free: list[tuple[int, int]]) -> None:
    laid = Laid(log, free)
    times = busy(laid.offsets, laid.start, laid.end, laid.enabled)
    found = apart(times, laid.calendar, np.zeros(len(log), np.int64))
    others = {t for b, e in laid.off for t in range(b, e)}
    for actor in range(len(log)):
        low, high = int(times.offsets[actor]), int(times.offsets[actor + 1])
        keys = {t: int(times.enabled[k]) for k in range(low, high) for t in ticks(times.begin, times.end, k, k + 1)}
        low, high = int(found.offsets[actor]), int(found.offsets[actor + 1])
        told = {t: int(found.enabled[k]) for k in range(low, high) for t in ticks(found.begin, found.end, k, k + 1)}
        assert told == {t: key for t, key in keys.items() if t not in others}


@settings(deadline=None, max_examples=200)
@given(logs)
def test_what_begins_as_soon_as_its_actor_is_done(log: list[list[Event]]) -> None:
    laid = Laid(log, [])
    times = busy(laid.offsets, laid.start, laid.end, laid.enabled)
    found = bound(laid.offsets, laid.activity, 2, laid.start, laid.enabled, times)
    waited, at_once = [0, 0], [0, 0]
    for actor in range(len(log)):
        low, high = int(times.offsets[actor]), int(times.offsets[actor + 1])
        working = set(ticks(times.begin, times.end, low, high))
        ends = {int(times.end[k]) // TICK for k in range(low, high)}
        for row in laid.rows(actor):
            enabled, start, _ = laid.at(row)
            if start > enabled and enabled in working:
                waited[laid.activity[row]] += 1
                at_once[laid.activity[row]] += start in ends
    assert (found.waited.tolist(), found.at_once.tolist()) == (waited, at_once)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(-1, 9), st.integers(0, 2), *[st.integers(0, 9)] * 6, st.booleans()), max_size=10),
    st.sets(st.integers(0, 8)),
    st.booleans(),
)
def test_sums_of_transitions(rows: list[tuple[int, ...]], known: set[int], chosen: bool) -> None:
    rows = [(min(row[0], len(rows) - 1), *row[1:]) for row in rows]
    before, activity, enabled, start, *rest = (np.array([row[k] for row in rows], np.int64) for k in range(9))
    parts, inside = rest[:4], rest[4].astype(np.bool_)
    keys = sorted(known)
    wanted = {key: [0] * 5 for key in keys}
    for row in range(len(rows)):
        waited = int(start[row] - enabled[row])
        key = int(activity[before[row]] * 3 + activity[row])
        if before[row] >= 0 and waited > 0 and key in wanted and (inside[row] or not chosen):
            own = [int(part[row]) for part in parts]
            wanted[key] = [a + b for a, b in zip(wanted[key], [*own, waited - sum(own)], strict=True)]
    one, two, three, four = parts
    told = cause_sums(
        before, activity.astype(np.int16), enabled, start, (one, two, three, four), np.array(keys, np.int64), 3,
        inside if chosen else None,
    )  # fmt: skip
    assert told.T.tolist() == [wanted[key] for key in keys]
