"""Field errors: missing, malformed, of another size, differing; sparse fields, text, ids and new channels are none."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from mining.findings._field_values import field_values, odd_numbers
from mining.findings.facts import View
from mining.findings.field_error import field_error
from mining.settings import MiningSettings
from mining.story.sentences import sentences
from mining.story.suggestions import suggestions
from mining.story.tell import severity
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event
from tests.unit.findings.shop import look

DAYS, A_DAY = 14, 80
Order = dict[str, Any]
"""number, at (µs), platform, late (whether after the seventh day)."""
Filling = Callable[[Order, np.random.Generator], Mapping[str, str | None]]


def orders(filled: Filling, failing: float = 0.02, **columns: Callable[[Order, np.random.Generator], Any]) -> View:
    """Orders placed with the fields that `filled` gives, packed, delivered; a wrong `phone` fails more often."""
    draw = np.random.default_rng(11)
    rows = []
    for number in range(DAYS * A_DAY):
        at = T0 + number * DAY // A_DAY
        platform = ("web", "ios", "android")[int(draw.integers(3))]
        order = {"number": number, "at": at, "platform": platform, "late": at >= T0 + 7 * DAY}
        case = f"c{number:05d}"
        fields = {name: value for name, value in filled(order, draw).items() if value is not None}
        more = {name: made(order, draw) for name, made in columns.items()}
        rows.append(event(case, "Place", at, system="web", module="checkout", platform=platform, fields=fields, **more))
        rows.append(event(case, "Pack", at + 2 * HOUR, system="depot", platform=platform))
        good = len(fields.get("phone", "")) == 11
        goes = 1 + (draw.random() < (0.02 if good else failing))
        for go in range(goes):
            error = "nobody there" if go < goes - 1 else None
            rows.append(event(case, "Deliver", at + (20 + go * 24) * HOUR + MINUTE, platform=platform, error=error))
    found = arena(rows)
    return look(found, int(found.end.max()))


def phone(draw: np.random.Generator) -> str:
    return f"13{int(draw.integers(10**9)):09d}"


def fine(order: Order, draw: np.random.Generator) -> dict[str, str | None]:
    """Fields as they should be: always there, sparse, text, ids, a list."""
    return {
        "phone": phone(draw),
        "coupon": f"C{int(draw.integers(900))}" if draw.random() < 0.2 else None,
        "note": " ".join("abcdef"[: int(n)] for n in draw.integers(1, 6, int(draw.integers(1, 8)))),
        "order.no": str(95_000 + order["number"] * 7),
        "method": ("card", "wallet", "transfer")[int(draw.integers(3))],
        "weight": f"{float(draw.lognormal(0, 0.8)):.2f}",
        "service.version": "2.0" if order["late"] else "1.9",
    }


def test_nothing_is_told_of_fields_as_they_should_be() -> None:
    assert field_error(orders(fine)) == []


def changed(share: float, value: Callable[[np.random.Generator], str | None], name: str = "phone") -> Filling:
    def fill(order: Order, draw: np.random.Generator) -> Mapping[str, str | None]:
        bad = order["late"] and order["platform"] == "ios" and draw.random() < share
        return {**fine(order, draw), **({name: value(draw)} if bad else {})}

    return fill


@pytest.mark.parametrize(
    ("value", "sort"),
    [
        (lambda _: None, "missing"),
        (lambda d: phone(d)[:3] + "****", "malformed"),
        (lambda d: phone(d)[:8], "malformed"),
    ],
    ids=["missing", "masked", "cut"],
)
def test_what_an_app_sends_since_a_day_is_told_with_its_harm(
    value: Callable[[np.random.Generator], str | None], sort: str
) -> None:
    view = orders(changed(0.9, value), failing=0.4)
    (fact,) = field_error(view)
    assert fact.subject == {"activity": "Place", "field": "phone", "system": "web", "module": "checkout"}
    assert fact.figures["sort"] == sort
    assert fact.since is not None
    assert abs(fact.since - (T0 + 7 * DAY)) < DAY
    assert fact.segment[0][:2] == ("platform", "ios")
    assert fact.figures["errors_later"] is not None
    assert severity(fact, MiningSettings()) == "warning"
    assert all(len(view.arena.fields["phone"][row].as_py() or "") != 11 for row in fact.example_rows)
    title, story = sentences(fact, view, "en")
    assert title.startswith("Place: phone is ")
    assert "meet an error later" in story
    assert "后续报错" in sentences(fact, view, "zh-CN")[1]
    assert [each.lever for each in suggestions(fact, "en")] == ["undo_change", "check_field", "mend_records"]


def test_part_of_one_place_from_the_beginning() -> None:
    def fill(order: Order, draw: np.random.Generator) -> Mapping[str, str | None]:
        bad = order["platform"] == "android" and draw.random() < 0.3
        return {**fine(order, draw), **({"phone": None} if bad else {})}

    (fact,) = field_error(orders(fill))
    assert fact.since is None
    assert fact.segment[0][:2] == ("platform", "android")
    assert severity(fact, MiningSettings()) == "warning"


def test_another_unit() -> None:
    view = orders(changed(1.0, lambda d: f"{1000 * float(d.lognormal(0, 0.8)):.0f}", "weight"))
    (fact,) = field_error(view)
    assert (fact.subject["field"], fact.figures["sort"]) == ("weight", "range")
    assert "another unit" in sentences(fact, view, "en")[1]


def test_amounts_are_fields_as_well() -> None:
    def amount(order: Order, draw: np.random.Generator) -> int:
        cents = int(10_000 * float(draw.lognormal(0, 0.6)))
        return cents // 100 if order["late"] and order["platform"] == "web" else cents

    (fact,) = field_error(orders(fine, amount=amount))
    assert (fact.subject["field"], fact.figures["sort"]) == ("amount", "range")


def test_a_value_that_gets_lost_on_the_way() -> None:
    draw = np.random.default_rng(2)
    rows = []
    for number in range(DAYS * A_DAY):
        at, case, sku = T0 + number * DAY // A_DAY, f"c{number}", f"K-{int(draw.integers(5000)):04d}"
        late = at >= T0 + 6 * DAY
        other = f"K-{int(draw.integers(5000)):04d}" if late and draw.random() < 0.1 else sku
        rows.append(event(case, "Place", at, system="web", fields={"sku": sku}))
        rows.append(event(case, "Pick", at + HOUR, system="depot", fields={"sku": other}))
    found = arena(rows)
    view = look(found, int(found.end.max()))
    (fact,) = field_error(view)
    assert fact.subject == {"activity": "Pick", "field": "sku", "system": "depot"}
    assert fact.figures["sort"] == "differs"
    assert "differs from the step before" in sentences(fact, view, "en")[0]


def test_what_nobody_sends_any_more_may_be_meant_so() -> None:
    def fill(order: Order, draw: np.random.Generator) -> Mapping[str, str | None]:
        return {**fine(order, draw), **({"method": None} if order["late"] else {})}

    view = orders(fill)
    (fact,) = field_error(view)
    assert severity(fact, MiningSettings()) == "info"
    assert "It may be meant so" in sentences(fact, view, "en")[1]


def test_a_new_channel_without_the_field_is_no_warning() -> None:
    def fill(order: Order, draw: np.random.Generator) -> Mapping[str, str | None]:
        return {**fine(order, draw), **({"phone": None} if order["late"] and order["number"] % 6 == 0 else {})}

    def channel(order: Order, draw: np.random.Generator) -> str:
        return "kiosk" if order["late"] and order["number"] % 6 == 0 else "app"

    found = field_error(orders(fill, channel=channel))
    assert all(severity(fact, MiningSettings()) == "info" for fact in found)


def test_a_form_that_never_had_the_field_is_no_error() -> None:
    def fill(order: Order, draw: np.random.Generator) -> Mapping[str, str | None]:
        return {**fine(order, draw), **({"phone": None} if order["platform"] == "web" else {})}

    assert field_error(orders(fill)) == []


def test_ids_grow_and_lists_get_new_words() -> None:
    def fill(order: Order, draw: np.random.Generator) -> Mapping[str, str | None]:
        new = "pay-later 24" if order["late"] and draw.random() < 0.3 else "card"
        return {**fine(order, draw), "order.no": str(99_000 + order["number"] * 2), "method": new}

    assert field_error(orders(fill)) == []


@pytest.mark.parametrize("seed", range(5))
def test_fields_at_random_are_hardly_ever_errors(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(900):
        fields = {f"f{i}": str(int(draw.integers(10**i))) for i in range(1, 9) if draw.random() > 0.01 * i}
        at = T0 + number * DAY // 60
        where: dict[str, Any] = {"channel": "abc"[int(draw.integers(3))], "device": f"d{int(draw.integers(9))}"}
        rows.append(event(f"c{number}", "A", at, fields=fields, **where))
        rows.append(event(f"c{number}", "B", at + HOUR, fields=fields, **where))
    found = arena(rows)
    assert field_error(look(found, int(found.end.max()))) == []


def test_shapes_and_numbers_of_values() -> None:
    words = ["138-00", "王 5", "  ", "-2.50", "x1e5", "1e3"]
    found = arena([event(f"c{i}", "A", T0 + i, fields={"f": word}) for i, word in enumerate(words)])
    values = field_values(found, "f")
    assert values is not None
    assert [values.shapes[code] if code >= 0 else None for code in values.shape] == [
        "999-99",
        "a 9",
        None,
        "-9.99",
        "a9a9",
        "9a9",
    ]
    assert values.number is None
    assert field_values(arena([event("c", "A", T0, fields={"f": " "})]), "f") is None
    numbers = field_values(arena([event(f"c{i}", "A", T0 + i, fields={"f": str(i)}) for i in range(20)]), "f")
    assert numbers is not None
    assert numbers.number is not None
    assert sorted(numbers.number.tolist()) == list(range(20))


def test_odd_numbers() -> None:
    values = np.array([*np.linspace(90, 110, 200), 9_000.0, -100.0, np.nan, 0.0, 400.0])
    odd = odd_numbers(values, np.ones(len(values), np.bool_))
    assert np.flatnonzero(odd).tolist() == [200, 201]
    assert not odd_numbers(np.full(3, np.nan), np.ones(3, np.bool_)).any()
