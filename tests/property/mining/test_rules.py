"""Every template, bound, condition and actor of a rule: the check equals the definition, read out event by event."""

from typing import Any, get_args
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mining.filters import take
from mining.rules.checking import BROKEN, FULFILLED, PENDING, check
from mining.rules.settings import RuleSettings
from mining.rules.templates import UNARY, Template
from tests.helpers import HOUR, T0, arena, event

UTC = ZoneInfo("UTC")
ACTIVITIES = "abcz"
END = "z"
Row = dict[str, Any]


@st.composite
def cases(draw: st.DrawFn) -> list[list[Row]]:
    """Up to four cases of up to eight events, at times that often meet, with amounts, actors and a further field."""
    found = []
    for c in range(draw(st.integers(0, 4))):
        one = []
        for n in range(draw(st.integers(1, 8))):
            start = T0 + draw(st.integers(0, 12)) * HOUR
            one.append(
                event(
                    f"c{c}",
                    draw(st.sampled_from(ACTIVITIES)),
                    start,
                    start + draw(st.integers(0, 3)) * HOUR,
                    event_id=f"c{c}e{n}",
                    actor=draw(st.sampled_from([None, "x", "y", "y"])),
                    role=draw(st.sampled_from([None, "r", "s"])),
                    amount=draw(st.sampled_from([None, 10, 20])),
                    error=draw(st.sampled_from([None, None, "E"])),
                    fields=draw(st.sampled_from([{}, {"score": "7"}, {"score": "70"}, {"score": "high"}])),
                )
            )
        found.append(sorted(one, key=lambda r: (r["start"], r["end"], r["event_id"])))
    return found


conditions = st.sampled_from(
    [
        {"field": "amount", "above": 15},
        {"field": "amount", "at_most": 10, "on": "event"},
        {"field": "amount", "is": 20, "on": "case"},
        {"field": "amount", "known": False},
        {"field": "score", "at_least": 7, "below": 50},
        {"field": "score", "is_not": ["high"]},
        {"field": "role", "is": ["r"]},
        {"field": "role", "is_not": "r", "on": "case"},
        {"field": "role", "known": True},
        {"field": "outcome", "is": "error"},
        {"field": "nowhere", "known": False},
        {"field": "nowhere", "is": "x"},
    ]
)
activities = st.lists(st.sampled_from("abcq"), min_size=1, max_size=2, unique=True)


@st.composite
def rules(draw: st.DrawFn, template: Template) -> RuleSettings:
    asked: dict[str, Any] = {"id": "one", "process": "test", "template": template}
    asked["when"] = draw(st.lists(conditions, max_size=2))
    if template in UNARY:
        asked["activity"] = draw(activities)
        if template == "existence":
            low, more = draw(st.integers(1, 3)), draw(st.integers(0, 2))
            asked |= draw(
                st.sampled_from(
                    [
                        {},
                        {"at_least": low},
                        {"at_most": more},
                        {"exactly": more},
                        {"at_least": low, "at_most": low + more},
                    ]
                )
            )
    else:
        asked |= {"source": draw(activities), "target": draw(activities)}
        asked["actor"] = draw(st.sampled_from([None, None, "same", "different"]))
        asked["not_before_hours"] = draw(st.sampled_from([0, 0, 1, 2.5]))
        asked["within_hours"] = draw(st.sampled_from([None, None, 3, 6]))
    if "succession" not in template.removeprefix("not_") or template.startswith("not_"):
        asked["counts_when"] = draw(st.lists(conditions, max_size=1)) if template not in ("init", "end") else []
    return RuleSettings(**asked)


def value(row: Row, field: str) -> Any:
    if field == "outcome":
        return "error" if row["error_type"] else "ok"
    return row[field] if field in ("amount", "role") else dict(row["fields"]).get(field)


def holds(given: Any, condition: Any) -> bool:
    if condition.known is False or given is None:
        return bool(condition.known is False and given is None)
    try:
        number = float(given)
    except ValueError:
        number = float("nan")
    word = [float(v) if isinstance(given, int) else v for v in condition.is_]
    other = [float(v) if isinstance(given, int) else v for v in condition.is_not]
    return bool(
        (not word or given in word)
        and given not in other
        and (condition.above is None or number > condition.above)
        and (condition.at_least is None or number >= condition.at_least)
        and (condition.below is None or number < condition.below)
        and (condition.at_most is None or number <= condition.at_most)
    )


def passes(case: list[Row], row: Row | None, asked: Any) -> bool:
    """Of an event, or of the case where `row` is None."""
    for condition in asked:
        whole = next((v for v in (value(r, condition.field) for r in case) if v is not None), None)
        own = None if row is None else value(row, condition.field)
        shared = condition.field in ("amount", "score", "nowhere")
        match condition.on or (None if shared else "event"):
            case _ if row is None:
                seen = whole
            case "event":
                seen = own
            case "case":
                seen = whole
            case _:
                seen = own if own is not None else whole
        if not holds(seen, condition):
            return False
    return True


