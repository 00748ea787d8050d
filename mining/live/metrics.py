"""The miner's metrics (docs/contract.md, section 5), by prometheus-client.

Counters count what is first taken in live and never fall; an event that ended over an hour ago when it is first seen
is history and shows in the report and the gauges only. Gauges are replaced with every round.
"""

import contextlib
import importlib.metadata
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry, generate_latest

from mining import names
from mining.arena import NO_TIME, Arena, Times
from mining.live.deadlines import DeadlineWatch, case_of, first_of
from mining.live.deviations import deviations
from mining.live.first_sight import FirstSight
from mining.live.knowledge import Snapshot
from mining.live.series import Buckets, Counts, Families, Gauges, Words
from mining.waiting.causes import CAUSES

SECOND = 1_000_000
SERVICE_BOUNDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 86400, 3 * 86400)
CASE_BOUNDS = (60, 300, 900, 3600, 7200, 14400, 28800, *(days * 86400 for days in (1, 2, 3, 5, 7, 14, 30)))
RUN_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
UNKNOWN_CAUSE = "unknown"
"""The cause of a wait where waiting is not split by cause."""
QUIET_STATUSES = ("resolved", "muted")
"""Findings of these are not counted: nobody wants to hear of them."""


class _Process:
    """What is remembered of one process between rounds."""

    def __init__(self, counted_until: int) -> None:
        self.sight = FirstSight(counted_until)
        self.deadlines = DeadlineWatch()
        self.activity, self.role, self.system = Words(100), Words(50), Words(50)
        self.shown = 0
        self.activities: tuple[str, ...] = ()
        self.closed: dict[str, int] = {}


