import pytest

from mining.arena import Arena
from mining.filters import Filters, select, variant_id
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event, log

LOG = log("abc", "ab", "ab", "c", roles={"a": "clerk", "c": "boss"}, systems={"b": "crm"})
END = T0 + 2 * MINUTE + HOUR


def chosen(found: Arena) -> list[str]:
    return [str(case) for case in found.case_ids.to_pylist()]


def test_no_filter_gives_the_arena_itself() -> None:
    assert select(LOG, Filters()) is LOG
    assert select(LOG, Filters(from_=T0)) is LOG


@pytest.mark.parametrize(
    ("filters", "cases"),
    [
        (Filters(activity="c"), ["c000", "c003"]),
        (Filters(activity="nothing"), []),
        (Filters(role="clerk"), ["c000", "c001", "c002"]),
        (Filters(system="crm", role="boss"), ["c000"]),
        (Filters(channel="web"), []),
        (Filters(platform="web"), []),
        (Filters(from_=T0 + DAY), ["c001", "c002", "c003"]),
        (Filters(to=T0 + DAY), ["c000"]),
        (Filters(from_=T0 + DAY + HOUR + 2 * MINUTE), ["c001", "c002", "c003"]),
        (Filters(from_=T0 + DAY + HOUR + 2 * MINUTE + 1), ["c002", "c003"]),
        (Filters(variant=variant_id(("a", "b"))), ["c001", "c002"]),
        (Filters(variant="no such"), []),
        (Filters(min_share=0.5), ["c001", "c002"]),
        (Filters(min_share=0.51), []),
        (Filters(min_share=0.5, activity="c"), ["c000", "c003"]),
    ],
)
def test_cases_that_fit_are_kept_whole(filters: Filters, cases: list[str]) -> None:
    found = select(LOG, filters)
    assert chosen(found) == cases
    assert found.events == sum({"c000": 3, "c001": 2, "c002": 2, "c003": 1}[case] for case in cases)
    assert found.events == len(found.event_ids) == found.offsets[-1]


def test_filters_compose() -> None:
    one, other = Filters(role="clerk"), Filters(from_=T0 + DAY, to=T0 + 2 * DAY)
    both = Filters(role="clerk", from_=T0 + DAY, to=T0 + 2 * DAY)
    assert chosen(select(select(LOG, one), other)) == chosen(select(select(LOG, other), one)) == ["c001"]
    assert chosen(select(LOG, both)) == ["c001"]


def test_everything_goes_along() -> None:
    rows = [
        event("x", "a", 0, 9, fields={"k": "1"}, trace_id="t1", amount=1, enabled=0),
        event("x", "b", 5, 6, fields={"k": "2"}, trace_id="t2", amount=2),
        event("y", "a", 7, fields={"k": "3"}, error="lost", amount=3),
    ]
    found = select(arena(rows), Filters(activity="b"))
    assert found.fields["k"].to_pylist() == ["1", "2"]
    assert found.trace_ids.to_pylist() == ["t1", "t2"]
    assert found.amount.tolist() == [1, 2]
    assert found.objects is not None
    assert len(found.objects) == 2
    assert found.quality.overlaps == 1
    assert not found.error.any()
    assert chosen(select(found, Filters(activity="a", min_share=1.0))) == ["x"]
