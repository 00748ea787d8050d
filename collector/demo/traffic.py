"""The traffic of a plan as batches of spans, from its beginning to any time."""

from collections.abc import Iterator

from opentelemetry.sdk.trace import ReadableSpan

from collector.demo.arrivals import customers
from collector.demo.kernel import HOUR
from collector.demo.world import Plan, World


class Traffic:
    """A shop at work. Spans come out when they have ended in virtual time."""

    def __init__(self, plan: Plan) -> None:
        self.world = World(plan)
        self.world.simulation.start(customers(self.world))

    def until(self, time: int) -> list[ReadableSpan]:
        """Go on to `time` (microseconds UTC); gives the spans that have ended since the last call."""
        self.world.simulation.run(time)
        return self.world.tracer.take()

    def slices(self, since: int, until: int) -> Iterator[tuple[int, list[ReadableSpan]]]:
        """(time, spans ended up to it) hour by hour from `since`, so that no more than an hour is held."""
        time = since
        while time < until:
            time = min(time + HOUR, until)
            yield time, self.until(time)
