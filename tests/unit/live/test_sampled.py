"""Sampled sources: said in the report, and nothing told that sampling fakes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.store.manifest import Changes
from mining.findings import FAKED_BY_SAMPLING, detect
from mining.live.knowledge import Snapshot
from mining.sampling import mark_sampled
from tests.helpers import HOUR, event
from tests.unit.findings.shop import look, shop
from tests.unit.live.test_miner import House

SAMPLED = json.dumps({"spans": 1000, "marked": 900, "shares": 90.0, "traces": 0, "broken": 0})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.manifest.close()
    made.register.close()


def told(house: House) -> Snapshot:
    assert house.miner.round()
    found = house.knowledge.snapshot("test")
    assert found is not None
    return found


def test_the_report_says_that_a_source_is_sampled(house: House) -> None:
    house.commit(event("1", "a", house.now - HOUR, event_id="1", system="shop"))
    assert not told(house).reports["en"].quality.sampled
    house.manifest.commit([], 2, 2, Changes(state={"sampling:shop": SAMPLED, "sampling:other": SAMPLED}))
    house.commit(event("1", "b", house.now, event_id="2", system="shop"))
    after = told(house).reports
    assert after["en"].quality.sampled
    assert any("spans of shop come sampled" in note for note in after["en"].quality.notes)
    assert any("shop 的 span 经过采样" in note for note in after["zh-CN"].quality.notes)


def test_a_sampled_service_elsewhere_changes_nothing(house: House) -> None:
    house.manifest.commit([], 1, 1, Changes(state={"sampling:other": SAMPLED}))
    house.commit(event("1", "a", house.now, event_id="1", system="shop"))
    assert not told(house).reports["en"].quality.sampled


def test_what_sampling_fakes_is_held_back() -> None:
    view = look(*shop(1, stuck=lambda n: n % 100 == 7))
    before = detect(view)
    systems = view.arena.names["system"] or ("none",)
    arena = mark_sampled(replace(view.arena, names={**view.arena.names, "system": systems}), {systems[0]})
    after = detect(replace(view, arena=arena))
    assert {fact.name for fact in before} & FAKED_BY_SAMPLING
    assert [fact.name for fact in after] == [fact.name for fact in before if fact.name not in FAKED_BY_SAMPLING]
