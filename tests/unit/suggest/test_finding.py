"""A hidden mapping is found again: in the demo's traffic and in other domains', with names and without."""

from datetime import UTC, datetime

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from collector.demo import history
from collector.suggest.proposal import propose
from collector.suggest.rehearsal import rehearse
from collector.vocabulary.errors import PermanentError
from tests.unit.collector.spans import request, span
from tests.unit.demo.reading import mapping
from tests.unit.suggest.renaming import Renamer
from tests.unit.suggest.shapes import SHAPES, hospital
from tests.unit.suggest.truth import score

NOW = datetime(2026, 3, 18, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize("disguise", ["plain", "letters", "digits"])
def test_the_demos_mapping_is_found(disguise: str) -> None:
    plain = [encode_spans(batch).SerializeToString() for batch in history(7, 10, 300, now=NOW) if batch]
    truth = rehearse(plain, *mapping())
    sent = plain if disguise == "plain" else Renamer(7, digits=disguise == "digits").requests(plain)
    proposal = propose(sent)
    found = score(truth, rehearse(sent, proposal.mapping, proposal.processes))
    assert found.least >= 0.9, found


@pytest.mark.parametrize("disguise", ["plain", "digits"])
@pytest.mark.parametrize("shape", SHAPES)
def test_other_shapes_are_found(shape: str, disguise: str) -> None:
    plain, rules, processes = SHAPES[shape](3)
    truth = rehearse(plain, rules, processes)
    sent = plain if disguise == "plain" else Renamer(3, digits=True).requests(plain)
    proposal = propose(sent)
    found = score(truth, rehearse(sent, proposal.mapping, proposal.processes))
    assert found.least >= 0.9, found


def test_people_and_circumstances_of_the_hospital() -> None:
    found = propose(hospital(5)[0])
    assert found.people.actors == [("staff", "nurse"), ("user", "patient")]
    assert found.people.role == ["duty"]
    assert found.people.channel == ["urgency"]
    assert {each.attribute for each in found.mapping.objects} == {"ticket.no", "case_ref", "db.param.0"}


def test_people_and_circumstances_of_the_demo() -> None:
    plain = [encode_spans(batch).SerializeToString() for batch in history(7, 10, 600, now=NOW) if batch]
    found = propose(plain)
    assert found.people.actors == [("staff", "user.id"), ("device", "device.id"), ("user", "enduser.pseudo.id")]
    assert found.people.role == ["user.roles"]
    assert (found.people.channel, found.people.platform) == (["shop.channel"], ["shop.platform"])
    assert found.people.amount == ["order.amount"]
    assert {(tie.kind.name, tie.to.name) for tie in found.ties} == {("payment", "order"), ("shipment", "order")}


def test_traffic_without_keys_proposes_no_process() -> None:
    beats = [request(*(span(n, 1, "healthz", start=n, kind=2, x_id=f"{n:032x}") for n in range(1, 200)))]
    found = propose(beats)
    assert not found.processes
    assert not found.mapping.activities


def test_no_spans_are_told() -> None:
    with pytest.raises(PermanentError, match="no spans"):
        propose([request()])
