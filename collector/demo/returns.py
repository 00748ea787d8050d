"""A return on its way: requested, approved, goods received and inspected, refund approved and paid."""

from opentelemetry.trace import SpanContext, SpanKind

from collector.demo.attributes import ENDUSER_PSEUDO_ID, consume, database, publish, server, staff
from collector.demo.days import ONLINE_HOURS, SHOP_HOURS
from collector.demo.kernel import HOUR, MINUTE, SECOND, Done, Person, Task, work
from collector.demo.world import World

_PHONE_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 2, 6, 8, 8, 6, 6, 7, 8, 8, 7, 4, 3, 2, 1, 0, 0)


def return_case(world: World, order_id: str, customer: str, channel: str, platform: str, amount: int) -> Task:
    """The whole life of one return, from some time after the delivery."""
    rng, simulation, problems = world.rng, world.simulation, world.problems
    if problems and rng.random() < problems.clerk_share:
        yield from _own_refund(world, order_id, amount)
        return
    by_phone = rng.random() < 0.1
    weights = _PHONE_HOURS if by_phone else ONLINE_HOURS
    yield world.visit_hour(simulation.now + 2 * HOUR, rng.choices((0, 1, 2, 3), (25, 40, 25, 10))[0], weights)
    if by_phone:
        clerk = yield from work(world.service.pool, world.service_time(world.service, 4.0))
        return_id = _request_by(world, order_id, clerk)
    else:
        return_id = _request(world, order_id, customer, channel, platform)
    requested = simulation.now
    done = yield from work(world.approvers.pool, world.service_time(world.approvers, 2.5))
    if not world.approvers_there(requested) and done.start - requested > 30 * MINUTE:
        world.truths.hit("night_approval", return_id)
    if rng.random() < 0.06:
        _decide(world, return_id, "POST /returns/{id}/rejection", done)
        return
    _decide(world, return_id, "POST /returns/{id}/approval", done)
    early = bool(problems and rng.random() < problems.early_refund_share)
    if early:
        yield simulation.now + rng.randrange(5 * MINUTE, 60 * MINUTE)
        yield from _refund(world, return_id, amount, None)
        world.truths.hit("early_refund", return_id)
    yield world.visit_hour(simulation.now + 20 * HOUR, rng.choices((2, 3, 4), (45, 40, 15))[0], SHOP_HOURS)
    done = yield from work(world.receivers.pool, world.service_time(world.receivers, 1.8))
    _task(world, return_id, "receiving.task", done)
    done = yield from work(world.inspectors.pool, world.service_time(world.inspectors, 7.0))
    _task(world, return_id, "inspection.task", done)
    if not early:
        yield from _refund(world, return_id, amount, None)


def _own_refund(world: World, order_id: str, amount: int) -> Task:
    problems = world.problems
    assert problems is not None
    yield world.simulation.now + world.rng.randrange(6 * HOUR, 60 * HOUR)
    people = world.refunds.people()
    clerk = people[problems.clerk % len(people)]
    opened = yield from work(world.refunds.pool, world.service_time(world.refunds, 1.5), clerk)
    return_id = _request_by(world, order_id, opened)
    yield from _refund(world, return_id, amount, clerk)
    world.truths.hit("own_refunds", return_id)


def _refund(world: World, return_id: str, amount: int, person: Person | None) -> Task:
    """The refund's approval, by `person` alone where one is given, and its payment."""
    rng, tracer = world.rng, world.tracer
    done = yield from work(world.refunds.pool, world.service_time(world.refunds, 2.0), person)
    root = _decide(world, return_id, "POST /refunds/{id}/approval", done)
    attributes = publish("refunds.approved")
    finance = world.services.finance
    sent = tracer.span(
        finance, "publish refunds.approved", SpanKind.PRODUCER, done.end - 20_000, done.end, attributes, parent=root
    )
    yield world.simulation.now + rng.randrange(10 * SECOND, 3 * MINUTE)
    now = world.simulation.now
    start = now - rng.randrange(500, 2500) * 1000
    attributes = consume("refunds.approved", order__amount=amount)
    gateway = world.services.gateway(now)
    tracer.span(gateway, "process refunds.approved", SpanKind.CONSUMER, start, now, attributes, link=sent)


def _request(world: World, order_id: str, customer: str, channel: str, platform: str) -> str:
    now, tracer, web = world.simulation.now, world.tracer, world.services.web(world.simulation.now)
    return_id = _next_id(world)
    start = now - world.rng.randrange(90, 500) * 1000
    attributes = server("POST", "/returns", 201, order__id=order_id, return__id=return_id)
    attributes |= {ENDUSER_PSEUDO_ID: customer, "shop.channel": channel, "shop.platform": platform}
    root = tracer.span(web, "POST /returns", SpanKind.SERVER, start, now, attributes)
    begun = start + 10_000
    tracer.span(web, "INSERT returns", SpanKind.CLIENT, begun, now - 20_000, database("INSERT", "returns"), parent=root)
    return return_id


def _request_by(world: World, order_id: str, done: Done) -> str:
    """A return that staff opens for a customer on the phone."""
    return_id = _next_id(world)
    attributes = server("POST", "/returns", 201, order__id=order_id, return__id=return_id) | staff(done.person)
    world.tracer.span(world.services.crm, "POST /returns", SpanKind.SERVER, done.start, done.end, attributes)
    return return_id


def _decide(world: World, return_id: str, name: str, done: Done) -> SpanContext:
    method, route = name.split()
    attributes = server(method, route, 200, return__id=return_id) | staff(done.person)
    source = world.services.finance if "refund" in route else world.services.crm
    return world.tracer.span(source, name, SpanKind.SERVER, done.start, done.end, attributes)


def _task(world: World, return_id: str, name: str, done: Done) -> None:
    attributes = staff(done.person, return__id=return_id)
    world.tracer.span(world.services.warehouse, name, SpanKind.INTERNAL, done.start, done.end, attributes)


def _next_id(world: World) -> str:
    world.returns += 1
    return f"R{world.prefix}{world.returns:05d}"