class LiveMetrics:
    """Brought up to date with every round of the miner; `render` gives the scrape. Both may be called at once."""

    def __init__(
        self, registry: CollectorRegistry | None = None, counted_until: int = 0, memory: Path | None = None
    ) -> None:
        """`counted_until` (µs UTC): up to when an earlier process has counted, 0 where that is not known.

        With `memory`, a small file, it is kept there from one process to the next: counters start at 0 again, but what
        ended before is not counted twice, and a deadline that went by in between is not forgotten.
        """
        self.registry = CollectorRegistry() if registry is None else registry
        self._memory = memory
        counted_until = max(counted_until, _remembered(memory))
        self._counted_until, self._last = counted_until, counted_until
        self._processes: dict[str, _Process] = {}
        self._events = Counts(
            names.EVENTS, "Events first taken in live.", ("process", "activity", "role", "system", "outcome")
        )
        self._edges = Counts(names.EDGES, "Direct successions.", ("process", "source", "target"))
        self._waiting = Counts(
            names.WAITING_SECONDS, "Seconds waited before the target.", ("process", "source", "target", "cause")
        )
        self._service = Buckets(
            names.SERVICE_SECONDS, "Service time of events.", ("process", "activity"), SERVICE_BOUNDS
        )
        self._duration = Buckets(
            names.CASE_DURATION_SECONDS, "Duration of cases that closed.", ("process",), CASE_BOUNDS
        )
        self._open = Gauges(names.OPEN_CASES, "Open cases by their last activity.", ("process", "activity"))
        self._oldest = Gauges(
            names.OLDEST_OPEN_CASE_SECONDS,
            "Age of the oldest open case by its last activity, since its first event.",
            ("process", "activity"),
        )
        self._deadlines = Counts(
            names.DEADLINES, "Deadlines met and missed; an empty step is the whole case.", ("process", "step", "met")
        )
        self._deviations = Counts(names.CASE_DEVIATIONS, "Closed cases that deviate.", ("process", "name"))
        self._findings = Gauges(
            names.FINDINGS, "Findings that are there now.", ("process", "kind", "name", "severity", "urgency")
        )
        self._lag = Gauges(names.MINING_LAG_SECONDS, "Age of the oldest acknowledged event not yet taken in.")
        self._run = Buckets(names.MINING_RUN_SECONDS, "Seconds a round of the miner took.", (), RUN_BOUNDS)
        self._held = Gauges(names.MINING_EVENTS_HELD, "Events held in memory.", ("process",))
        self._memory_held = Gauges(names.MINING_MEMORY_BYTES, "Memory that the events take.")
        self._memory_limit = Gauges(names.MINING_MEMORY_LIMIT_BYTES, "Memory that the miner may use.")
        self._refused = Gauges(names.MINING_EVENTS_REFUSED, "Stored events that do not fit into memory.")
        self._round = Gauges(names.MINING_LAST_ROUND, "When the miner last finished a round.")
        self._build = Gauges(names.BUILD_INFO, "The version that runs.", ("version",))
        self._build.set(1, (version(),))
        self._families = Families(
            [
                *(self._events, self._edges, self._waiting, self._service, self._duration, self._open, self._oldest),
                *(self._deadlines, self._deviations, self._findings),
                *(self._lag, self._run, self._held, self._round, self._build),
                *(self._memory_held, self._memory_limit, self._refused),
            ]
        )
        self.registry.register(self._families)

    def render(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    def hold(self, held: int, limit: int, refused: int) -> None:
        """Take in what the miner holds and may hold, in bytes, and how many events it refuses."""
        with self._families.lock:
            self._memory_held.set(held)
            self._memory_limit.set(limit)
            self._refused.set(refused)

    def update(self, snapshots: Mapping[str, Snapshot], lag: float, run_seconds: float, now: int) -> None:
        """Take in one round. `lag` and `run_seconds` in seconds, `now` in µs UTC."""
        with self._families.lock:
            since = self._last or now
            # What is not yet taken in may still have met its deadline.
            until = max(since, now - int(lag * SECOND))
            for process, snapshot in snapshots.items():
                if process not in self._processes:
                    self._processes[process] = _Process(self._counted_until)
                self._take_in(self._processes[process], snapshot, since, until, now)
            self._last = until
            self._lag.set(lag)
            self._run.observe((), np.array([run_seconds]))
            self._round.set(now / SECOND)
        self._remember(until)

    def _remember(self, until: int) -> None:
        if self._memory is None:
            return
        # A full disk must not end the round; at worst an hour is counted twice after a restart.
        with contextlib.suppress(OSError):
            draft = self._memory.with_suffix(".tmp")
            draft.write_text(str(until))
            draft.replace(self._memory)

    def _take_in(self, state: _Process, snapshot: Snapshot, since: int, until: int, now: int) -> None:
        arena, config = snapshot.arena, snapshot.config
        self._held.set(float(arena.events), (config.process,))
        self._show(state, snapshot)
        fresh = state.sight.fresh(arena, now, snapshot.fresh)
        self._count_events(state, arena, fresh, live=True)
        follows = fresh[~np.isin(fresh, arena.offsets[:-1])]
        self._count_edges(state, arena, follows, live=True)
        self._count_waits(state, snapshot, follows, live=True)
        self._observe_service(state, arena, fresh)
        closed = first_of(arena, config.end_activities)
        self._close_cases(state, snapshot, closed[np.isin(closed, fresh)], now)
        self._stand(state, arena, closed, bool(config.end_activities), now)
        for deadline in config.deadlines:
            for met in ("true", "false"):
                self._deadlines.add((config.process, deadline.step or "", met))
        decided = state.deadlines.passed(arena, config.deadlines, config.end_activities, fresh, since, until)
        for step, met_in_time, cases in decided:
            self._deadlines.add((config.process, step, str(met_in_time).lower()), cases)
        self._count_findings(snapshot)

    def _show(self, state: _Process, snapshot: Snapshot) -> None:
        """Make the series of what history holds appear at 0: Prometheus sees no increase in a series' first value."""
        arena = snapshot.arena
        if arena.events == 0 or (arena.events < 1.2 * state.shown and arena.activities == state.activities):
            return
        state.shown, state.activities = arena.events, arena.activities
        for column, words in (("activity", state.activity), ("role", state.role), ("system", state.system)):
            codes = arena.codes[column]
            # The commonest first, so that the limit hits the rarest.
            counts = np.bincount(codes[codes >= 0], minlength=len(arena.names[column]))
            for code in np.argsort(-counts, kind="stable").tolist():
                words.label(arena.names[column][code])
        everything = np.arange(arena.events, dtype=np.int64)
        self._count_events(state, arena, everything, live=False)
        starts = np.ones(arena.events, dtype=np.bool_)
        starts[arena.offsets[:-1]] = False
        self._count_edges(state, arena, np.flatnonzero(starts), live=False)
        self._count_waits(state, snapshot, np.flatnonzero(starts), live=False)

    def _count_events(self, state: _Process, arena: Arena, rows: Times, live: bool) -> None:
        roles, systems = len(arena.names["role"]) + 1, len(arena.names["system"]) + 1
        key = arena.activity[rows].astype(np.int64) * roles + arena.codes["role"][rows] + 1
        key = (key * systems + arena.codes["system"][rows] + 1) * 2 + arena.error[rows]
        for value, count in zip(*(found.tolist() for found in np.unique(key, return_counts=True)), strict=True):
            rest, error = divmod(value, 2)
            rest, system = divmod(rest, systems)
            activity, role = divmod(rest, roles)
            labels = (
                arena.process,
                state.activity.label(arena.activities[activity]),
                state.role.label(arena.names["role"][role - 1]) if role else "",
                state.system.label(arena.names["system"][system - 1]) if system else "",
            )
            for number, outcome in enumerate(("ok", "error")):
                self._events.add((*labels, outcome), count if live and number == error else 0)

    def _count_edges(self, state: _Process, arena: Arena, rows: Times, live: bool) -> None:
        for pair, own in _by_pair(state, arena, rows - 1, rows):
            self._edges.add(pair, len(own) if live else 0)

    def _count_waits(self, state: _Process, snapshot: Snapshot, rows: Times, live: bool) -> None:
        """Waiting by cause where it is split, from the event that enabled each; else from the one before."""
        arena, split = snapshot.arena, snapshot.split
        if split is None:
            before = rows - 1
            enabled = np.where(arena.enabled[rows] != NO_TIME, arena.enabled[rows], arena.end[before])
            causes: tuple[str, ...] = (UNKNOWN_CAUSE,)
            waited = np.maximum(arena.start[rows] - enabled, 0)[None, :]
        else:
            rows = rows[split.found.before[rows] >= 0]
            before, causes, waited = split.found.before[rows], CAUSES, split.rows(rows)
        for pair, own in _by_pair(state, arena, before, rows):
            for cause, part in zip(causes, waited[:, own].sum(axis=1) / SECOND, strict=True):
                self._waiting.add((*pair, cause), float(part) if live else 0)

    def _observe_service(self, state: _Process, arena: Arena, rows: Times) -> None:
        seconds, codes = (arena.end[rows] - arena.start[rows]) / SECOND, arena.activity[rows]
        for code in np.unique(codes).tolist():
            self._service.observe((arena.process, state.activity.label(arena.activities[code])), seconds[codes == code])

    def _close_cases(self, state: _Process, snapshot: Snapshot, ends: Times, now: int) -> None:
        """Duration and deviations of the cases whose closing event, in `ends`, is first seen now."""
        arena = snapshot.arena
        state.closed = {case: at for case, at in state.closed.items() if at > now - 2 * 3600 * SECOND}
        cases, durations = [], []
        for row, case in zip(ends.tolist(), case_of(arena, ends).tolist(), strict=True):
            case_id = arena.case_ids[case].as_py()
            # A closing event that came late may stand before the one that was counted.
            if case_id not in state.closed:
                state.closed[case_id] = now
                cases.append(case)
                durations.append((arena.end[row] - arena.start[arena.offsets[case]]) / SECOND)
        self._duration.observe((arena.process,), np.array(durations, dtype=np.float64))
        for name, count in deviations(cases, snapshot.facts).items():
            self._deviations.add((arena.process, name), count)

    def _stand(self, state: _Process, arena: Arena, closed: Times, known: bool, now: int) -> None:
        """Where the open cases stand. Without known end activities no case counts as open."""
        count: dict[tuple[str, ...], float] = {}
        age: dict[tuple[str, ...], float] = {}
        is_open = (closed < 0) & (np.diff(arena.offsets) > 0) & known
        last = arena.activity[arena.offsets[1:][is_open] - 1]
        ages = (now - arena.start[arena.offsets[:-1][is_open]]) / SECOND
        for code in np.unique(last).tolist():
            labels = (arena.process, state.activity.label(arena.activities[code]))
            count[labels] = count.get(labels, 0.0) + float((last == code).sum())
            age[labels] = max(age.get(labels, 0.0), float(ages[last == code].max()))
        # Where cases stood before and none stands now, the gauge says 0 and does not vanish.
        for word in arena.activities if known else ():
            count.setdefault((arena.process, state.activity.label(word)), 0.0)
        self._open.replace(arena.process, count)
        self._oldest.replace(arena.process, age)

    def _count_findings(self, snapshot: Snapshot) -> None:
        count: dict[tuple[str, ...], float] = {}
        report = snapshot.reports.get("en")
        for finding in report.findings if report is not None else ():
            if finding.status not in QUIET_STATUSES:
                labels = (snapshot.config.process, finding.kind, finding.name, finding.severity, finding.urgency)
                count[labels] = count.get(labels, 0.0) + 1
        self._findings.replace(snapshot.config.process, count)


def _remembered(memory: Path | None) -> int:
    try:
        return int(memory.read_text()) if memory is not None else 0
    except (OSError, ValueError):
        return 0


def version() -> str:
    """Of this Houtai; `source` where it is not installed."""
    try:
        return importlib.metadata.version("houtai")
    except importlib.metadata.PackageNotFoundError:
        return "source"


def _by_pair(
    state: _Process, arena: Arena, before: Times, rows: Times
) -> Iterator[tuple[tuple[str, str, str], npt.NDArray[np.int64]]]:
    """Process, source and target of the rows, and places in `rows` of each."""
    key = arena.activity[before].astype(np.int64) * len(arena.activities) + arena.activity[rows]
    order = np.argsort(key, kind="stable")
    values, first = np.unique(key[order], return_index=True)
    for value, own in zip(values.tolist(), np.split(order, first)[1:], strict=True):
        source, target = (state.activity.label(arena.activities[code]) for code in divmod(value, len(arena.activities)))
        yield (arena.process, source, target), own
