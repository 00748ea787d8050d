"""A made-up shop for detectors: steps with queues, people, shifts. Healthy unless told otherwise; drawn by a seed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from mining.arena import Arena
from mining.findings.facts import View
from mining.settings import MiningSettings
from tests.helpers import DAY, HOUR, MINUTE, SECOND, T0, arena, event

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENDS = ("Delivered", "Cancel")
CHANNELS = ("search", "partner", "livestream")
PLATFORMS = ("web", "ios", "android")


@dataclass
class Team:
    """People with a shift (local hours, days of the week) and a usual service time in minutes."""

    role: str
    people: int
    minutes: float
    begin: float = 0.0
    end: float = 24.0
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    slower: Callable[[str, int], float] = lambda actor, at: 1.0
    closed: Callable[[int], bool] = lambda at: False
    batch_hour: float | None = None
    free: dict[str, int] = field(default_factory=dict)

    def opens(self, at: int) -> int:
        """The first moment from `at` (µs UTC) on at which the team works."""
        while True:
            local = at - T0 + 8 * HOUR
            day, hour = local // DAY % 7, local % DAY / HOUR
            if day in self.days and self.begin <= hour < self.end and not self.closed(at):
                return at
            at = (at // (10 * MINUTE) + 1) * 10 * MINUTE

    def work(self, draw: np.random.Generator, at: int) -> tuple[str, int, int]:
        """Who takes the work that is ready at `at`, from when to when."""
        if self.batch_hour is not None:
            day_start = (at - T0 + 8 * HOUR) // DAY * DAY + T0 - 8 * HOUR
            release = day_start + int(self.batch_hour * HOUR)
            at = release if release >= at else release + DAY
        ready = self.opens(at)
        names = [f"{self.role} {n}" for n in range(self.people)]
        actor = min(names, key=lambda n: (max(self.free.get(n, 0), ready), draw.random()))
        begin = self.opens(max(self.free.get(actor, 0), ready))
        length = self.minutes * float(draw.lognormal(0, 0.4)) * self.slower(actor, begin)
        end = begin + int(length * MINUTE)
        self.free[actor] = end
        return actor, begin, end


def shop(
    seed: int,
    cases: int = 1200,
    days: int = 14,
    *,
    review: Team | None = None,
    pick: Team | None = None,
    skip_review: Callable[[int, str], bool] = lambda n, channel: False,
    ship_first: Callable[[int], bool] = lambda n: False,
    correct: Callable[[str, int], bool] = lambda channel, at: False,
    failing: Callable[[int, str], float] = lambda at, platform: 0.002,
    stuck: Callable[[int], bool] = lambda n: False,
) -> tuple[Arena, int]:
    """The arena and "now" (µs UTC): Order, Pay, Review, Pick, Ship, Deliver; 3 % are cancelled after Pay."""
    draw = np.random.default_rng(seed)
    review = review or Team("reviewer", 4, 4, 8, 24)
    pick = pick or Team("picker", 8, 9, 8, 22)
    ship = Team("shipper", 5, 3, 9, 22)
    hours = np.array([1, 1, 0.5, 0.5, 0.5, 1, 2, 3, 4, 5, 6, 6, 6, 5, 5, 5, 5, 6, 7, 9, 10, 10, 7, 3])
    picks = draw.choice(24, size=cases, p=hours / hours.sum())
    starts = T0 - 8 * HOUR + draw.integers(0, days, cases) * DAY + picks * HOUR + draw.integers(0, HOUR, cases)
    now = T0 - 8 * HOUR + days * DAY
    order = np.argsort(starts)
    open_cases = []
    for number, at in enumerate(starts[order]):
        channel = CHANNELS[int(draw.integers(3))]
        platform = PLATFORMS[int(draw.integers(3))]
        open_cases.append((int(at), number, channel, platform))
    rows: list[dict[str, object]] = []

    def add(number: int, activity: str, begin: int, end: int, channel: str, platform: str, **more: Any) -> None:
        if end <= now:
            rows.append(event(f"o{number:05}", activity, begin, end, channel=channel, platform=platform, **more))

    waiting: list[tuple[int, int, str, str]] = []
    for at, number, channel, platform in open_cases:
        add(number, "Order", at, at + 20 * SECOND, channel, platform, actor_kind="user")
        paid = at + int(draw.exponential(4 * MINUTE)) + 30 * SECOND
        failed = bool(draw.random() < failing(paid, platform))
        add(
            number,
            "Pay",
            paid,
            paid + 3 * SECOND,
            channel,
            platform,
            actor_kind="system",
            system="gateway",
            module="POST /charge",
            error="timeout" if failed else None,
        )
        if failed:
            paid += 2 * MINUTE
            add(
                number,
                "Pay",
                paid,
                paid + 3 * SECOND,
                channel,
                platform,
                actor_kind="system",
                system="gateway",
                module="POST /charge",
            )
        if draw.random() < 0.03:
            gone = paid + int(draw.exponential(HOUR))
            add(number, "Cancel", gone, gone + SECOND, channel, platform, actor_kind="user")
            continue
        ready = paid + 5 * SECOND
        while correct(channel, ready):
            ready += int(draw.exponential(3 * HOUR))
            add(number, "Correct address", ready, ready + 5 * MINUTE, channel, platform, actor="clerk", role="clerk")
            if draw.random() < 0.7:
                again = ready + int(draw.exponential(HOUR))
                add(
                    number, "Correct address", again, again + 5 * MINUTE, channel, platform, actor="clerk", role="clerk"
                )
                ready = again + 5 * MINUTE
            break
        waiting.append((ready, number, channel, platform))

    def serve(team: Team, activity: str, skip: Callable[[int, str], bool]) -> list[tuple[int, int, str, str]]:
        onward = []
        for ready, number, channel, platform in sorted(waiting):
            if skip(number, channel):
                onward.append((ready, number, channel, platform))
                continue
            actor, begin, end = team.work(draw, ready)
            add(number, activity, begin, end, channel, platform, actor=actor, role=team.role)
            onward.append((end, number, channel, platform))
        return onward

    waiting = serve(review, "Review", skip_review)
    waiting = [item for item in waiting if not stuck(item[1])]
    first = [item for item in waiting if ship_first(item[1])]
    waiting = serve(pick, "Pick", lambda n, c: ship_first(n))
    waiting = serve(ship, "Ship", lambda n, c: False)
    for at, number, channel, platform in waiting:
        if any(number == item[1] for item in first):
            late = at + int(draw.exponential(5 * HOUR))
            add(number, "Pick", late, late + 9 * MINUTE, channel, platform, actor="picker 0", role="picker")
            at = late + 9 * MINUTE
        there = at + int(draw.uniform(20, 60) * HOUR)
        add(number, "Delivered", there, there + SECOND, channel, platform, actor_kind="system", system="carrier")
    return arena(rows), now


def look(found: Arena, now: int) -> View:
    """A view of the shop with its end activities."""
    return View(found, now, ENDS, MiningSettings(), zone=SHANGHAI)
