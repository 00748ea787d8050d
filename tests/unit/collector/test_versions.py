"""When a service's version counts as changed."""

import json
import random

from collector.converter.versions import KEPT, SETTLED, Versions

MINUTE = 60_000_000
START = 1_772_359_200_000_000


def history(versions: Versions, service: str = "shop") -> list[tuple[str, int]]:
    found = json.loads(versions.changed.get(f"version:{service}", "[]"))
    return [(version, (time - START) // MINUTE) for version, time in found]


def after(*spans: tuple[str, float]) -> list[tuple[str, int]]:
    versions = Versions({})
    for version, minute in spans:
        versions.seen("shop", version, START + int(minute * MINUTE))
    return history(versions)


def test_the_first_and_the_next() -> None:
    assert after(("1", 0), ("1", 5)) == [("1", 0)]
    assert after(("1", 0), ("2", 5), ("2", 6)) == [("1", 0), ("2", 5)]


def test_a_rolling_release_is_one_change() -> None:
    spans = [(random.Random(n).choice("12"), n / 10) for n in range(100, 400)]
    assert [version for version, _ in after(("1", 0), *spans, *(("2", n) for n in range(40, 60)))] == ["1", "2"]


def test_late_spans_of_the_old_version_are_none() -> None:
    late = [("1", n) for n in range(1, 30)]
    assert after(("1", 0), ("2", 30), ("2", 31), *late) == [("1", 0), ("2", 30)]
    # Neither is what was never seen and is older than all.
    assert after(("2", 30), ("1", 10)) == [("2", 30)]


def test_a_version_that_comes_back_is_a_change_from_its_first_span_on() -> None:
    back = [("1", n) for n in range(21, 40)]
    assert after(("1", 0), ("2", 10), ("2", 20), *back) == [("1", 0), ("2", 10), ("1", 21)]
    assert after(("1", 0), ("2", 10), ("2", 20), ("1", 21), ("2", 22), ("1", 32)) == [("1", 0), ("2", 10)]
    again = [*back, ("2", 41), ("2", 52)]
    assert after(("1", 0), ("2", 10), ("2", 20), *again) == [("1", 0), ("2", 10), ("1", 21), ("2", 41)]
    # In whatever order they come; but for the time, which is that of the earliest so far.
    mixed = list(back)
    random.Random(1).shuffle(mixed)
    found = after(("1", 0), ("2", 10), ("2", 20), *mixed)
    assert [version for version, _ in found] == ["1", "2", "1"]
    assert 21 <= found[-1][1] < 30


def test_what_is_known_is_no_change_after_a_restart() -> None:
    versions = Versions({})
    versions.seen("shop", "1", START)
    versions.seen("shop", "2", START + MINUTE)
    versions.seen("", "2", START)
    versions.seen("crm", "", START)
    assert set(versions.changed) == {"version:shop"}
    again = Versions(versions.changed)
    again.seen("shop", "2", START + 2 * MINUTE)
    again.seen("shop", "1", START + 30_000_000)
    assert again.changed == {}
    again.seen("shop", "3", START + SETTLED)
    assert [version for version, _ in history(again)] == ["1", "2", "3"]


def test_the_history_is_bounded() -> None:
    versions = Versions({})
    for number in range(3 * KEPT):
        versions.seen("shop", str(number), START + number * MINUTE)
    assert len(history(versions)) == KEPT
    assert history(versions)[-1] == (str(3 * KEPT - 1), 3 * KEPT - 1)
