"""What persons do by mistake, read off what they do next in the case: undone, sent twice, worked around."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mining.arena import NO_CODE, NO_TIME, Arena
from mining.findings._stats import Flags, Floats, Ints, at_least, at_least_poisson, corrected

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
FEWEST: Final = 5
SOON: Final = 10 * MINUTE
"""A slip that is seen at once is taken back within this time; later it is a change of mind, or news."""
OFTEN: Final = 0.3
"""What more of a step's runs have is how the work is done."""
MOSTLY: Final = 0.5
TWICE: Final = 10 * SECOND
"""Nobody has read an answer and decided to send the same again within less."""
CERTAIN: Final = 0.001
"""Corrected for all pairs that were tried (Benjamini, Hochberg)."""
MACHINES: Final = frozenset({"system", "device", "service"})
"""Kinds of actors that do not slip."""
WIDEST: Final = 2000
"""With more activities than that nothing is looked for."""
Sort = Literal["undone", "twice", "around"]


@dataclass(frozen=True)
class Slip:
    """One step at which persons slip in one way."""

    sort: Sort
    activity: int
    """Code of the step: what was undone, sent twice, or gone around."""
    other: int
    """Code of the counter-step, or of the step that was done instead; of what was sent twice the step itself."""
    rows: Ints
    """Each run of the step that was a slip, ascending."""
    until: Ints
    """The event with which each was put right."""
    rest: float
    """How often the same is seen where no slip is: the test's rate (0..1)."""


def slips(arena: Arena) -> list[Slip]:
    """All slips of FEWEST and more, most frequent first. Only what one person does in one go counts."""
    if arena.events < 3 or len(arena.activities) > WIDEST:
        return []
    pairs = _Pairs(arena)
    found = [*_undone(pairs), *_twice(pairs), *_around(pairs)]
    return sorted(found, key=lambda slip: (-len(slip.rows), slip.sort, slip.activity, slip.other))


