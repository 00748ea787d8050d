"""Who stands above and below whom, whatever comes when; and a trace that never ends."""

import random
from pathlib import Path

import pytest

from collector.converter import window as window_module
from collector.converter.span import Source, Span
from collector.converter.window import Window
from tests.unit.collector.spans import Bench, event_id, request, span

NOWHERE = Source("shop", {}, "{}")


def whole(number: int, parent: int) -> Span:
    above = parent.to_bytes(8, "big") if parent else b""
    return Span(bytes(16), number.to_bytes(8, "big"), above, "x", "internal", 0, 0, False, NOWHERE, "", {})


@pytest.mark.parametrize("seed", range(20))
def test_asked_after_every_piece_it_knows_what_it_would_know_asked_at_the_end(seed: int) -> None:
    chance = random.Random(seed)
    parents = {number: chance.randrange(number) for number in range(1, 120)}
    telling = {number for number in parents if chance.random() < 0.6}
    order = list(parents)
    chance.shuffle(order)
    asked, here = Window(), set()
    while order:
        piece = [order.pop() for _ in range(min(len(order), chance.randint(1, 9)))]
        here.update(piece)
        ids = b"".join(number.to_bytes(8, "big") for number in piece)
        above = b"".join(parents[number].to_bytes(8, "big") for number in piece)
        asked.add(bytes(16), (ids, above), [whole(each, parents[each]) for each in piece if each in telling])
        for number in sorted(here & telling):
            line: list[int] = []
            at = parents[number]
            while at in here:
                line, at = [*line, at], parents[at]
            found, reaches = asked.ancestors(whole(number, parents[number]))
            assert [int.from_bytes(each.span_id, "big") for each in found] == [each for each in line if each in telling]
            assert reaches == (at == 0)
        for number in sorted(here):
            below: dict[int, set[int]] = {}
            for other in here & telling:
                at, distance = parents[other], 1
                while at in here and at != number:
                    at, distance = parents[at], distance + 1
                if at == number:
                    below.setdefault(distance, set()).add(other)
            levels = [
                {int.from_bytes(each.span_id, "big") for each in level}
                for level, _ in asked.descendants(whole(number, parents[number]))
            ]
            assert levels == [below[distance] for distance in sorted(below)]


def test_a_trace_that_never_ends_leaves_and_nothing_of_it_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_module, "_MAX_TRACE", 20)
    bench = Bench(tmp_path)
    bench.send(request(span(9, 1, "work", order_id="Z")))
    for first in range(2, 101, 7):
        # The root never ends, so every event waits.
        bench.send(request(*(span(1, n, "work", n - 1, order_id=f"o{n}") for n in range(first, first + 7))))
        assert bench.converter._mapper._window.spans <= 28
    assert bench.converter._mapper._window.get((bytes(15) + b"\x09", bytes(7) + b"\x01")) is not None
    bench.later()
    assert sorted(bench.events()) == sorted([event_id(9, 1), *(event_id(1, n) for n in range(2, 107))][:107])
    bench.converter.close()
