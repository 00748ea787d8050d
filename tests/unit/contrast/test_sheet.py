"""Outcomes beside sources: the figures, and what is marked."""

import numpy as np
import numpy.typing as npt
import pytest

from mining.contrast.column import Column
from mining.contrast.sheet import Outcome, Source, source_sheet

Floats = npt.NDArray[np.float64]


def sheet(groups: list[tuple[str, Floats]], kind: str) -> dict[str, Source]:
    codes = np.repeat(np.arange(len(groups)), [len(values) for _, values in groups]).astype(np.int32)
    column = Column("channel", codes, tuple(name for name, _ in groups))
    outcome = Outcome("it", kind, np.concatenate([values for _, values in groups]))  # type: ignore[arg-type]
    return {row.value: row for row in source_sheet([column], [outcome])}


def test_shares() -> None:
    rows = sheet(
        [("live", np.repeat([1.0, 0.0, np.nan], [60, 40, 7])), ("search", np.repeat([1.0, 0.0], [30, 270]))], "share"
    )
    live, search = rows["live"].cells["it"], rows["search"].cells["it"]
    assert list(rows) == ["search", "live"]
    assert rows["live"].cases == 107
    assert (live.cases, live.value, live.others, live.differs) == (100, 0.6, 0.1, "more")
    # Wilson, as statsmodels gives it.
    assert live.interval == pytest.approx((0.502003, 0.690599), abs=1e-5)
    assert (search.value, search.others, search.differs) == (0.1, 0.6, "less")
    assert live.p_value is not None
    assert live.p_value < 1e-10


def test_medians() -> None:
    draw = np.random.default_rng(1)
    rows = sheet([("live", draw.lognormal(1, 1, 500)), ("search", draw.lognormal(0, 1, 701))], "duration")
    live, search = rows["live"].cells["it"], rows["search"].cells["it"]
    again = np.random.default_rng(1)
    assert live.value == pytest.approx(np.median(again.lognormal(1, 1, 500)))
    assert live.others == search.value == pytest.approx(np.median(again.lognormal(0, 1, 701)))
    assert live.interval is not None
    assert live.interval[0] < np.e < live.interval[1]
    assert (live.differs, search.differs) == ("more", "less")


def test_means() -> None:
    rows = sheet([("live", np.arange(100.0)), ("search", np.arange(100.0) + 100)], "money")
    live = rows["live"].cells["it"]
    assert (live.value, live.others, live.differs) == (49.5, 149.5, "less")
    error = np.arange(100.0).std(ddof=1) / 10
    assert live.interval == pytest.approx((49.5 - 1.959964 * error, 49.5 + 1.959964 * error))


@pytest.mark.parametrize("kind", ["share", "duration", "money"])
def test_alike_is_not_marked(kind: str) -> None:
    """At a false discovery rate of 0.01; in 100 sheets of five sources, one may be marked."""
    draw = np.random.default_rng(3)
    marked = 0
    for _ in range(100):
        size = draw.integers(20, 300, 5)
        values = [(draw.random(n) < 0.2).astype(float) if kind == "share" else draw.lognormal(0, 1, n) for n in size]
        found = sheet([(str(n), each) for n, each in enumerate(values)], kind)
        marked += any(row.cells["it"].differs for row in found.values())
    assert marked <= 3


@pytest.mark.parametrize("kind", ["share", "duration", "money"])
def test_far_apart_is_marked(kind: str) -> None:
    draw = np.random.default_rng(3)
    right = 0
    for _ in range(50):
        shift = [3.0, 1.0, 1.0, 1.0]
        values = [
            (draw.random(300) < 0.1 * s).astype(float) if kind == "share" else s * draw.lognormal(0, 0.5, 300)
            for s in shift
        ]
        found = sheet([(str(n), each) for n, each in enumerate(values)], kind)
        right += found["0"].cells["it"].differs == "more"
    assert right == 50


def test_a_sure_but_small_difference_is_not_marked() -> None:
    rows = sheet(
        [("a", np.repeat([1.0, 0.0], [50_000, 50_000])), ("b", np.repeat([1.0, 0.0], [52_000, 48_000]))], "share"
    )
    cell = rows["a"].cells["it"]
    assert cell.p_value is not None
    assert cell.p_value < 1e-10
    assert cell.differs is None


def test_few_and_none() -> None:
    rows = sheet([("a", np.ones(5)), ("b", np.zeros(100)), ("c", np.full(3, np.nan))], "share")
    assert (rows["a"].cells["it"].value, rows["a"].cells["it"].p_value) == (1.0, None)
    none = rows["c"].cells["it"]
    assert (none.cases, none.value, none.interval, none.p_value) == (0, None, None, None)


@pytest.mark.parametrize("kind", ["share", "duration", "money"])
def test_alone_and_unknown(kind: str) -> None:
    only = sheet([("a", np.ones(50))], kind)["a"].cells["it"]
    assert (only.value, only.others, only.differs) == (1.0, None, None)
    nothing = sheet([("a", np.full(4, np.nan))], kind)["a"].cells["it"]
    assert (nothing.value, nothing.cases) == (None, 0)


def test_a_choice_of_cases_and_unknown_sources() -> None:
    column = Column("channel", np.array([0, 0, 1, -1, 1], np.int32), ("live", "search"))
    outcome = Outcome("it", "share", np.array([1.0, 0, 1, 1, 0]))
    rows = source_sheet([column], [outcome], np.array([True, False, True, True, True]))
    assert [(row.value, row.cases, row.cells["it"].value) for row in rows] == [("search", 2, 0.5), ("live", 1, 1.0)]


def test_of_very_many_sources_the_largest_are_shown() -> None:
    codes = np.concatenate([np.arange(300), np.zeros(50)]).astype(np.int32)
    column = Column("shop", codes, tuple(str(n) for n in range(300)))
    rows = source_sheet([column], [Outcome("it", "duration", np.arange(350.0))])
    assert len(rows) == 100
    assert (rows[0].value, rows[0].cases) == ("0", 51)
    # The others are all others, those not shown as well.
    assert rows[0].cells["it"].others == pytest.approx(np.median(np.arange(1, 300)))
