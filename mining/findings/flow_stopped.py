"""`stall/flow_stopped`: a process, or one of its sources, has been silent for longer than its rhythm allows."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import DAY, HOUR, SECOND, WEEK, case_of, ids, positions
from mining.findings._deadlines import missed_for
from mining.findings._rhythm import Silence, silence
from mining.findings._stats import Flags, Ints
from mining.findings.facts import Fact, View

SOURCES: Final = ("system", "channel", "shop")
"""Fields whose values are flows of their own, the one that explains most first."""
CHANCE: Final = 1e-6
"""So improbable must the silence be. A dense flow has some million pauses a year."""
LONGER: Final = 2.0
"""Times its own longest pauses, both on the clock of its rhythm."""
LEAST: Final = 120 * SECOND
"""A shorter silence may be the way of the data to here."""
LONGEST: Final = WEEK
"""What has been silent for longer was given up, or is a log of the past."""
FEWEST: Final = 200
"""Events below which no rhythm is learned."""
GOES_ON: Final = 0.5
"""Part of the expected that the rest of the process must have had, where only one source is to have stopped."""


def flow_stopped(view: View) -> list[Fact]:
    """Flows that have stopped: of the process the whole, else its systems, channels and shops while the rest goes on.

    Told when nothing came though it should have (chance below one in a million by negative binomial counts an hour),
    the silence is twice the flow's own longest pauses, and between two minutes and a week old. In hours in
    which the flow rests in some weeks nothing is expected, nor on holidays. A source needs a rest that goes on at half
    its pace at least: at the end of a log, or on a holiday nobody has named, all falls silent together. A choice of
    cases says nothing: it may leave out just those that came.
    """
    if view.known is not None:
        return []
    arena = view.arena
    everything = np.ones(arena.events, dtype=np.bool_)
    whole = _stopped(view, everything)
    if whole is not None:
        return [_fact(view, {"process": arena.process}, everything, whole)]
    facts: list[Fact] = []
    told = np.zeros(arena.events, dtype=np.bool_)
    for field, value, own in _sources(view):
        # A system that is part of what has been told already adds nothing.
        if int((own & told).sum()) >= 0.9 * int(own.sum()):
            continue
        found = _stopped(view, own)
        if found is not None and _goes_on(view, ~own, found):
            facts.append(_fact(view, {field: value}, own, found))
            told |= own
    return facts


def _sources(view: View) -> Iterator[tuple[str, str, Flags]]:
    arena = view.arena
    for field in SOURCES:
        names, codes = arena.names[field], arena.codes[field]
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        for code in np.argsort(-counts, kind="stable"):
            # One that is nearly all is the whole.
            if FEWEST <= counts[code] < 0.95 * arena.events:
                yield field, names[code], codes == code


def _stopped(view: View, own: Flags) -> Silence | None:
    ends = view.arena.end[own]
    ends = np.sort(ends[ends <= view.now])
    if len(ends) < FEWEST or not LEAST <= view.now - int(ends[-1]) <= LONGEST:
        return None
    found = silence(view, ends)
    if found is None or found.chance > CHANCE or found.expected < LONGER * found.usual:
        return None
    return found


def _goes_on(view: View, rest: Flags, found: Silence) -> bool:
    """Whether the rest has had its pace since, as against the same time of the weeks before."""
    ends, length = view.arena.end[rest], view.now - found.begin
    shifts = [WEEK * n for n in range(1, 5) if found.begin - WEEK * n >= int(view.arena.end.min())]
    before = [int(((ends > found.begin - s) & (ends <= found.begin - s + length)).sum()) for s in shifts]
    since = int(((ends > found.begin) & (ends <= view.now)).sum())
    return since > 0 and bool(before) and since >= GOES_ON * float(np.median(before))


def _fact(view: View, subject: dict[str, str | tuple[str, ...]], own: Flags, found: Silence) -> Fact:
    arena = view.arena
    caught = _caught(view, own, found.begin)
    order = caught[np.argsort(arena.end[arena.offsets[1:][caught] - 1], kind="stable")]
    silent = (view.now - found.begin) / HOUR
    rows = np.flatnonzero(own)
    newest = rows[np.argsort(-arena.end[rows], kind="stable")][:5]
    return Fact(
        kind="stall",
        name="flow_stopped",
        subject=subject,
        confidence=0.99,
        cases=len(caught),
        share=len(caught) / arena.cases,
        hours_per_week=len(caught) * silent,
        example_cases=ids(arena, order),
        case_rows=positions(caught),
        example_rows=tuple(int(row) for row in newest),
        figures={
            "silent_s": silent * 3600,
            "expected": found.expected,
            "usual_pause": found.usual,
            "chance": found.chance,
            "source": next(iter(subject)),
        },
        since=found.begin,
        stopped=True,
        deadlines_missed=missed_for(view, caught, np.full(len(caught), silent)) if view.deadlines else None,
        change=change_before(view, found.begin, newest),
        levers=(("restore_flow", "system"), ("work_by_hand", "business")),
    )


def _caught(view: View, own: Flags, begin: int) -> Ints:
    """Open cases that were under way when it stopped and stand where mostly an event of this flow comes next.

    Under way: not longer at this point than 99 of 100 that went on. None where end activities are not known.
    """
    arena = view.arena
    if not view.end_activities:
        return np.empty(0, dtype=np.int64)
    case = case_of(arena)
    inner = np.flatnonzero(case[:-1] == case[1:])
    wait = (arena.start[inner + 1] - arena.end[inner]).clip(0)
    ending = np.isin(arena.activity, [a for a, n in enumerate(arena.activities) if n in view.end_activities])
    closed = np.zeros(arena.cases, dtype=np.bool_)
    closed[case[ending]] = True
    last = arena.offsets[1:] - 1
    caught = np.zeros(arena.cases, dtype=np.bool_)
    standing = ~closed & (arena.end[last] <= view.now)
    whole = bool(own.all())
    for activity in np.unique(arena.activity[last[standing]]):
        after = arena.activity[inner] == activity
        if not after.any():
            continue
        here = standing & (arena.activity[last] == activity)
        limit = max(float(np.quantile(wait[after], 0.99)), float(HOUR))
        here &= begin - arena.end[last] <= min(limit, 30 * DAY)
        if not whole and 2 * int(own[inner[after] + 1].sum()) < int(after.sum()):
            # A channel or shop is the case's own: its cases stand still wherever they are.
            here &= own[last]
        caught |= here
    return np.flatnonzero(caught)
