from pathlib import Path

import pytest

from collector.vocabulary.errors import PermanentError
from mining.live.register import Register, State


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.sqlite'}"


def test_first_seen_stays_and_last_seen_moves_over_restarts(url: str) -> None:
    register = Register(url)
    assert register.seen(["a", "b"], 10) == {"a": State(10, 10, "open", None), "b": State(10, 10, "open", None)}
    register.close()
    again = Register(url)
    assert again.seen(["a"], 20) == {"a": State(10, 20, "open", None)}
    assert again.state("b") == State(10, 10, "open", None)
    again.close()


def test_a_change_gives_before_and_after(url: str) -> None:
    register = Register(url)
    register.seen(["a"], 1)
    before, after = register.change("a", status="acknowledged", owner="li")
    assert (before.status, before.owner) == ("open", None)
    assert (after.status, after.owner) == ("acknowledged", "li")
    assert register.change("a", status="muted")[1].owner == "li"
    register.close()


def test_what_cannot_be_changed_says_why(url: str) -> None:
    register = Register(url)
    with pytest.raises(PermanentError, match="finding x: not known"):
        register.change("x", status="muted")
    register.seen(["a"], 1)
    with pytest.raises(PermanentError, match="'gone' is none of open"):
        register.change("a", status="gone")
    register.close()
