"""An online order on its way: placed, paid, reviewed, picked, packed, shipped, delivered, posted."""

from collections.abc import Generator
from dataclasses import dataclass

from opentelemetry.trace import SpanContext, SpanKind

from collector.demo.attributes import ENDUSER_PSEUDO_ID, client, consume, database, publish, server, staff
from collector.demo.days import day_of
from collector.demo.kernel import HOUR, MINUTE, SECOND, Done, Task, Work, work
from collector.demo.problems import SUPPLIERS
from collector.demo.returns import return_case
from collector.demo.world import World

PLATFORMS = ("web", "ios", "android", "mini-program")
_RETURN_SHARE = {"search": 0.14, "partner": 0.15, "livestream": 0.26}
_LEAST_TROUBLED = 17
"""Orders with more spans than this are not sent back, so that order and return together keep within 25."""
_CARRIER_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 2, 8, 10, 10, 8, 6, 8, 9, 9, 9, 7, 4, 2, 0, 0, 0)


@dataclass(slots=True)
class Order:
    """What the spans of an order tell again and again."""

    id: str
    customer: str
    channel: str
    platform: str
    amount: int
    last: SpanContext
    """Where the message came from that the next system works on."""
    spans: int = 0


def online_order(world: World) -> Task:
    """The whole life of one online order, from now on."""
    rng, simulation, problems = world.rng, world.simulation, world.problems
    order = _place(world)
    yield simulation.now + rng.randrange(300, 1500) * 1000
    if rng.random() < 0.03:
        yield simulation.now + rng.randrange(4 * MINUTE, 40 * MINUTE)
        _cancel(world, order)
        return
    yield from _code(world, order)
    yield from _pay(world, order)
    if problems and _is_stuck(world, order, "Pay order"):
        return
    reviewed = True
    if rng.random() < world.held_share:
        reviewed = yield from _review(world, order)
    if reviewed:
        yield simulation.now + rng.randrange(5 * SECOND, 60 * SECOND)
        _confirm(world, order)
        if problems and _is_stuck(world, order, "Confirm order"):
            return
    done = yield from work(world.pickers.pool, world.service_time(world.pickers, 3.6))
    _handled(world, order, "Pick", done)
    if not reviewed:
        world.truths.hit("unreviewed", order.id)
    yield from _pack(world, order)
    if problems and _is_stuck(world, order, "Pack"):
        return
    if problems and order.channel == problems.address_channel and rng.random() < problems.address_share:
        done = yield from work(world.service.pool, world.service_time(world.service, 5.0))
        attributes = server("PATCH", "/orders/{id}/address", 200, order__id=order.id) | staff(done.person)
        crm = world.services.crm
        world.tracer.span(crm, "PATCH /orders/{id}/address", SpanKind.SERVER, done.start, done.end, attributes)
        order.spans += 1
        yield from _pack(world, order)
        world.truths.hit("address_rework", order.id)
    yield from _ship_and_deliver(world, order)
    yield world.next_posting()
    post(world, order.id, order.last)
    order.spans += 1
    if order.spans <= _LEAST_TROUBLED and rng.random() < _RETURN_SHARE[order.channel]:
        simulation.start(return_case(world, order.id, order.customer, order.channel, order.platform, order.amount))


def post(world: World, order_id: str, last: SpanContext) -> None:
    """The posting to the ledger that ends an order."""
    if world.problems:
        world.truths.hit("ledger_batch", order_id)
    now = world.simulation.now
    start = now - world.rng.randrange(60, 250) * 1000
    attributes = consume("ledger.postings", order__id=order_id)
    finance = world.services.finance
    world.tracer.span(finance, "process ledger.postings", SpanKind.CONSUMER, start, now, attributes, link=last)


