"""Cases beside a model: what was skipped, put in, turned round; what is still to come; what was kept."""

from pathlib import Path

import pytest

from collector.vocabulary.errors import PermanentError
from mining.alignment.align import Alignment, Alignments, Move, align
from mining.discovery.bpmn_xml import bpmn_xml
from mining.reference import reference
from mining.reference.conformance import Deviation, deviations
from mining.reference.reference import Reference, load
from tests.helpers import log
from tests.unit.reference.test_nets import ENDS, model

SEQUENCE = model({**dict.fromkeys("ABCD", "task"), **ENDS}, "s>A", "A>B", "B>C", "C>D", "D>e")


def told(path: str, *ends: str) -> list[tuple[str, str, int, str | None, str | None]]:
    found = Reference(SEQUENCE, "m").conformance(log(path, "ABCD"), ends).deviations[0]
    assert found is not None
    return [(d.kind, "".join(d.steps), d.place, d.before, d.after) for d in found]


def test_departures_by_hand() -> None:
    assert told("ABCD") == []
    assert told("AD") == [("skipped", "BC", 1, "A", "D")]
    assert told("AB") == [("skipped", "CD", 1, "B", None)]
    assert told("BCD") == [("skipped", "A", 0, None, "B")]
    assert told("ABXCD") == [("inserted", "X", 2, "B", "C")]
    assert told("ABBCD")[0][:2] == ("inserted", "B")


def test_a_swap_is_one_departure_whichever_of_the_two_is_moved() -> None:
    for path, steps in (("ACBD", "CB"), ("BACD", "BA"), ("ABDC", "DC")):
        assert [(kind, those) for kind, those, *_ in told(path)] == [("wrong_order", steps)]
    early = (Move("A", "A"), Move("C", None), Move("B", "B"), Move(None, "C"), Move("D", "D"))
    late = (Move("A", "A"), Move(None, "B"), Move("C", "C"), Move("B", None), Move("D", "D"))
    assert deviations(early) == deviations(late) == (Deviation("wrong_order", ("C", "B"), 1, "A", "B"),)


def test_of_a_case_that_is_not_over_only_what_was_done_is_judged() -> None:
    assert told("AB", "D") == []
    assert told("AC", "D") == [("skipped", "B", 1, "A", "C")]
    assert told("AD", "D") == [("skipped", "BC", 1, "A", "D")]


def test_fitness_and_precision_are_of_finished_cases() -> None:
    found = Reference(SEQUENCE, "m").conformance(log("ABCD", "ABCD", "AD", "AB"), ("D",))
    assert found.fitness == pytest.approx(1 - 2 / (10 + 3 * 4))
    assert found.precision == 1.0
    assert list(found.deviating) == [False, False, True, False]
    assert found.judged.all()
    assert (found.knows, found.unknown, found.unmatched) == (frozenset("ABCD"), (), ())


def test_an_empty_log_is_no_trouble() -> None:
    found = Reference(SEQUENCE, "m").conformance(log())
    assert (found.fitness, found.precision, len(found.judged)) == (None, None, 0)


def test_what_was_aligned_is_not_aligned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    inner = align

    def counting(net: object, variants: dict[tuple[str, ...], int], *more: object, **named: object) -> Alignments:
        asked.append(len(variants))
        return inner(net, variants, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(reference, "align", counting)
    judge = Reference(SEQUENCE, "m")
    judge.conformance(log("ABCD", "ACBD"))
    judge.conformance(log("ABCD", "ACBD"))
    judge.conformance(log("ABCD", "AD", "ACBD"))
    assert asked == [2, 1]


def test_what_there_was_no_time_for_is_unjudged_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(_net: object, variants: dict[tuple[str, ...], int], *_: object, **__: object) -> Alignments:
        items = tuple(Alignment(path, n, None, (), None, "later", unasked=True) for path, n in variants.items())
        return Alignments(items, 4, 0, len(items), 0, 0, None)

    judge = Reference(SEQUENCE, "m")
    with monkeypatch.context() as patched:
        patched.setattr(reference, "align", late)
        found = judge.conformance(log("ABCD", "AD"))
    assert not found.judged.any()
    assert not found.deviating.any()
    assert judge.conformance(log("ABCD", "AD")).judged.all()


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"none\.bpmn: cannot be read"):
        load(tmp_path / "none.bpmn")
    file = tmp_path / "round.bpmn"
    xmlns = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    file.write_text(
        f'<definitions xmlns="{xmlns}"><process id="p"><task id="a"/><task id="b"/>'
        '<sequenceFlow id="f" sourceRef="a" targetRef="b"/><sequenceFlow id="g" sourceRef="b" targetRef="a"/>'
        "</process></definitions>"
    )
    with pytest.raises(PermanentError, match=r"round\.bpmn: process 'p': nothing in it can come first"):
        load(file)


def test_a_model_that_never_ends_is_told_with_the_element_it_stands_still_before(tmp_path: Path) -> None:
    elements = {**dict.fromkeys("AB", "task"), **ENDS, "g": "exclusiveGateway", "j": "parallelGateway"}
    drawn = model(elements, "s>g", "g>A", "g>B", "A>j", "B>j", "j>e")
    file = tmp_path / "dead.bpmn"
    file.write_text(bpmn_xml(drawn), encoding="utf-8")
    with pytest.raises(PermanentError, match=r"dead\.bpmn: process 'p': no way .* it stands still before 'j'"):
        load(file)
    sound = model({**elements, "g": "parallelGateway"}, "s>g", "g>A", "g>B", "A>j", "B>j", "j>e")
    file.write_text(bpmn_xml(sound), encoding="utf-8")
    assert load(file).name
