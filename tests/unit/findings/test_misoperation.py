"""Misoperations: undone, sent twice, worked around; ordinary repetition, rework and routine are none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mining.findings._slips import slips
from mining.findings.facts import View
from mining.findings.misoperation import misoperation
from mining.findings.rework_loop import rework_loop
from mining.settings import MiningSettings
from mining.story.sentences import sentences
from mining.story.suggestions import suggestions
from mining.story.tell import severity
from tests.helpers import DAY, MINUTE, SECOND, T0, arena, event
from tests.unit.findings.shop import look

DAYS, A_DAY = 14, 60
Step = tuple[str, int, str, dict[str, Any]]
"""Activity, µs after the step before, who, further columns."""
Writer = Callable[[int, np.random.Generator], list[Step]]


def parcels(packing: Writer) -> View:
    """Orders placed, packed as `packing` says, shipped."""
    draw = np.random.default_rng(3)
    rows = []
    for number in range(DAYS * A_DAY):
        at, case = T0 + number * DAY // A_DAY, f"c{number:05d}"
        packer = f"p{number % 7}"
        steps: list[Step] = [("Place", 0, f"u{number}", {"actor_kind": "user", "system": "web"})]
        steps += [(what, gap, who or packer, more) for what, gap, who, more in packing(at, draw)]
        steps.append(("Ship", 40 * MINUTE, "d1", {"system": "depot"}))
        for what, gap, who, more in steps:
            at += gap
            columns = dict(more)
            end = at + int(columns.pop("seconds", draw.uniform(4, 20))) * SECOND
            rows.append(event(case, what, at, end, actor=who, **columns))
            at = end
    found = arena(rows)
    return look(found, int(found.end.max()))


PACK: dict[str, Any] = {"system": "warehouse", "module": "pack", "role": "packer"}
PRINT = ("Print waybill", 30 * MINUTE, "", PACK)


def wrong_button(share: float, since: int = 0) -> Writer:
    def write(at: int, draw: np.random.Generator) -> list[Step]:
        rate = share if at >= T0 + since * DAY else 0.005
        if draw.random() >= rate:
            return [PRINT]
        return [PRINT, ("Void waybill", 20 * SECOND, "", PACK), ("Print waybill", 15 * SECOND, "", PACK)]

    return write


def test_what_is_undone_at_once_and_done_again_is_told_of_the_form() -> None:
    view = parcels(wrong_button(0.12, since=7))
    (fact,) = misoperation(view)
    assert fact.subject == {
        "activity": "Print waybill",
        "target": "Void waybill",
        "system": "warehouse",
        "module": "pack",
    }
    assert fact.since is not None
    assert abs(fact.since - (T0 + 7 * DAY)) <= DAY
    assert severity(fact, MiningSettings()) == "warning"
    ids = [view.arena.case_ids[row].as_py() for row in fact.case_rows]
    assert fact.cases == len(ids) == sum("Void waybill" in path for path in paths(view).values())
    assert all("Void waybill" in paths(view)[case] for case in ids)
    assert fact.figures["people"] == 7
    title, story = sentences(fact, view, "en")
    assert title.startswith("Print waybill: ")
    assert title.endswith(" are taken back at once with Void waybill")
    assert "7 different people: look at the form" in story
    assert "撤回并重做" in sentences(fact, view, "zh-CN")[1]
    assert [each.lever for each in suggestions(fact, "en")] == ["undo_change", "ask_before", "part_buttons"]


def paths(view: View) -> dict[str, list[str]]:
    seen = view.arena
    return {
        seen.case_ids[case].as_py(): [seen.activities[code] for code in seen.activity[begin:end]]
        for case, (begin, end) in enumerate(zip(seen.offsets[:-1], seen.offsets[1:], strict=True))
    }


def test_what_always_was_everywhere_is_worth_knowing_and_no_warning() -> None:
    (fact,) = misoperation(parcels(wrong_button(0.03)))
    assert fact.since is None
    assert severity(fact, MiningSettings()) == "info"


def test_it_is_not_told_as_rework_as_well() -> None:
    assert rework_loop(parcels(wrong_button(0.12))) == []


def test_rework_by_another_person_or_much_later_is_no_slip() -> None:
    def later(at: int, draw: np.random.Generator) -> list[Step]:
        again: list[Step] = [("Void waybill", 3 * 60 * MINUTE, "", PACK), ("Print waybill", MINUTE, "", PACK)]
        return [PRINT, *(again if draw.random() < 0.1 else [])]

    def others(at: int, draw: np.random.Generator) -> list[Step]:
        again: list[Step] = [("Void waybill", MINUTE, "boss", PACK), ("Print waybill", MINUTE, "", PACK)]
        return [PRINT, *(again if draw.random() < 0.1 else [])]

    for writer in (later, others):
        view = parcels(writer)
        assert misoperation(view) == []
        assert rework_loop(view) != []


def test_two_steps_of_one_person_in_a_row_are_no_slip() -> None:
    def branch(at: int, draw: np.random.Generator) -> list[Step]:
        return [PRINT, *([("Add gift", 20 * SECOND, "", PACK)] if draw.random() < 0.1 else [])]

    assert misoperation(parcels(branch)) == []


def test_a_round_that_most_go_is_the_way_of_working() -> None:
    assert misoperation(parcels(wrong_button(0.6))) == []


def test_what_is_sent_twice() -> None:
    def double(at: int, draw: np.random.Generator) -> list[Step]:
        # The second click comes before the first could be answered: their times overlap.
        first = ("Print waybill", 30 * MINUTE, "", PACK | {"seconds": 6})
        return [first, *([("Print waybill", -3 * SECOND, "", PACK)] if draw.random() < 0.08 else [])]

    view = parcels(double)
    (fact,) = misoperation(view)
    assert fact.figures["sort"] == "twice"
    assert "target" not in fact.subject
    assert float(fact.figures["gap_s"] or 0) <= 20
    assert "twice" in sentences(fact, view, "en")[0]
    assert [each.lever for each in suggestions(fact, "zh-CN")] == ["lock_button", "refuse_double"]
    assert rework_loop(view) == []


def test_several_pieces_one_after_the_other_are_no_doubles() -> None:
    def pieces(at: int, draw: np.random.Generator) -> list[Step]:
        more = int(draw.integers(1, 4)) if draw.random() < 0.2 else 0
        return [PRINT, *(("Print waybill", int(draw.uniform(-2, 60)) * SECOND, "", PACK) for _ in range(more))]

    assert misoperation(parcels(pieces)) == []


def test_trying_again_after_an_error_is_no_double_and_another_amount_is_another_piece() -> None:
    def tried(at: int, draw: np.random.Generator) -> list[Step]:
        if draw.random() >= 0.1:
            return [PRINT]
        return [("Print waybill", MINUTE, "", PACK | {"error": "jam"}), ("Print waybill", -3 * SECOND, "", PACK)]

    def amounts(at: int, draw: np.random.Generator) -> list[Step]:
        first = ("Print waybill", MINUTE, "", PACK | {"amount": 100})
        return [first, *([("Print waybill", -3 * SECOND, "", PACK | {"amount": 250})] if draw.random() < 0.1 else [])]

    for writer in (tried, amounts):
        assert misoperation(parcels(writer)) == []


def test_the_way_around_an_error() -> None:
    def around(at: int, draw: np.random.Generator) -> list[Step]:
        if draw.random() >= 0.1:
            return [PRINT]
        failed = ("Print waybill", MINUTE, "", PACK | {"error": "no stock record"})
        return [failed, ("Correct stock", 2 * MINUTE, "", PACK), ("Write waybill by hand", MINUTE, "", PACK)]

    view = parcels(around)
    (fact,) = misoperation(view)
    assert fact.figures["sort"] == "around"
    assert (fact.subject["activity"], fact.subject["target"]) == ("Print waybill", "Correct stock")
    assert severity(fact, MiningSettings()) == "info"
    assert "instead" in sentences(fact, view, "en")[0]


def test_machines_do_not_slip() -> None:
    def machine(at: int, draw: np.random.Generator) -> list[Step]:
        more = PACK | {"actor_kind": "system"}
        again: list[Step] = [("Void waybill", SECOND, "robot", more), ("Print waybill", SECOND, "robot", more)]
        return [("Print waybill", MINUTE, "robot", more), *(again if draw.random() < 0.1 else [])]

    assert misoperation(parcels(machine)) == []


def test_one_person_alone_is_said_so() -> None:
    def write(at: int, draw: np.random.Generator) -> list[Step]:
        again: list[Step] = [("Void waybill", 9 * SECOND, "", PACK), ("Print waybill", 9 * SECOND, "", PACK)]
        return [PRINT, *again] if (at - T0) // (DAY // A_DAY) % 7 == 2 and draw.random() < 0.6 else [PRINT]

    view = parcels(write)
    (fact,) = misoperation(view)
    assert fact.segment[0][:2] == ("actor", "p2")
    assert "one person: show how it is done" in sentences(fact, view, "en")[1]


@pytest.mark.parametrize("seed", range(6))
def test_steps_in_any_order_by_anybody_are_hardly_ever_taken_for_slips(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(400):
        at = T0 + number * MINUTE * 7
        for _ in range(int(draw.integers(1, 12))):
            at += int(draw.exponential(3 * MINUTE))
            rows.append(event(f"c{number}", "abcdef"[int(draw.integers(6))], at, actor=f"p{int(draw.integers(3))}"))
    assert slips(arena(rows)) == []
