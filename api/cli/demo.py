"""`houtai demo`: the demo back office alone, against any OTLP endpoint."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def demo(
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="Base URL of an OTLP/HTTP receiver.")
    ] = "http://127.0.0.1:4318",
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same shop with the same problems.")] = 1,
    days: Annotated[int, typer.Option("--days", min=1, help="Days of history.")] = 14,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="Live orders, as a multiple of the usual.")] = 1.0,
    healthy: Annotated[bool, typer.Option("--healthy", help="Without the built-in problems.")] = False,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders in the history.")] = 20_000,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Write the built-in problems to this file.", show_default=False)
    ] = None,
    now: Annotated[
        datetime | None,
        typer.Option("--now", help="End of the history (UTC); default: this minute.", show_default=False),
    ] = None,
    history_only: Annotated[bool, typer.Option("--history-only", help="Stop after the history.")] = False,
    state: Annotated[
        Path | None, typer.Option("--state", help="File that remembers what was sent.", show_default=False)
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", envvar="HOUTAI_DEMO_TOKEN", help="Bearer token.", show_default=False)
    ] = None,
) -> None:
    """Play a back office: two weeks of history, then live.

    Example: houtai demo --endpoint http://127.0.0.1:4318 --seed 3 --truth truth.json
    """
    import signal
    import threading
    from datetime import UTC

    from collector.demo import play
    from collector.vocabulary.errors import RetryableError

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    moment = now.replace(tzinfo=UTC) if now is not None and now.tzinfo is None else now
    try:
        play(endpoint, seed, days, rate, healthy, orders, truth, moment, state, history_only, stop, token)
    except RetryableError as error:
        # Nothing is wrong with what was asked for: whoever supervises us may start us again.
        print(f"houtai: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
