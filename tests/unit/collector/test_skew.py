import random

import numpy as np
import pytest

from collector.skew import Skew, corrections, estimate, from_state, pair_skew
from tests.unit.collector.spans import request, span
from tests.unit.suggest.tables import spans_table


def calls(ahead: float, count: int = 40) -> list[bytes]:
    """Calls of 1 s with some network, the server's clock `ahead` by seconds."""
    rng = random.Random(1)
    bodies = []
    for n in range(1, count):
        net = 0.01 + rng.random() * 0.02
        client = span(n, 1, "call", start=n * 10, end=n * 10 + 1, kind=3)
        server = span(n, 2, "serve", 1, start=n * 10 + net + ahead, end=n * 10 + 1 - net + ahead, kind=2)
        bodies += [request(client, service="a"), request(server, service="b")]
    return bodies


@pytest.mark.parametrize("ahead", [-30.0, -0.5, 0.0, 0.5, 3600.0])
def test_the_offset_is_found(ahead: float) -> None:
    (found,) = estimate(spans_table(calls(ahead)))
    assert (found.client, found.server) == ("a", "b")
    assert abs(found.offset - ahead * 1e6) <= found.bound
    assert found.bound < 40_000
    assert found.plausible is (ahead == 0.0)


def test_single_slow_calls_change_nothing() -> None:
    early = np.array([-1000] * 20 + [-9_000_000])
    late = np.array([1000] * 20 + [50_000_000])
    assert abs(pair_skew("a", "b", early, late).offset) <= 1


def test_corrections_go_by_the_graph() -> None:
    pairs = [
        Skew("web", "shop", 500_000, 1000, 90),
        Skew("shop", "bank", -200_000, 1000, 40),
        Skew("web", "bank", 900_000, 800_000, 3),
        Skew("shop", "near", 500, 1000, 40),
        Skew("x", "y", 7_000, 10, 5),
    ]
    assert corrections(pairs, "web") == {
        "web": 0,
        "shop": -500_000,
        "bank": -300_000,
        "near": -500_000,
        "x": 0,
        "y": -7_000,
    }
    # The service with the most calls is the reference where none is named.
    assert corrections(pairs)["shop"] == 0


def test_state_is_read_as_written() -> None:
    each = Skew("a", "c", 5, 2, 9)
    assert from_state(dict([each.state()])) == [each]
