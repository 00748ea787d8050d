"""Playing the shop: its history at once, then hour by hour as time goes by."""

import contextlib
import json
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from collector.demo.kernel import DAY, HOUR, MINUTE, SECOND
from collector.demo.sending import Sender, Stopped
from collector.demo.traffic import Traffic
from collector.demo.truth import write
from collector.demo.world import Plan
from collector.vocabulary.errors import PermanentError

LIVE_SECONDS: Final = 1.0
"""How often spans that have ended are sent in live play."""


@dataclass(frozen=True)
class Settings:
    """What `play` was asked for; see there."""

    endpoint: str
    seed: int
    days: int
    rate: float
    healthy: bool
    orders: int
    truth: Path | None
    now: datetime | None
    state: Path | None
    history_only: bool
    token: str | None


@dataclass
class State:
    """What was sent so far. Times in microseconds UTC."""

    plan: Plan
    rates: list[tuple[int, float]]
    sent: int
    """Everything that ended up to then is acknowledged."""


def run(settings: Settings, stop: threading.Event) -> None:
    """Play until `stop`; see `collector.demo.play`."""
    with contextlib.suppress(Stopped):
        _play(settings, stop)


def _play(settings: Settings, stop: threading.Event) -> None:
    clock = _Clock(settings.now)
    state = _state(settings, clock)
    sender = Sender(settings.endpoint, settings.token, stop)
    traffic = Traffic(state.plan)
    world = traffic.world
    world.rates.extend(state.rates)
    try:
        # The shop is deterministic: what was sent before is lived through again and not sent again.
        traffic.until(max(state.sent, state.plan.start))
        _catch_up(traffic, sender, state, settings, clock, stop)
        _tell_truth(settings, traffic)
        while not (stop.is_set() or settings.history_only):
            now = max(clock.now(), state.sent)
            spans = traffic.until(now)
            if spans:
                sender.send(spans)
                sender.flush()
            if spans or now - state.sent > MINUTE:
                _keep(state, now, settings)
            stop.wait(LIVE_SECONDS)
    finally:
        sender.close()
        _tell_truth(settings, traffic)


def _catch_up(
    traffic: Traffic, sender: Sender, state: State, settings: Settings, clock: "_Clock", stop: threading.Event
) -> None:
    begin = max(state.sent, state.plan.start)
    until = state.plan.now if settings.history_only else max(state.plan.now, clock.now())
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("h"),
        TimeRemainingColumn(),
    )
    sent = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("history", total=max(1, (until - begin) // HOUR))
        for through, spans in traffic.slices(begin, until):
            if stop.is_set():
                return
            sender.send(spans)
            sent += len(spans)
            progress.advance(task)
            if through - state.sent >= DAY // 2:
                sender.flush()
                _keep(state, through, settings)
        sender.flush()
        _keep(state, until, settings)
    if sent:
        world = traffic.world
        print(f"demo: sent {sent} spans, {world.orders} orders and {world.returns} returns so far", file=sys.stderr)


def _tell_truth(settings: Settings, traffic: Traffic) -> None:
    if settings.truth is not None:
        write(traffic.world.truths.listed(), settings.truth)


def _state(settings: Settings, clock: "_Clock") -> State:
    now = clock.began
    fresh = Plan(settings.seed, settings.days, settings.orders, settings.healthy, now)
    if settings.state is not None and settings.state.exists():
        try:
            kept = json.loads(settings.state.read_text())
            plan = Plan(**kept["plan"])
            rates = [(int(since), float(rate)) for since, rate in kept["rates"]]
            sent = int(kept["sent"])
        except (ValueError, KeyError, TypeError) as error:
            raise PermanentError(f"{settings.state}: is no state of the demo: {error}") from error
        asked, had = (
            (fresh.seed, fresh.days, fresh.orders, fresh.healthy),
            (plan.seed, plan.days, plan.orders, plan.healthy),
        )
        if asked == had:
            if (rates[-1][1] if rates else 1.0) != settings.rate:
                rates.append((max(sent, plan.now), settings.rate))
            return State(plan, rates, sent)
    rates = [(now, settings.rate)] if settings.rate != 1.0 else []
    return State(fresh, rates, fresh.start)


def _keep(state: State, sent: int, settings: Settings) -> None:
    state.sent = sent
    if settings.state is None:
        return
    settings.state.parent.mkdir(parents=True, exist_ok=True)
    draft = settings.state.with_name(settings.state.name + ".part")
    draft.write_text(json.dumps({"plan": vars(state.plan), "rates": state.rates, "sent": sent}))
    draft.replace(settings.state)


class _Clock:
    """Now, in microseconds UTC; a history told to end at another time goes on live from there."""

    def __init__(self, moment: datetime | None) -> None:
        wall = time.time_ns() // 1000
        self.began = wall // MINUTE * MINUTE if moment is None else int(moment.timestamp()) * SECOND
        self._offset = 0 if moment is None else self.began - wall

    def now(self) -> int:
        return time.time_ns() // 1000 + self._offset