class _Pairs:
    """Neighbouring events of a case by the same person. Row i stands for the pair i, i + 1."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        case = np.repeat(np.arange(arena.cases), np.diff(arena.offsets))
        actor, kind = arena.codes["actor"], arena.codes["actor_kind"]
        self.inside: Flags = case[1:] == case[:-1]
        """Whether both are of one case."""
        machines = [code for code, name in enumerate(arena.names["actor_kind"]) if name.casefold() in MACHINES]
        person = (actor >= 0) & ~np.isin(kind, machines)
        self.own: Flags = self.inside & person[1:] & (actor[1:] == actor[:-1])
        """Whether it is of one case and one person."""
        self.gap: Ints = arena.start[1:] - arena.end[:-1]
        """µs from the end of the one to the start of the other."""
        self.person: Flags = person
        self.runs: Ints = np.bincount(arena.activity, minlength=len(arena.activities))
        self.key: Ints = arena.activity[:-1].astype(np.int64) * len(arena.activities) + arena.activity[1:]

    def counted(self, where: Flags) -> Ints:
        """How often each pair of activities comes, shape (activities, activities)."""
        size = len(self.arena.activities)
        return np.bincount(self.key[where], minlength=size * size).reshape(size, size)


def _undone(pairs: _Pairs) -> list[Slip]:
    """Pairs of a step and its counter-step, learned: after the step x soon y, by the same person, and then x again, or
    what had come before x. y hardly comes otherwise, and few runs of x are followed by it.

    Tested against how often x comes again when something else has followed it.
    """
    arena = pairs.arena
    size = len(arena.activities)
    activity = arena.activity.astype(np.int64)
    soon = pairs.own & (pairs.gap <= SOON) & (activity[:-1] != activity[1:]) & ~arena.error[:-1]
    count = pairs.counted(soon)
    # The whole of what may be taken back: x at i, y at i + 1, and at i + 2 x or what stood at i - 1.
    three = np.flatnonzero(pairs.inside[:-1] & pairs.inside[1:])
    back = activity[three] == activity[three + 2]
    before = np.where(three > 0, three - 1, 0)
    again = pairs.inside[before] & (three > 0) & (activity[before] == activity[three + 2])
    again &= activity[three + 2] != activity[three + 1]
    mine = soon[three] & pairs.own[three + 1] & (pairs.gap[three + 1] <= SOON)
    put_right = mine & (back | again)
    undone = np.bincount(pairs.key[three[put_right]], minlength=size * size).reshape(size, size)
    all_back = np.bincount(activity[three[back | again]], minlength=size)
    followed = np.bincount(activity[three], minlength=size)
    x, y = np.nonzero(
        (undone >= FEWEST)
        & (undone >= MOSTLY * count)
        & (count >= MOSTLY * pairs.runs[None, :])
        & (count <= OFTEN * pairs.runs[:, None])
    )
    rest = np.maximum(
        (all_back[x] - undone[x, y]) / np.maximum(followed[x] - count[x, y], 1), 1 / np.maximum(followed[x], 1)
    )
    sure = _sure([(int(undone[a, b]), int(count[a, b]), float(r)) for a, b, r in zip(x, y, rest, strict=True)])
    found = []
    for a, b, r in zip(x[sure].tolist(), y[sure].tolist(), rest[sure].tolist(), strict=True):
        rows = three[put_right & (pairs.key[three] == a * size + b)]
        found.append(Slip("undone", a, b, rows, rows + 2, r))
    return found


def _twice(pairs: _Pairs) -> list[Slip]:
    """The same step again by the same person before the first go could have been answered: within TWICE and within
    the step's own usual time (a second at least). Goes that failed, and those of another amount, are no doubles.

    Tested against how often the same person does it again within ten times that time: who has several pieces to do
    does them at any pace.
    """
    arena = pairs.arena
    activity = arena.activity.astype(np.int64)
    same = np.flatnonzero(pairs.own & (activity[:-1] == activity[1:]) & ~arena.error[:-1])
    same = same[(arena.amount[same] == arena.amount[same + 1]) | (arena.amount[same] == NO_TIME)]
    apart = arena.start[same + 1] - arena.start[same]
    tried: list[tuple[int, Ints, float, float]] = []
    for code in np.unique(activity[same]).tolist():
        own = activity[same] == code
        if int((own & (apart <= TWICE)).sum()) < FEWEST:
            continue
        took = (arena.end - arena.start)[arena.activity == code]
        limit = min(TWICE, max(float(np.median(took)), SECOND))
        doubles = same[own & (apart <= limit)]
        slower = int((own & (apart > limit) & (apart <= 11 * limit)).sum())
        if FEWEST <= len(doubles) <= OFTEN * pairs.runs[code]:
            tried.append((code, doubles, slower / 10, at_least_poisson(len(doubles), max(slower / 10, 0.5))))
    p_values = corrected(np.array([each[3] for each in tried]))
    return [
        Slip("twice", code, code, doubles, doubles + 1, usual / int(pairs.runs[code]))
        for (code, doubles, usual, _), p in zip(tried, p_values, strict=True)
        if p < CERTAIN
    ]


def _around(pairs: _Pairs) -> list[Slip]:
    """What persons do right after a step has failed, and hardly do after it went well: the way around the error.

    Most runs of that other step come so. Tested against its share after good runs.
    """
    arena = pairs.arena
    activity = arena.activity
    own = pairs.own & (pairs.gap <= 60 * MINUTE) & (activity[:-1] != activity[1:])
    failed, good = own & arena.error[:-1], own & ~arena.error[:-1]
    # A counter-step after a failure is the way back, not around: the step must not come right again.
    came = np.zeros_like(failed)
    came[:-1] = failed[:-1] & pairs.inside[1:] & (activity[2:] == activity[:-2])
    failed &= ~came
    after, usual = pairs.counted(failed), pairs.counted(good)
    wrong = np.bincount(activity[arena.error & pairs.person], minlength=len(arena.activities))
    well = np.bincount(activity[~arena.error & pairs.person], minlength=len(arena.activities))
    x, z = np.nonzero((after >= FEWEST) & (after >= 0.1 * wrong[:, None]) & (after >= MOSTLY * pairs.runs[None, :]))
    rest = (usual[x, z] + 0.5) / (well[x] + 1)
    sure = _sure([(int(after[a, b]), int(wrong[a]), float(r)) for a, b, r in zip(x, z, rest, strict=True)])
    sure &= after[x, z] / np.maximum(wrong[x], 1) >= 5 * rest
    found = []
    for a, b, r in zip(x[sure].tolist(), z[sure].tolist(), rest[sure].tolist(), strict=True):
        rows = np.flatnonzero(failed & (pairs.key == a * len(arena.activities) + b))
        found.append(Slip("around", a, b, rows, rows + 1, r))
    return found


def _sure(tried: list[tuple[int, int, float]]) -> Flags:
    """Which of (hits, trials, rate) are too many for chance, corrected for all of them."""
    p_values: Floats = np.array([at_least(hits, trials, rate) for hits, trials, rate in tried])
    return np.asarray(corrected(p_values) < CERTAIN, dtype=np.bool_)


def shared_code(codes: Ints, part: float = 0.8) -> int:
    """The code that at least `part` of the rows have; NO_CODE where there is none."""
    known = codes[codes >= 0]
    if not len(known):
        return NO_CODE
    main = int(np.bincount(known).argmax())
    return main if int((known == main).sum()) >= part * len(codes) else NO_CODE
