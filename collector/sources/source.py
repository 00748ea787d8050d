"""What every way in has in common.

A source takes from outside what speaks of the business and hands it to `Intake.append`; what that gives back is safe
on disk. One file each; `collector.sources.SOURCES` lists them.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from collector.dead_letters import DeadLetters
from collector.receiver.app import ReceiverApp
from collector.receiver.body import Bodies
from collector.receiver.telemetry import ReceiverMetrics
from collector.settings import CollectorSettings
from collector.wal import Encoding, Signal


@dataclass(frozen=True)
class Intake:
    """What the receiver's process shares with its sources."""

    settings: CollectorSettings
    data: Path
    """The data folder."""
    config: Path | None
    """The configuration file that was read, for children of this process."""
    app: ReceiverApp
    """The application on `collector.port`; sources that are sent to by HTTP add their routes."""
    append: Callable[[Signal, Encoding, bytes], Awaitable[int]]
    """Gives the record's number once it is on disk; RetryableError where the log cannot take it now."""
    letters: DeadLetters
    told: ReceiverMetrics

    @cached_property
    def bodies(self) -> Bodies:
        """Reads the bodies of requests within the bounds of the whole process."""
        return Bodies(self.settings)


class Source(Protocol):
    """One way in."""

    def open(self, intake: Intake) -> Coroutine[Any, Any, None] | None:
        """Add routes to `intake.app`, and give what has to run beside the server until it is cancelled, if anything.

        What it gives must not end by itself: an error of the other side (no broker, no database) is logged, counted and
        tried again. Raises PermanentError where its settings cannot work. Heavy libraries are imported in here.
        """
        ...
