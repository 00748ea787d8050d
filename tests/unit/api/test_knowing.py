import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.changes import Changes
from api.knowing import KEPT, Knowing
from api.operations import Operations
from api.paging import page
from collector.vocabulary.errors import PermanentError
from mining.filters import Filters
from mining.live.register import Register
from tests.integration.api import serving


class Unwilling(Operations):
    """A record that cannot be written."""

    def record(self, *_: object, **__: object) -> object:  # type: ignore[override]
        raise OSError("disk full")


def knowing(folder: Path, kind: type[Operations] = Operations) -> Knowing:
    url = f"sqlite:///{folder / 'state.sqlite'}"
    register = Register(url)
    return Knowing(serving.shop(register, 60), register, kind(url), Changes(url), {})


def test_nothing_is_changed_that_cannot_be_recorded(tmp_path: Path) -> None:
    knows = knowing(tmp_path, Unwilling)
    finding = knows.snapshot("order").reports["en"].findings[0].id
    with pytest.raises(OSError, match="disk full"):
        knows.change_finding("li", finding, "muted", "li")
    assert knows.finding(finding, "en").status == "open"
    assert knows.finding(finding, "en").owner is None
    with pytest.raises(OSError, match="disk full"):
        knows.add_change("li", 0, "erp", "rule", None, None, None)
    assert knows.changes.latest(5) == []


def test_what_is_derived_is_made_once_and_let_go(tmp_path: Path) -> None:
    knows = knowing(tmp_path)
    snapshot = knows.snapshot("order")
    filters = Filters(channel="search")
    first = knows.arena(snapshot, filters)
    assert knows.arena(snapshot, filters) is first
    for number in range(KEPT + 1):  # as many others as are kept
        knows.derived(snapshot, ("number", number), object)
    assert knows.arena(snapshot, filters) is not first


@given(st.sets(st.tuples(st.integers(-3, 3), st.text("ab", max_size=3))), st.integers(1, 5))
def test_pages_put_together_are_the_list(keys: set[tuple[int, str]], limit: int) -> None:
    items = sorted(keys)
    found: list[tuple[int, str]] = []
    cursor = None
    while True:
        part, cursor = page(items, lambda item: item, limit, cursor)
        found += part
        if cursor is None:
            break
        # What comes in behind the cursor shifts nothing.
        assert (
            page([(-9, "new"), *items], lambda item: item, limit, cursor)[0]
            == page(items, lambda item: item, limit, cursor)[0]
        )
    assert found == items


@pytest.mark.parametrize("told", [b"[" * 5000, b"[1e3, null]", b"[true]", b"[%d]" % (1 << 64), b"{}", b"\xff"])
def test_a_cursor_that_was_not_given_out_here_is_refused(told: bytes) -> None:
    with pytest.raises(PermanentError, match="cursor"):
        page([(1,)], lambda item: item, 1, base64.urlsafe_b64encode(told).decode())