def _place(world: World) -> Order:
    rng, tracer, now = world.rng, world.tracer, world.simulation.now
    world.orders += 1
    web = world.services.web(now)
    order_id = f"{world.prefix}{world.orders:06d}"
    customer, channel = f"c{rng.randrange(12_000):05d}", world.channel()
    platform = rng.choices(PLATFORMS, (20, 30, 30, 20))[0]
    amount = int(rng.lognormvariate(9.6, 0.7))
    start = now - rng.randrange(120, 600) * 1000
    attributes = server("POST", "/orders", 201, order__id=order_id, order__amount=amount)
    attributes |= {ENDUSER_PSEUDO_ID: customer, "shop.channel": channel, "shop.platform": platform}
    root = tracer.span(web, "POST /orders", SpanKind.SERVER, start, now, attributes)
    inner = start + (now - start) // 3
    tracer.span(web, "INSERT orders", SpanKind.CLIENT, start + 9000, inner, database("INSERT", "orders"), parent=root)
    sent = tracer.span(
        web, "publish orders.placed", SpanKind.PRODUCER, inner, now - 5000, publish("orders.placed"), parent=root
    )
    return Order(order_id, customer, channel, platform, amount, sent, 3)


def _cancel(world: World, order: Order) -> None:
    now = world.simulation.now
    attributes = server("POST", "/orders/{id}/cancel", 200, order__id=order.id)
    attributes[ENDUSER_PSEUDO_ID] = order.customer
    web = world.services.web(now)
    world.tracer.span(web, "POST /orders/{id}/cancel", SpanKind.SERVER, now - 90_000, now, attributes)
    order.spans += 1


def _code(world: World, order: Order) -> Task:
    """One-time code, asked for again where it does not arrive."""
    rng, simulation, problems = world.rng, world.simulation, world.problems
    for attempt in range(3):
        supplier = rng.choices(SUPPLIERS, (40, 32, 28))[0]
        start = simulation.now
        yield start + int(rng.lognormvariate(0.0, 0.4) * 900_000)
        lost = bool(
            problems and attempt < 2 and supplier == problems.code_supplier and rng.random() < problems.code_share
        )
        refused = lost and rng.random() < 0.4
        # The message carries no order number: only the link to its sender tells which order it is for.
        attributes = consume("orders.placed", device__id=f"{supplier}-modem-{1 + rng.randrange(3)}")
        attributes["otp.supplier"] = supplier
        world.tracer.span(
            world.services.codes,
            "process orders.placed",
            SpanKind.CONSUMER,
            start,
            simulation.now,
            attributes,
            link=order.last,
            error=("503", f"{supplier} refused the message") if refused else None,
        )
        order.spans += 1
        if attempt:
            world.truths.hit("lost_codes", order.id)
        if not lost:
            break
        yield simulation.now + rng.randrange(60 * SECOND, 110 * SECOND)
    yield simulation.now + rng.randrange(15 * SECOND, 90 * SECOND)


def _pay(world: World, order: Order) -> Task:
    """The charge; after a time-out the customer tries once more, over the standby bank."""
    rng, simulation, problems = world.rng, world.simulation, world.problems
    for attempt in range(2):
        start = simulation.now
        since = problems.gateway_since if problems else start + 1
        late = bool(problems and attempt == 0 and start >= since and rng.random() < problems.gateway_share)
        took = rng.randrange(15_000, 16_000) if late else int(rng.lognormvariate(0.0, 0.4) * 1100)
        yield start + took * 1000
        _charge(world, order, start, late)
        if not late:
            return
        world.truths.hit("gateway_timeouts", order.id)
        yield simulation.now + rng.randrange(20 * SECOND, 3 * MINUTE)


def _charge(world: World, order: Order, start: int, late: bool) -> None:
    tracer, now = world.tracer, world.simulation.now
    web, payment = world.services.web(now), f"P{order.id}"
    status = 504 if late else 200
    error = ("timeout", "charge timed out after 15 s") if late else None
    span = now - start
    attributes = server("POST", "/orders/{id}/pay", status, order__id=order.id)
    attributes[ENDUSER_PSEUDO_ID] = order.customer
    root = tracer.span(web, "POST /orders/{id}/pay", SpanKind.SERVER, start, now, attributes, error=error)
    # The one span that knows both keys: it joins the order and its payment.
    attributes = client("POST", "payment-gateway", status, order__id=order.id, payment__id=payment)
    begun, ended = start + span // 50, now - span // 50
    call = tracer.span(web, "POST", SpanKind.CLIENT, begun, ended, attributes, parent=root, error=error)
    attributes = server("POST", "/charges", status, payment__id=payment, order__amount=order.amount)
    gateway = world.services.gateway(now)
    begun, ended = start + span // 25, now - span // 25
    tracer.span(gateway, "POST /charges", SpanKind.SERVER, begun, ended, attributes, parent=call, error=error)
    order.spans += 3
    if not late:
        begun = now - span // 60
        attributes = publish("orders.paid")
        order.last = tracer.span(web, "publish orders.paid", SpanKind.PRODUCER, begun, now, attributes, parent=root)
        order.spans += 1


