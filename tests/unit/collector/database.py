"""A small shop in an SQLite file, and a pull of it whose log, clock and crashes are the test's."""

import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from collector.dead_letters import DeadLetters
from collector.settings import DatabaseSettings
from collector.sources.database.puller import Puller
from collector.sources.database.telemetry import PullMetrics

SECOND = 1_000_000
Event = dict[str, Any]
ORDERS = "create table orders (id integer primary key, status text, amount numeric, updated_at text)"
LOG = "create table operation_log (id integer primary key, row_id text, user_name text, deleted_at text, reason text)"


class Shop:
    """A database, a data folder, and what came into the log."""

    def __init__(self, folder: Path, tables: list[dict[str, Any]] | None = None, **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "shop.db"
        self.sql = sqlite3.connect(self.file, isolation_level=None)
        self.sql.execute("pragma synchronous=off")
        self.sql.execute(ORDERS)
        self.sql.execute(LOG)
        orders = {"name": "orders", "key": ["id"], "cursor": "updated_at", "overlap_seconds": 0}
        self.settings = {"name": "shop", "url": f"sqlite:///{self.file}", "tables": tables or [orders], **settings}
        self.bodies: list[bytes] = []
        self.clock = 1_767_312_000 * SECOND  # 2026-01-02
        self.registry = CollectorRegistry()
        self.letters = DeadLetters(folder, "receiver", self.registry)
        self.told = PullMetrics(self.registry)
        self.appended: Callable[[bytes], None] = self.bodies.append
        self.puller = self.start()

    def start(self) -> Puller:
        """A puller as after a start of the process."""
        self.puller = Puller(
            DatabaseSettings.model_validate(self.settings),
            self.folder,
            lambda body: self.appended(body),
            self.letters,
            self.told,
            20 * 1024 * 1024,
            lambda: self.clock,
        )
        return self.puller

    def pull(self, seconds: float = 100.0) -> list[Event]:
        """Let time pass, pull once, and give the events that came of it."""
        before = len(self.bodies)
        self.clock += int(seconds * SECOND)
        self.puller.round()
        return events(self.bodies[before:])

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def close(self) -> None:
        self.puller.close()
        self.sql.close()


def events(bodies: list[bytes]) -> list[Event]:
    """All events of the log, each batch once, as the converter takes them."""
    found: list[Event] = []
    last: dict[str, int] = {}
    for raw in bodies:
        body = json.loads(gzip.decompress(raw))
        assert set(body) == {"source", "batch", "events"}
        if body["batch"] > last.get(body["source"], 0):
            last[body["source"]] = body["batch"]
            found += body["events"]
    return found
