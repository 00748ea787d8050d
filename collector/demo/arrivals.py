"""When customers come: an exact number in the history, then a stream without end."""

import random
from itertools import pairwise

from collector.demo.days import ONLINE_HOURS, SHOP_HOURS, day_of, hour_of
from collector.demo.kernel import HOUR, Task
from collector.demo.order import online_order
from collector.demo.pos import pos_order
from collector.demo.world import World

_POS_SHARE = 0.15
_HOUR_SHARES = tuple(
    (1 - _POS_SHARE) * online / sum(ONLINE_HOURS) + _POS_SHARE * shop / sum(SHOP_HOURS)
    for online, shop in zip(ONLINE_HOURS, SHOP_HOURS, strict=True)
)
"""Share of a day's orders in each local hour."""


def customers(world: World) -> Task:
    """Start every order when its time has come."""
    plan = world.plan
    rng = random.Random(f"houtai demo arrivals {plan.seed}")
    for time in _history(world, rng):
        yield time
        _arrive(world, rng)
    time = plan.now
    while True:
        hour_end = (time // HOUR + 1) * HOUR
        per_hour = plan.per_day * _weight(world, time) * world.rate(time)
        # An exponential wait that crosses the hour is drawn again from there: it has no memory.
        time = time + max(1, int(rng.expovariate(per_hour) * HOUR)) if per_hour > 0 else hour_end
        if time >= hour_end:
            time = hour_end
            yield time
            continue
        yield time
        _arrive(world, rng)


def _arrive(world: World, rng: random.Random) -> None:
    shop = SHOP_HOURS[hour_of(world.simulation.now)]
    share = _POS_SHARE * shop / sum(SHOP_HOURS) / _HOUR_SHARES[hour_of(world.simulation.now)]
    world.simulation.start(pos_order(world) if rng.random() < share else online_order(world))


def _weight(world: World, time: int) -> float:
    return _HOUR_SHARES[hour_of(time)] * world.days.volume(day_of(time))


def _history(world: World, rng: random.Random) -> list[int]:
    """Times of exactly the planned number of orders, ascending."""
    plan = world.plan
    edges = [plan.start, *range((plan.start // HOUR + 1) * HOUR, plan.now, HOUR), plan.now]
    weights = [_weight(world, begin) * (end - begin) for begin, end in pairwise(edges)]
    hours = rng.choices(range(len(weights)), weights, k=plan.orders)
    return sorted(edges[hour] + rng.randrange(edges[hour + 1] - edges[hour]) for hour in hours)