def _review(world: World, order: Order) -> Generator[int | Work, Done | None, bool]:
    """Held for review and reviewed; gives whether it was."""
    rng, simulation, problems = world.rng, world.simulation, world.problems
    start = simulation.now + rng.randrange(1, 5) * SECOND
    yield start + rng.randrange(80, 400) * 1000
    _task(
        world, order, "risk.hold", {"order.id": order.id, "risk.score": 60 + rng.randrange(40)}, start, simulation.now
    )
    if problems and rng.random() < problems.unreviewed_share:
        yield simulation.now + rng.randrange(2 * MINUTE, 20 * MINUTE)
        return False
    held = simulation.now
    done = yield from work(world.reviewers.pool, world.service_time(world.reviewers, 5.8))
    if problems and done.start - held > 15 * MINUTE:
        world.truths.hit("few_reviewers", order.id)
    attributes = server("POST", "/risk/holds/{id}/decision", 200, order__id=order.id) | staff(done.person)
    name = "POST /risk/holds/{id}/decision"
    world.tracer.span(world.services.crm, name, SpanKind.SERVER, done.start, done.end, attributes)
    order.spans += 1
    return True


def _confirm(world: World, order: Order) -> None:
    tracer, now, erp = world.tracer, world.simulation.now, world.services.erp
    start = now - world.rng.randrange(200, 900) * 1000
    # Again no order number: the link leads to the payment, and that to the order.
    root = tracer.span(
        erp, "process orders.paid", SpanKind.CONSUMER, start, now, consume("orders.paid"), link=order.last
    )
    tracer.span(
        erp, "UPDATE orders", SpanKind.CLIENT, start + 40_000, now - 30_000, database("UPDATE", "orders"), parent=root
    )
    order.spans += 2


def _pack(world: World, order: Order) -> Task:
    done = yield from work(world.packers.pool, world.service_time(world.packers, 2.8))
    _handled(world, order, "Pack", done)


def _ship_and_deliver(world: World, order: Order) -> Task:
    rng, simulation = world.rng, world.simulation
    tracer, warehouse, shipment = world.tracer, world.services.warehouse, f"S{order.id}"
    done = yield from work(world.dispatchers.pool, world.service_time(world.dispatchers, 0.9))
    attributes = server("POST", "/shipments", 201, order__id=order.id, shipment__id=shipment) | staff(done.person)
    tracer.span(warehouse, "POST /shipments", SpanKind.SERVER, done.start, done.end, attributes)
    offset = 1 + (rng.random() < 0.35)
    if day_of(simulation.now) + offset == world.days.holiday:
        offset += 1
    yield world.visit_hour(simulation.now + 4 * HOUR, offset, _CARRIER_HOURS)
    now = simulation.now
    attributes = server("POST", "/carrier/events", 204, order__id=order.id, shipment__id=shipment)
    start = now - rng.randrange(40, 200) * 1000
    order.last = tracer.span(warehouse, "POST /carrier/events", SpanKind.SERVER, start, now, attributes)
    order.spans += 2


def _handled(world: World, order: Order, step: str, done: Done) -> None:
    """Picked or packed by somebody of the warehouse."""
    if done.person.pace > 1.0:
        world.truths.hit("slow_temps", order.id)
    attributes = staff(done.person, order__id=order.id)
    _task(world, order, f"{step.lower()}ing.task", attributes, done.start, done.end)


def _task(
    world: World, order: Order, name: str, attributes: dict[str, str | int | tuple[str, ...]], start: int, end: int
) -> None:
    source = world.services.crm if name.startswith("risk") else world.services.warehouse
    world.tracer.span(source, name, SpanKind.INTERNAL, start, end, attributes)
    order.spans += 1


def _is_stuck(world: World, order: Order, step: str) -> bool:
    problems = world.problems
    if problems is None or problems.stuck_after != step or world.rng.random() >= problems.stuck_share:
        return False
    world.truths.hit("stuck_orders", order.id)
    return True
