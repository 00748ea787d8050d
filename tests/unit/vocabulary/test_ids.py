from hypothesis import given
from hypothesis import strategies as st

from collector.vocabulary.ids import stable_id


def test_an_id_stays_the_same_over_versions() -> None:
    assert stable_id("order", "bottleneck", "waiting") == "d4ee15c4e6f3654f"


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_give_different_ids(one: list[str], other: list[str]) -> None:
    assert (stable_id(*one) == stable_id(*other)) == (one == other)
