"""A purchase in a shop: scanned and paid at a terminal, posted to the ledger."""

from opentelemetry.trace import SpanKind

from collector.demo.attributes import client, server
from collector.demo.kernel import SECOND, Task
from collector.demo.order import post
from collector.demo.problems import SHOPS
from collector.demo.services import FIRMWARE_AFTER, FIRMWARE_BEFORE
from collector.demo.spans import Attributes
from collector.demo.world import TERMINALS_PER_SHOP, World

_ATTEMPTS = 3


def pos_order(world: World) -> Task:
    """The whole life of one purchase in a shop, from now on."""
    rng, simulation, tracer, problems = world.rng, world.simulation, world.tracer, world.problems
    shop = rng.randrange(len(SHOPS))
    terminal = f"pos-{1 + shop}{1 + rng.randrange(TERMINALS_PER_SHOP)}"
    if world.terminals[terminal] > simulation.now:
        terminal = min((t for t in world.terminals if t.startswith(f"pos-{1 + shop}")), key=world.terminals.__getitem__)
        yield world.terminals[terminal] + rng.randrange(2 * SECOND, 20 * SECOND)
    world.orders += 1
    order_id, amount = f"{world.prefix}{world.orders:06d}", int(rng.lognormvariate(9.2, 0.6))
    start = simulation.now
    updated = bool(problems and SHOPS[shop] == problems.pos_shop and start >= problems.pos_since)
    source = world.services.pos(terminal, FIRMWARE_AFTER if updated else FIRMWARE_BEFORE)
    scanned = start + rng.randrange(15 * SECOND, 90 * SECOND)
    world.terminals[terminal] = scanned + 30 * SECOND
    yield scanned
    common: Attributes = {
        "order.id": order_id,
        "device.id": terminal,
        "shop.name": SHOPS[shop],
        "shop.platform": "pos",
        "shop.channel": "shop",
    }
    scan = tracer.span(source, "scan basket", SpanKind.INTERNAL, start, scanned, common | {"order.amount": amount})
    for attempt in range(_ATTEMPTS):
        yield simulation.now + rng.randrange(4 * SECOND, 15 * SECOND)
        start = simulation.now
        fails = bool(problems and updated and attempt < _ATTEMPTS - 1 and rng.random() < problems.pos_share)
        usual = problems.pos_seconds if problems and updated else 5.0
        took = int(rng.lognormvariate(0.0, 0.3) * usual * SECOND)
        world.terminals[terminal] = start + took + 5 * SECOND
        yield start + took
        now = simulation.now
        error = ("terminal_stalled", "no answer from the card reader") if fails else None
        attributes = client("POST", "payment-gateway", 0 if fails else 200, payment__id=f"P{order_id}") | common
        call = tracer.span(source, "POST", SpanKind.CLIENT, start, now, attributes, parent=scan, error=error)
        if updated:
            world.truths.hit("pos_firmware", order_id)
        if not fails:
            attributes = server("POST", "/terminal/charges", 200, payment__id=f"P{order_id}")
            begun = now - min(took, SECOND) // 2
            gateway = world.services.gateway(now)
            tracer.span(
                gateway, "POST /terminal/charges", SpanKind.SERVER, begun, now - 20_000, attributes, parent=call
            )
            break
    yield world.next_posting()
    post(world, order_id, scan)
