"""Branches that people marked: wrong ones are found, others leave a drawn model's departures alone."""

from mining.findings import detect
from mining.findings.facts import View
from mining.reference.marks import Marks, ways
from mining.reference.reference import Reference
from mining.settings import MiningSettings
from mining.story import tell
from tests.helpers import log
from tests.unit.reference.test_nets import ENDS, model

JUDGE = Reference(model({**dict.fromkeys("ABCD", "task"), **ENDS}, "s>A", "A>B", "B>C", "C>D", "D>e"), "m")


def seen(marks: Marks, *paths: str, judge: Reference | None = None) -> View:
    arena = log(*paths)
    return View(arena, int(arena.end.max()) + 1, ("D",), MiningSettings(), reference=judge, marks=marks)


def violations(view: View) -> list[tuple[tuple[str, ...], int, tuple[str, ...]]]:
    found = [fact for fact in detect(view) if fact.name == "model_violation" and "marked" in fact.figures]
    return [(tuple(fact.subject["path"]), fact.cases, fact.example_cases) for fact in found]


def test_branches_by_hand() -> None:
    arena = log("ABD", "ABABD", "AB")
    found = {way.branch: way.cases for way in ways(arena, ("D",))}
    assert found == {(None, "A"): 3, ("A", "B"): 3, ("B", "A"): 1, ("B", "D"): 2, ("D", None): 2}
    assert {way.branch for way in ways(arena, ())} == {*found, ("B", None)}
    first = {way.branch: way.first for way in ways(arena, ("D",))}
    assert first["D", None] == int(arena.start[2])
    assert ways(log(), ()) == ()


def test_a_case_that_takes_a_wrong_branch_is_a_violation() -> None:
    paths = ["ABCD"] * 98 + ["ACD", "ADACD"]
    found = violations(seen({("A", "C"): "wrong", ("A", "D"): "exception"}, *paths))
    assert [(path, cases) for path, cases, _ in found] == [(("A", "C"), 2)]
    assert violations(seen({("A", "C"): "intended"}, *paths)) == []
    assert violations(seen({("X", "C"): "wrong", ("B", "A"): "wrong"}, *paths)) == []


def test_the_beginning_and_the_end_of_cases_are_branches_too() -> None:
    paths = ["ABD"] * 8 + ["BD", "AD", "AB"]
    assert [v[:2] for v in violations(seen({(None, "B"): "wrong"}, *paths))] == [(("B",), 1)]
    # "AB" is not over: it does not end with B.
    assert violations(seen({("B", None): "wrong"}, *paths)) == []


def test_a_mark_counts_more_than_the_drawn_model() -> None:
    paths = ["ABCD"] * 20 + ["ACD"] * 5 + ["ABD"] * 4
    names = [(fact.name, fact.cases) for fact in detect(seen({}, *paths, judge=JUDGE)) if fact.kind == "deviation"]
    assert ("skipped_step", 5) in names
    assert ("skipped_step", 4) in names
    excused = detect(seen({("A", "C"): "exception"}, *paths, judge=JUDGE))
    assert [(fact.name, fact.cases) for fact in excused if fact.name == "skipped_step"] == [("skipped_step", 4)]
    assert [fact.cases for fact in excused if fact.name == "model_violation"] == [4]
    wrong = detect(seen({("A", "C"): "wrong"}, *paths, judge=JUDGE))
    assert [(fact.name, fact.cases) for fact in wrong if fact.name == "skipped_step"] == [("skipped_step", 4)]
    assert sorted(fact.cases for fact in wrong if fact.name == "model_violation") == [4, 5]


def test_it_is_told_in_both_languages_as_a_warning() -> None:
    paths = ["ABCD"] * 99 + ["AD"]
    view = seen({("A", "D"): "wrong", (None, "A"): "wrong", ("D", None): "wrong"}, *paths)
    facts = [fact for fact in detect(view) if fact.name == "model_violation"]
    english, chinese = (tell(facts, view, "order", language) for language in ("en", "zh-CN"))
    assert {finding.severity for finding in english} == {"warning"}
    assert {finding.title for finding in english} == {
        "1 cases go from A straight to D, which is marked wrong",
        "100 cases begin with A, which is marked wrong",
        "100 cases end with D, which is marked wrong",
    }
    assert all("标为错误" in finding.title for finding in chinese)


def test_nothing_is_guessed_of_a_branch_that_is_judged() -> None:
    paths = ["ABCD"] * 400 + ["ACD"] * 6
    rare = [fact for fact in detect(seen({}, *paths)) if fact.name == "rare_path"]
    assert rare
    left = [fact for fact in detect(seen({("A", "C"): "exception"}, *paths)) if fact.name == "rare_path"]
    assert not left
