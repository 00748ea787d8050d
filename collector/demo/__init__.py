"""A mid-size online shop with a few real shops that plays itself and tells of it in real OTLP.

It speaks only to the outside door of the collector. Nothing that watches the shop may import it.
"""

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan


def play(
    endpoint: str,
    seed: int = 1,
    days: int = 14,
    rate: float = 1.0,
    healthy: bool = False,
    orders: int = 20_000,
    truth: Path | None = None,
    now: datetime | None = None,
    state: Path | None = None,
    history_only: bool = False,
    stop: threading.Event | None = None,
    token: str | None = None,
) -> None:
    """Send `days` of history with `orders` orders that ends at `now`, then go on live until `stop` is set.

    `endpoint` is the base URL of an OTLP/HTTP receiver. `rate` multiplies the live orders. `truth` is the file the
    built-in problems are written to. `state` is a file that remembers what was sent: a second call with the same seed
    goes on where the first stopped. Raises PermanentError where the endpoint refuses the spans for good, and
    RetryableError where it cannot be reached for two minutes.
    """
    from collector.demo.playing import Settings, run

    settings = Settings(endpoint, seed, days, rate, healthy, orders, truth, now, state, history_only, token)
    run(settings, stop or threading.Event())


def history(
    seed: int, days: int = 14, orders: int = 20_000, healthy: bool = False, *, now: datetime
) -> "Iterator[list[ReadableSpan]]":
    """The history alone as batches of spans, in the order in which they ended."""
    from collector.demo.traffic import Traffic
    from collector.demo.world import Plan

    plan = Plan(seed, days, orders, healthy, int(now.timestamp()) * 1_000_000)
    for _, spans in Traffic(plan).slices(plan.start, plan.now):
        yield spans
