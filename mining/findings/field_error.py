"""`error/field_error`: a field that is missing, malformed, of another size or another value than it should be."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import SECOND, case_of, ids, unlocal, weeks_since
from mining.findings._field_breaks import PLACES, Break, breaks
from mining.findings._slips import shared_code
from mining.findings._stats import Flags, Floats, Ints, at_least, higher, local_ranks
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions

BEGUN, PLACED, MEANT = 0.95, 0.9, 0.6
"""Confidence of what began on a day, of what is at one place, and of what may be meant so."""
HARM: Final = 1e-4
WORSE: Final = 1.5
"""Harm is told from so many times as much on."""
TOGETHER: Final = 0.6
"""Breaks of one field in so many of the same cases are one, told at the step where it comes first."""


def field_error(view: View) -> list[Fact]:
    """One fact for each form (the step at which it comes first) and field that is wrong in one way.

    Told is what is right nearly always (98 % and more) before a day, or elsewhere, and is not since or there. What may
    be meant so (a field that is gone for everybody since a release, a new channel that never had it, a format of one
    place alone) has confidence 0.6, unless harm follows: later errors, work done again, a longer way to the end, each
    tested against the other runs of the step. Hours lost are those of the longer way.
    """
    found = breaks(view)
    if not found:
        return []
    after = _After(view)
    return [_fact(view, after, each, also) for each, also in _together(view, found)]


@dataclass(frozen=True)
class Harm:
    """What follows on wrong values, beside what follows on right ones; None where that may be chance."""

    errors: tuple[float, float] | None
    """Share of cases with an error later."""
    rework: tuple[float, float] | None
    """Share with work done again later."""
    seconds: tuple[float, float] | None
    """Median time to the end of the case."""

    @property
    def any(self) -> bool:
        """Whether any harm follows."""
        return any(each is not None for each in (self.errors, self.rework, self.seconds))


class _After:
    """What comes after each event in its case."""

    def __init__(self, view: View) -> None:
        arena = view.arena
        self.case = case_of(arena)
        last = arena.offsets[1:][self.case] - 1
        errors = np.cumsum(arena.error)
        self.error: Flags = errors[last] > errors
        key = self.case * len(arena.activities) + arena.activity
        order = np.argsort(key, kind="stable")
        again = np.zeros(arena.events, np.int64)
        again[order[1:]] = key[order][1:] == key[order][:-1]
        repeats = np.cumsum(again)
        self.rework: Flags = repeats[last] > repeats
        end = np.maximum.reduceat(arena.end, arena.offsets[:-1])
        self.seconds: Floats = (end[self.case] - arena.end) / SECOND
        self.start: Ints = arena.start

    def harm(self, pool: Ints, hit: Flags) -> Harm:
        """Of the runs `pool` those that are hit beside the others."""
        ranks = local_ranks(self.seconds[pool], self.start[pool])
        own, usual = (float(np.median(self.seconds[pool[which]])) for which in (hit, ~hit))
        longer = own >= WORSE * usual and own > 0 and higher(ranks, hit) < HARM
        return Harm(_more(self.error[pool], hit), _more(self.rework[pool], hit), (own, usual) if longer else None)


def _more(bad: Flags, hit: Flags) -> tuple[float, float] | None:
    own, usual = float(bad[hit].mean()), float(bad[~hit].mean())
    sure = at_least(int(bad[hit].sum()), int(hit.sum()), max(usual, 0.001)) < HARM
    return (own, usual) if sure and own >= WORSE * usual else None


def _together(view: View, found: list[Break]) -> list[tuple[Break, list[str]]]:
    """Each break, and the other steps in whose events the same cases have it; told at the step that comes first."""
    arena = view.arena
    case = case_of(arena)

    def place(each: Break) -> float:
        rows = each.pool[each.hit]
        return float(np.median(rows - arena.offsets[case[rows]]))

    kept: list[tuple[Break, Ints, list[str]]] = []
    for each in sorted(found, key=lambda b: (place(b), b.activity, b.field, b.sort)):
        cases = np.unique(case[each.pool[each.hit]])
        for other, theirs, also in kept:
            both = len(np.intersect1d(cases, theirs, assume_unique=True))
            if other.field == each.field and both >= TOGETHER * min(len(cases), len(theirs)):
                if each.activity != other.activity:
                    also.append(arena.activities[each.activity])
                break
        else:
            kept.append((each, cases, []))
    return [(each, list(dict.fromkeys(also))) for each, _, also in kept]


def _fact(view: View, after: _After, found: Break, also: list[str]) -> Fact:
    arena, case = view.arena, after.case
    rows = found.pool[found.hit]
    since = None if found.change is None else unlocal(view, found.change[0])
    late = rows if since is None else rows[arena.start[rows] >= since]
    late = late if len(late) else rows
    since = int(arena.start[late].min()) if since is not None else None
    harm = after.harm(found.pool, found.hit)
    subject: dict[str, str | tuple[str, ...]] = {"activity": arena.activities[found.activity], "field": found.field}
    for part in ("system", "module"):
        if (code := shared_code(arena.codes[part][rows])) >= 0:
            subject[part] = arena.names[part][code]
    cases = np.unique(case[rows])
    shown = late[np.argsort(-arena.start[late], kind="stable")]
    hours = 0.0
    if harm.seconds is not None:
        hours = max(harm.seconds[0] - harm.seconds[1], 0.0) * len(late) / 3600 / weeks_since(view, since)
    confidence = BEGUN if found.change is not None else PLACED
    place = next((each for each in found.segments if each[0] in PLACES), None)
    return Fact(
        kind="error",
        name="field_error",
        subject=subject,
        confidence=MEANT if found.settled and not harm.any else confidence,
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=hours,
        example_cases=ids(arena, case[shown]),
        case_rows=Positions(cases),
        example_rows=tuple(int(row) for row in shown[:5]),
        figures={
            "sort": found.sort,
            "wrong": len(rows),
            "runs": len(found.pool),
            "rate": len(rows) / len(found.pool),
            "before": found.change[1] if found.change else None,
            "after": found.change[2] if found.change else None,
            "looks": found.example,
            "should": found.usual,
            "also": ", ".join(also) or None,
            "meant": int(found.settled),
            "errors_later": harm.errors[0] if harm.errors else None,
            "errors_usual": harm.errors[1] if harm.errors else None,
            "rework_later": harm.rework[0] if harm.rework else None,
            "rework_usual": harm.rework[1] if harm.rework else None,
            "longer_s": harm.seconds[0] if harm.seconds else None,
            "usual_s": harm.seconds[1] if harm.seconds else None,
        },
        since=since,
        change=None if since is None else change_before(view, since, late),
        segment=found.segments if place is None else (place, *(s for s in found.segments if s is not place)),
        levers=((("undo_change", "system"),) if since is not None else ())
        + (("check_field", "front_end"), ("mend_records", "business")),
    )
