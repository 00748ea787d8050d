"""`stall/flow_stopped`: a process, or one of its sources, has been silent for longer than its rhythm allows."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import HOUR, SECOND, WEEK, ids
from mining.findings._deadlines import missed_for
from mining.findings._rhythm import Silence, silence
from mining.findings._stats import Flags, Ints
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions
from mining.stalls.caught import Flow, caught

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
    its pace at least: at the end of a log, or on a holiday nobody has named, all falls silent together. Nothing is
    told of a flow whose newest event came from a file that was read once, nor of time in which nobody listened. A
    choice of cases says nothing: it may leave out just those that came.
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
    rows = np.flatnonzero(own & (view.arena.end <= view.now))
    if len(rows) < FEWEST:
        return None
    ends = np.sort(view.arena.end[rows])
    if view.now - int(ends[-1]) > LONGEST:
        return None
    if view.listening is not None and view.listening > ends[-1]:
        # While nobody listened nothing can be said of silence.
        ends = np.append(ends, min(view.listening, view.now))
    if view.now - int(ends[-1]) < LEAST or _read_once(view, rows):
        return None
    found = silence(view, ends)
    if found is None or found.chance > CHANCE or found.expected < LONGER * found.usual:
        return None
    return found


def _read_once(view: View, rows: Ints) -> bool:
    """Whether the newest of the events came from a file that was read once: a log that ends has not stopped."""
    if not view.imported:
        return False
    newest = rows[view.arena.end[rows].argmax()]
    found: str = view.arena.details.event_ids(view.arena.rows[[newest]])[0].as_py()
    return found.startswith(view.imported)


def _goes_on(view: View, rest: Flags, found: Silence) -> bool:
    """Whether the rest has had its pace since, as against the same time of the weeks before."""
    ends, length = view.arena.end[rest], view.now - found.begin
    shifts = [WEEK * n for n in range(1, 5) if found.begin - WEEK * n >= int(view.arena.end.min())]
    before = [int(((ends > found.begin - s) & (ends <= found.begin - s + length)).sum()) for s in shifts]
    since = int(((ends > found.begin) & (ends <= view.now)).sum())
    return since > 0 and bool(before) and since >= GOES_ON * float(np.median(before))


def _fact(view: View, subject: dict[str, str | tuple[str, ...]], own: Flags, found: Silence) -> Fact:
    arena = view.arena
    field, value = next(iter(subject.items()))
    waiting = caught(arena, Flow(field, str(value)), found.begin, view.now + 1, view.end_activities)
    cases, order = np.unique(waiting.case), waiting.case[np.argsort(arena.end[waiting.row], kind="stable")]
    silent = (view.now - found.begin) / HOUR
    rows = np.flatnonzero(own)
    newest = rows[np.argsort(-arena.end[rows], kind="stable")][:5]
    return Fact(
        kind="stall",
        name="flow_stopped",
        subject=subject,
        confidence=0.99,
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=len(cases) * silent,
        example_cases=ids(arena, order),
        case_rows=Positions(cases),
        example_rows=tuple(int(row) for row in newest),
        figures={
            "silent_s": silent * 3600,
            "expected": found.expected,
            "usual_pause": found.usual,
            "chance": found.chance,
            "source": field,
        },
        since=found.begin,
        stopped=True,
        deadlines_missed=missed_for(view, cases, np.full(len(cases), silent)) if view.deadlines else None,
        change=change_before(view, found.begin, newest),
        levers=(("restore_flow", "system"), ("work_by_hand", "business")),
    )
