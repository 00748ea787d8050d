"""A large log shows the snapshot whose groundwork is done while that of a newer one is under way."""

import threading

import pytest

from api import readiness
from api.readiness import STALE, Readiness
from mining.arena import Arena
from mining.choosing import Choosable
from mining.config import ProcessConfig
from mining.live.knowledge import Snapshot
from tests.helpers import log


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def snapshot(*cases: str) -> Snapshot:
    return Snapshot(ProcessConfig("test", "case"), log(*cases), (), 0, {})


def test_a_small_log_is_always_shown_as_it_is() -> None:
    ready = Readiness()
    for newest in (snapshot("ab"), snapshot("ab", "b")):
        assert ready.of(newest).snapshot is newest
        assert ready.choosable(newest).arena is newest.arena


def test_a_large_one_is_shown_as_it_was_until_the_next_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, go = Clock(), threading.Event()

    def slowly(arena: Arena) -> Choosable:
        assert go.wait(10)
        clock.now += 1  # it takes a second
        return Choosable(arena)

    monkeypatch.setattr(readiness, "SMALL", 0)
    monkeypatch.setattr(readiness, "Choosable", slowly)
    go.set()
    ready, first, second = Readiness(clock), snapshot("ab"), snapshot("ab", "b")
    assert ready.of(first).snapshot is first
    assert ready.of(second).snapshot is first  # it rests
    go.clear()
    clock.now += readiness.REST
    assert ready.of(second).snapshot is first  # it has begun
    go.set()
    clock.now += STALE
    assert ready.of(second).snapshot is second  # too old to be shown: worth waiting for
    # Who still holds the one before gets what belongs to it.
    assert ready.choosable(first).arena is first.arena
    assert ready.choosable(second).arena is second.arena
