"""Figures of a choice of cases are those of an arena that has only these cases, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining import choosing
from mining.arena import Arena
from mining.choosing import Choosable, Flags, Ways, figures
from mining.config import ProcessConfig
from mining.figures import By, odd_cases
from mining.filters import take
from mining.part import part_of
from mining.report import Report
from mining.reporting import tables
from mining.summary.exact import exact
from mining.summary.tallying import summarise
from mining.waiting.enabling import rule_of, with_free
from tests.helpers import arena, event
from tests.property.mining.choices import unhurried

CONFIG = ProcessConfig(process="test", leading="case", end_activities=("b",))
WORD = st.none() | st.sampled_from(["x", "y", "审核"])


@st.composite
def arenas(draw: st.DrawFn) -> Arena:
    """Overlaps or ends only, equal times, missing words, some with enabling times."""
    recorded, lasting = draw(st.booleans()), draw(st.booleans())
    rows = []
    for number in range(draw(st.integers(0, 25))):
        start = draw(st.integers(0, 60))
        rows.append(
            event(
                f"c{draw(st.integers(0, 6))}",
                draw(st.sampled_from("abc")),
                start * 7919,
                (start + (draw(st.integers(0, 12)) if lasting else 0)) * 7919,
                event_id=str(number),
                actor=draw(WORD),
                role=draw(WORD),
                system=draw(WORD),
                module=draw(WORD),
                error=draw(WORD),
                enabled=draw(st.none() | st.integers(-5, 60 * 7919)) if recorded else None,
            )
        )
    return arena(rows)


def slowly(log: Arena, keep: Flags, by: By, odd: Flags) -> Report:
    """The same by way of a copy and a summary."""
    small = take(log, keep)
    summary = summarise(part_of(small), small.names)
    whole = with_free(part_of(log), log.names)
    part = part_of(small)
    if whole.free is not None:
        part = replace(part, free=whole.free[np.repeat(keep, np.diff(log.offsets))])
    odd_ones = odd_cases(summary, part_of(take(log, keep & odd)))
    found = exact(summary, [(part, small.names)], rule=rule_of(whole))
    return tables(summary, found, "test", CONFIG, small.quality, by, odd_ones)


def fast(chosen: Choosable, keep: Flags | None, by: By, odd: Flags) -> Report:
    variants = Ways(chosen, keep, odd)
    assert variants.plain() == [(variant.path, variant.cases, variant.deviating) for variant in variants]
    return replace(figures(chosen, keep, CONFIG, by), variants=tuple(variants[:]))


@unhurried
@given(data=st.data(), log=arenas(), by=st.sampled_from(["role", "actor"]))
def test_a_choice_has_the_figures_of_its_cases(data: st.DataObject, log: Arena, by: By) -> None:
    flags = st.lists(st.booleans(), min_size=log.cases, max_size=log.cases).map(lambda some: np.array(some, np.bool_))
    keep, odd = data.draw(flags), data.draw(flags)
    chosen = Choosable(log)
    wanted = slowly(log, keep, by, odd)
    assert fast(chosen, keep, by, odd) == wanted
    if keep.all():
        assert fast(chosen, None, by, odd) == wanted


@unhurried
@given(log=arenas())
def test_words_without_room_for_all_their_pairs_are_summarised(log: Arena) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "MOST_ACTIVITIES", -1)
        chosen = Choosable(log)
        assert not chosen.fits
        keep = np.arange(log.cases) % 2 == 0
        assert fast(chosen, keep, "role", keep) == slowly(log, keep, "role", keep)


def test_many_threads_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        event(f"c{i % 97}", "abc"[i % 3], i * 1000, i * 1000 + i % 700, event_id=str(i), role="xy"[i % 2])
        for i in range(999)
    ]
    log = arena(rows)
    keep = np.arange(log.cases) % 3 > 0
    once = figures(Choosable(log), keep, CONFIG)
    monkeypatch.setattr(choosing, "workers", lambda *_: 3)
    assert figures(Choosable(log), keep, CONFIG) == once
