"""What marks of branches say of cases."""

from itertools import pairwise

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import (
    DAY,
    case_of,
    graded_columns,
    ids,
    local,
    unlocal,
    unusual_days,
)
from mining.findings._departures import SURE
from mining.findings._segments import began, concentrated
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions
from mining.reference.marks import Branch, taken


def wrong_branches(view: View) -> list[Fact]:
    """One fact for each branch that is marked wrong and that cases take, most cases first.

    Somebody said that it is wrong, so it is a warning however few they are.
    """
    wrong = sorted((b for b, mark in view.marks.items() if mark == "wrong"), key=str)
    found = [fact for branch in wrong if (fact := _fact(view, branch)) is not None]
    return sorted(found, key=lambda fact: -fact.cases)


def judged(view: View, fact: Fact) -> bool:
    """Whether the way that a fact shows leads over a branch that somebody has judged."""
    path = fact.subject.get("path", ())
    return any(pair in view.marks for pair in pairwise(path))


def _fact(view: View, branch: Branch) -> Fact | None:
    arena = view.arena
    rows = taken(arena, view.end_activities, branch)
    if not len(rows):
        return None
    case, first = np.unique(case_of(arena)[rows], return_index=True)
    rows = rows[first]
    hit = np.zeros(arena.cases, dtype=np.bool_)
    hit[case] = True
    begun = local(view, arena.start[arena.offsets[:-1]]) // DAY
    change = began(begun, hit, unusual_days(view))
    since = unlocal(view, change[0]) if change else None
    recent = np.argsort(-arena.start[rows], kind="stable")
    source, target = branch
    subject: dict[str, str | tuple[str, ...]] = {"path": tuple(end for end in branch if end is not None)}
    if source is not None:
        subject["source"] = source
    if target is not None:
        subject["target"] = target
    return Fact(
        kind="deviation",
        name="model_violation",
        subject=subject,
        confidence=SURE,
        cases=len(case),
        share=len(case) / arena.cases,
        hours_per_week=0.0,
        example_cases=ids(arena, case[recent]),
        case_rows=Positions(case),
        example_rows=tuple(int(row) for row in rows[recent[:5]]),
        figures={"marked": "wrong"},
        since=since,
        change=change_before(view, since, rows) if since is not None else None,
        severity="warning",
        segment=concentrated(hit, np.ones(arena.cases, dtype=np.bool_), graded_columns(arena)),
        levers=(("block_shortcut", "system"), ("find_cause", "business")),
    )