def spelled_out(case: list[Row], rule: RuleSettings, now: int, ends: tuple[str, ...]) -> list[tuple[int, int]]:
    """(place of the activating event, verdict), by the words of docs/rules.md."""
    open_ = bool(ends) and not any(row["activity"] in ends for row in case)
    template = rule.template
    if template in UNARY:
        if not passes(case, None, rule.when):
            return []
        is_it = [row["activity"] in rule.activity and passes(case, row, rule.counts_when) for row in case]
        match template:
            case "init":
                return [(0, FULFILLED if is_it[0] else BROKEN)]
            case "end":
                return [(0, PENDING if open_ else FULFILLED if is_it[-1] else BROKEN)]
            case "absence":
                return [(0, BROKEN if any(is_it) else FULFILLED)]
            case _:
                low, high = rule.at_least, rule.at_most
                if rule.exactly is not None:
                    low = high = rule.exactly
                elif low is None:
                    low = 1 if high is None else 0
                if high is not None and sum(is_it) > high:
                    return [(0, BROKEN)]
                return [(0, FULFILLED if sum(is_it) >= (low or 0) else PENDING if open_ else BROKEN)]

    def time_fits(early: Row, late: Row) -> bool:
        hours = max(0, late["start"] - early["end"]) / HOUR
        return rule.not_before_hours <= hours and (rule.within_hours is None or hours <= rule.within_hours)

    def actor_fits(one: Row, other: Row, unknown: bool) -> bool:
        if rule.actor is None:
            return True
        if one["actor"] is None or other["actor"] is None:
            return unknown
        return bool((one["actor"] == other["actor"]) == (rule.actor == "same"))

    found = []
    negative = template.startswith("not_")
    plain = template.removeprefix("not_")
    kind = plain.removeprefix("chain_").removeprefix("alternate_")
    forward, backward = kind in ("response", "succession"), kind == "precedence" or template == "succession"
    backward = backward or template in ("alternate_succession", "chain_succession")
    anywhere = kind in ("responded_existence", "coexistence")
    sides = [(1, rule.source, rule.target)] if forward else []
    sides += [(-1, rule.target, rule.source)] if backward else []
    sides += [(0, rule.source, rule.target)] if anywhere else []
    for side, mine, theirs in sides:
        acting = [k for k, row in enumerate(case) if row["activity"] in mine and passes(case, row, rule.when)]
        for k in acting:
            ahead, behind = list(range(k + 1, len(case))), list(range(k - 1, -1, -1))
            reach = ahead if side > 0 else behind if side < 0 else ahead + behind
            cut = False
            if plain.startswith("chain"):
                cut = bool(reach)
                reach = reach[:1]
            elif plain.startswith("alternate"):
                again = [n for n, j in enumerate(reach) if j in acting]
                cut = bool(again)
                reach = reach[: again[0] + 1] if again else reach
            there = any(
                case[j]["activity"] in theirs
                and passes(case, case[j], rule.counts_when)
                and (time_fits(case[k], case[j]) if j > k else time_fits(case[j], case[k]))
                and actor_fits(case[k], case[j], unknown=not negative)
                for j in reach
            )
            verdict = BROKEN if there == negative else FULFILLED
            if verdict == BROKEN and not negative and side >= 0 and not cut:
                in_time = rule.within_hours is None or now <= case[k]["end"] + rule.within_hours * HOUR
                still = open_ or (not ends and rule.within_hours is not None)
                verdict = PENDING if still and in_time else BROKEN
            found.append((k, verdict))
    return found


@pytest.mark.parametrize("template", get_args(Template))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), cases(), st.integers(0, 24), st.sampled_from([(), (END,)]))
def test_a_check_equals_the_definition(
    template: Template, data: st.DataObject, logged: list[list[Row]], hours: int, ends: tuple[str, ...]
) -> None:
    rule, now = data.draw(rules(template)), T0 + hours * HOUR
    found = arena([row for case in logged for row in case])
    checked = check(found, rule, now, ends, UTC)
    ours = sorted(
        (case, row - int(found.offsets[case]), verdict)
        for case, row, verdict in zip(
            checked.case.tolist(), checked.row.tolist(), checked.verdict.tolist(), strict=True
        )
    )
    assert ours == sorted((c, k, v) for c, case in enumerate(logged) for k, v in spelled_out(case, rule, now, ends))
    assert ((checked.at >= found.offsets[checked.case]) & (checked.at < found.offsets[checked.case + 1])).all()
    assert not checked.late[checked.verdict != BROKEN].any()
    # Cases know nothing of each other: of a choice of cases the same is said.
    keep = checked.case % 2 == 0
    chosen = check(take(found, _even(found.cases)), rule, now, ends, UTC)
    assert chosen.verdict.tolist() == checked.verdict[keep].tolist()
    assert chosen.late.tolist() == checked.late[keep].tolist()


def _even(count: int) -> npt.NDArray[np.bool_]:
    flags: npt.NDArray[np.bool_] = np.arange(count) % 2 == 0
    return flags
