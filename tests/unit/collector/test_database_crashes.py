"""Rows change at random between pulls, the process dies at random places; what the log holds is what happened."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from collector.sources.database.recorder import Recorder
from collector.sources.database.state import Changes, State
from tests.unit.collector.database import SECOND, Shop, events

KEYS = st.integers(0, 12)
STATES = st.sampled_from(["new", "paid", "shipped"])


class Crash(BaseException):
    """The process is gone."""


@contextmanager
def dying(place: str, at: int) -> Iterator[None]:
    """The process dies when it comes to `place` for the `at`th time: before or after the commit, or the log's."""
    left = [at]

    def die() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Crash

    save, sent, keep = State.save, State.sent, Recorder.keep

    def dying_save(self: State, changes: Changes) -> None:
        if place == "before the commit" and changes.bodies:
            die()
        save(self, changes)
        if place == "after the commit" and changes.bodies:
            die()

    def dying_sent(self: State, number: int) -> None:
        if place == "before it is marked":
            die()
        sent(self, number)

    def dying_keep(self: Recorder, changes: Changes, told: Any) -> None:
        keep(self, changes, told)
        if place == "after a page":
            die()

    with (
        patch.object(State, "save", dying_save),
        patch.object(State, "sent", dying_sent),
        patch.object(Recorder, "keep", dying_keep),
    ):
        yield


class Crashes(RuleBasedStateMachine):
    @initialize(batch=st.integers(1, 4), cursor=st.sampled_from(["updated_at", None]))
    def begin(self, batch: int, cursor: str | None) -> None:
        self.folder = Path(tempfile.mkdtemp())
        table = {
            "name": "orders",
            "key": ["id"],
            "cursor": cursor,
            "batch_rows": batch,
            "overlap_seconds": 10,
            "deletions": {"every_seconds": 1, "hold_seconds": 0, "suspicious_share": 1.0},
        }
        self.shop = Shop(self.folder, [table])
        self.time = 0
        self.history: dict[int, list[tuple[str, Any] | None]] = {}
        self.now: dict[int, tuple[str, Any]] = {}
        self.pulled: dict[int, tuple[str, Any]] = {}
        self.crashed = False

    @rule(key=KEYS, status=STATES, late=st.integers(0, 9), same=st.booleans())
    def write(self, key: int, status: str, late: int, same: bool) -> None:
        """A row comes or changes; it may be committed late, or in the same second as the one before."""
        self.time += 0 if same else 1
        # Not later than the window that is read again.
        at = f"2026-01-01 00:{(self.time - late) // 60 + 10:02}:{(self.time - late) % 60:02}"
        self.shop.sql.execute("insert or replace into orders values (?, ?, ?, ?)", (key, status, 1, at))
        self.now[key] = (status, at)
        self.history.setdefault(key, []).append(self.now[key])

    @rule(key=KEYS)
    def remove(self, key: int) -> None:
        if self.now.pop(key, None) is not None:
            self.shop.sql.execute("delete from orders where id = ?", (key,))
            self.history[key].append(None)

    @rule()
    def pull(self) -> None:
        """Without a crash, exactly what has changed since the last pull is told."""
        told = self.shop.pull(100)
        if not self.crashed:
            expected = {
                key: "deleted" if key not in self.now else "created" if key not in self.pulled else "updated"
                for key in self.now.keys() | self.pulled.keys()
                if self.now.get(key) != self.pulled.get(key)
            }
            assert {int(each["subject"]): each["operation"] for each in told} == expected
            assert len(told) == len(expected)
        self.pulled, self.crashed = dict(self.now), False
        assert self.shop.puller._state is not None
        assert self.shop.puller._state.pending() is None

    @rule(
        place=st.sampled_from(["before the commit", "after the commit", "before it is marked", "after a page"]),
        at=st.integers(1, 4),
    )
    def crash(self, place: str, at: int) -> None:
        try:
            with dying(place, at):
                self.shop.pull(100)
            self.pulled, self.crashed = dict(self.now), False
        except Crash:
            self.crashed = True
        self.shop.puller.close()
        self.shop.start()

    @invariant()
    def log_is_a_true_story(self) -> None:
        """Per row: the events follow on each other, each shows what really was, in the order in which it was."""
        if not hasattr(self, "shop"):
            return
        told: dict[int, Any] = {}
        place: dict[int, int] = {}
        ids = set()
        for event in events(self.shop.bodies):
            assert event["id"] not in ids
            ids.add(event["id"])
            key, data = int(event["subject"]), event["data"]
            row = (data["status"], data["updated_at"])
            before = told.get(key)
            match event["operation"]:
                case "created":
                    assert before is None
                    assert data.get("restored", False) == (key in place)
                case "updated":
                    assert before is not None
                    assert before != row
                    assert data.get("before.status", data["status"]) == before[0]
                    assert data.get("before.updated_at", data["updated_at"]) == before[1]
                case "deleted":
                    assert before == row
            told[key] = None if event["operation"] == "deleted" else row
            place[key] = self.history[key].index(told[key], place.get(key, 0))

    def teardown(self) -> None:
        if not hasattr(self, "shop"):
            return
        self.shop.pull(100)
        rows: dict[int, Any] = {}
        for event in events(self.shop.bodies):
            data = event["data"]
            rows[int(event["subject"])] = (data["status"], data["updated_at"])
            if event["operation"] == "deleted":
                del rows[int(event["subject"])]
        assert rows == self.now
        assert self.shop.clock > SECOND
        self.shop.close()
        shutil.rmtree(self.folder)


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
