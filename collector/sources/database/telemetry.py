"""What pulls say about themselves on the receiver's /metrics."""

import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

ROWS: Final = "houtai_collector_pull_rows"
"""Counter {source, table}: rows read."""
EVENTS: Final = "houtai_collector_pull_events"
"""Counter {source, table, operation}: events made of them; operation is created, updated or deleted."""
ERRORS: Final = "houtai_collector_pull_errors"
"""Counter {source, table}: pulls that failed; table is empty where the database itself was away."""
AGE: Final = "houtai_collector_pull_age_seconds"
"""Gauge {source, table}: seconds since the last pull that went well, or since the start."""
HELD: Final = "houtai_collector_pull_held_deletions"
"""Gauge {source, table}: rows that seem to have vanished all at once and are not believed to be deleted yet."""


class PullMetrics:
    """The metrics of all databases, on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        table = ["source", "table"]
        self.rows = Counter(ROWS, "Rows read from databases.", table, registry=registry)
        self.events = Counter(EVENTS, "Events made of rows.", [*table, "operation"], registry=registry)
        self.errors = Counter(ERRORS, "Pulls that failed.", table, registry=registry)
        self.held = Gauge(HELD, "Vanished rows not yet believed.", table, registry=registry)
        self._age = Gauge(AGE, "Seconds since the last good pull.", table, registry=registry)
        self._last: dict[tuple[str, str], float] = {}

    def begin(self, source: str, table: str) -> None:
        """Show a table from the start."""
        self.succeeded(source, table)
        self.rows.labels(source, table)
        self.errors.labels(source, table)
        self.held.labels(source, table)
        self._age.labels(source, table).set_function(lambda: time.monotonic() - self._last[(source, table)])

    def succeeded(self, source: str, table: str) -> None:
        """A pull went well, now."""
        self._last[(source, table)] = time.monotonic()
