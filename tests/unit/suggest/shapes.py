"""Traffic that is not the demo's: other domains, other habits of those who wrote the services."""

import random
import uuid
from collections.abc import Callable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.settings import ActivityRule, MappingSettings, Match, ObjectRule, ProcessSettings
from tests.unit.collector.spans import key_values

T0 = 1_760_000_000
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)
Truth = tuple[list[bytes], MappingSettings, dict[str, ProcessSettings]]


class Teller:
    """Tells spans; times in seconds since the story began."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._spans: dict[str, list[Span]] = {}

    def span(
        self,
        service: str,
        name: str,
        kind: int,
        start: float,
        length: float = 1.0,
        parent: Span | None = None,
        link: Span | None = None,
        /,
        **attributes: object,
    ) -> Span:
        """One span; attributes are written with `__` for `.`."""
        span = Span(
            trace_id=parent.trace_id if parent else self.random.randbytes(16),
            span_id=self.random.randbytes(8),
            parent_span_id=parent.span_id if parent else b"",
            name=name,
            kind=kind,  # type: ignore[arg-type]
            start_time_unix_nano=int((T0 + start) * 1e9),
            end_time_unix_nano=int((T0 + start + length) * 1e9),
            attributes=key_values({key.replace("__", "."): value for key, value in attributes.items()}),
            links=[Span.Link(trace_id=link.trace_id, span_id=link.span_id)] if link else [],
        )
        self._spans.setdefault(service, []).append(span)
        return span

    def requests(self) -> list[bytes]:
        """Everything told, in the order of its end, some hundred spans a request."""
        rows = [(span.end_time_unix_nano, service, span) for service, spans in self._spans.items() for span in spans]
        rows.sort(key=lambda row: (row[0], row[2].span_id))
        bodies = []
        for first in range(0, len(rows), 500):
            by_service: dict[str, list[Span]] = {}
            for _, service, span in rows[first : first + 500]:
                by_service.setdefault(service, []).append(span)
            bodies.append(
                ExportTraceServiceRequest(
                    resource_spans=[
                        ResourceSpans(
                            resource=Resource(attributes=key_values({"service.name": service, "host.name": "h-1"})),
                            scope_spans=[ScopeSpans(spans=spans)],
                        )
                        for service, spans in by_service.items()
                    ]
                ).SerializeToString()
            )
        return bodies


def hospital(seed: int, tickets: int = 150) -> Truth:
    """Tickets of patients who come again; a request id on everything; polling; health checks; keys only in database
    spans; a nightly batch over many tickets; the same key under two names."""
    tell = Teller(seed)
    rng = tell.random
    nurses = [f"nurse-{n}" for n in range(8)]
    shift = {nurse: "ward nurse" if n < 5 else "night nurse" for n, nurse in enumerate(nurses)}
    finished: list[tuple[float, str]] = []

    def request_id() -> dict[str, object]:
        return {"x_request_id": str(uuid.UUID(int=rng.getrandbits(128)))}

    for n in range(tickets):
        ticket, patient = f"TK-{2026_000 + n}", f"pt{rng.randrange(60):04d}"
        at = n * 3000.0 + rng.random() * 600
        urgency = rng.choice(["low", "high", "critical"])
        opened = tell.span(
            "portal",
            "POST /tickets",
            SERVER,
            at,
            0.4,
            ticket__no=ticket,
            patient=patient,
            urgency=urgency,
            **request_id(),
        )
        told = tell.span("portal", "tickets.new send", PRODUCER, at + 0.2, 0.1, opened)
        tell.span("triage", "tickets.new process", CONSUMER, at + 20, 3, None, told, **request_id())
        at += 300 + rng.random() * 900
        nurse = rng.choice(nurses)
        tell.span(
            "ward", "admission", INTERNAL, at, 240, ticket__no=ticket, nurse=nurse, duty=shift[nurse], patient=patient
        )
        for _ in range(rng.randrange(1, 3)):
            at += 1500 + rng.random() * 2000
            call = tell.span("ward", "lab call", CLIENT, at, 2, None, None, case_ref=ticket, **request_id())
            tell.span("lab", "Lab/OrderTest", SERVER, at + 0.1, 1.6, call, None, case_ref=ticket, **request_id())
        for poll in range(12):
            tell.span("portal", "ticket status", SERVER, at + poll * 30, 0.01, ticket__no=ticket, **request_id())
        at += 4000 + rng.random() * 8000
        if rng.random() < 0.8:
            root = tell.span("discharge", "discharge form", SERVER, at, 2.0, None, None, **request_id())
            tell.span(
                "discharge", "INSERT discharge", CLIENT, at + 0.5, 0.2, root, None, db__param__0=ticket, db__system="pg"
            )
            finished.append((at, ticket))
    for night in range(int(tickets * 3000 / 86400) + 1):
        begin = night * 86400.0
        done = [ticket for at, ticket in finished if begin <= at < begin + 86400]
        for ticket in done:
            tell.span("billing", "invoice ticket", CONSUMER, begin + 86400 + rng.random() * 600, 1, ticket__no=ticket)
        if done:
            tell.span("billing", "nightly run", INTERNAL, begin + 86399, 700, ticket__no=done)
    for beat in range(tickets * 20):
        tell.span(rng.choice(["portal", "lab", "ward"]), "healthz", SERVER, beat * 150.0, 0.001, **request_id())
        tell.span("scheduler", "tick", INTERNAL, beat * 150.0, 0.1)
    rules = [
        ("Open", Match(service="portal", name="POST /tickets")),
        ("Triage", Match(service="triage")),
        ("Admit", Match(service="ward", name="admission")),
        ("Test", Match(service="ward", name="lab call")),
        ("Discharge", Match(service="discharge", kind="server")),
        ("Invoice", Match(service="billing", name="invoice ticket")),
    ]
    mapping = MappingSettings(
        objects=tuple(ObjectRule(attribute=a, type="ticket") for a in ("ticket.no", "case_ref", "db.param.0")),
        activities=tuple(ActivityRule(activity=name, process="ticket", when=when) for name, when in rules),
    )
    return tell.requests(), mapping, {"ticket": ProcessSettings(leading="ticket")}


def claims(seed: int, number: int = 200) -> Truth:
    """Integer ids that count up, in span names as well; generic span names told apart by their route; amounts that
    recur by chance; a policy over several claims; a payment known to its own service alone."""
    tell = Teller(seed)
    rng = tell.random
    for n in range(number):
        claim, policy, amount = 5001 + n, f"POL{rng.randrange(number // 3):05d}", rng.randrange(20, 90) * 1000
        at = n * 900.0 + rng.random() * 300
        session = f"{rng.getrandbits(64):016x}"
        for page in range(rng.randrange(2, 5)):
            tell.span("site", "HTTP GET", SERVER, at - 200 + page * 20, 0.1, session_id=session, path="/help")
        tell.span(
            "site",
            "HTTP POST",
            SERVER,
            at,
            0.3,
            session_id=session,
            path="/claims",
            claim=claim,
            policy=policy,
            sum=amount,
        )
        at += 600 + rng.random() * 5000
        handler = f"{rng.choice('abcdef')}.handler"
        tell.span("desk", f"PUT /claims/{claim}/assessment", SERVER, at, 60, claim=claim, handler=handler, sum=amount)
        if rng.random() < 0.3:
            at += 9000 * rng.random()
            tell.span("site", "HTTP POST", SERVER, at, 0.3, path=f"/claims/{claim}/documents", claim=claim)
        at += 8000 * rng.random()
        tell.span("desk", f"PUT /claims/{claim}/decision", SERVER, at, 30, claim=claim, policy=policy, handler=handler)
        if rng.random() < 0.7:
            at += 30000 * rng.random()
            paid = f"PAY-{rng.getrandbits(40):010x}"
            order = tell.span("ledger", "pay claim", CONSUMER, at, 0.5, claim=claim, payment=paid, sum=amount)
            tell.span("ledger", "POST", CLIENT, at + 0.1, 0.2, order, None, payment=paid)
            tell.span("bank", "settlement", CONSUMER, at + 7000, 0.5, payment=paid, sum=amount)
    rules = [
        ("Report", Match(service="site", attributes={"path": "/claims"})),
        ("Document", Match(service="site", attributes={"path": "/claims/*/documents"})),
        ("Assess", Match(name="PUT /claims/*/assessment")),
        ("Decide", Match(name="PUT /claims/*/decision")),
        ("Pay", Match(service="ledger", kind="consumer")),
        ("Settle", Match(service="bank")),
    ]
    mapping = MappingSettings(
        objects=(ObjectRule(attribute="claim", type="claim"), ObjectRule(attribute="payment", type="payment")),
        activities=tuple(ActivityRule(activity=name, process="claim", when=when) for name, when in rules),
    )
    return tell.requests(), mapping, {"claim": ProcessSettings(leading="claim")}


def one_trace(seed: int, number: int = 150) -> Truth:
    """All of a job in one trace, deep down many services; only the outermost and one other know the job."""
    tell = Teller(seed)
    rng = tell.random
    for n in range(number):
        at, job = n * 500.0, f"job_{rng.getrandbits(48):012x}"
        root = tell.span("front", "SubmitJob", SERVER, at, 100, job=job)
        begin = at + 1
        for service, name in (("reader", "ReadInput"), ("solver", "Solve"), ("writer", "WriteResult")):
            call = tell.span("front", f"call {service}", CLIENT, begin, 21, root)
            more: dict[str, object] = {"job": job} if service == "solver" else {}
            inner = tell.span(service, name, SERVER, begin + 0.5, 20, call, None, **more)
            for _ in range(3):
                tell.span(service, "SELECT", CLIENT, begin + 1 + rng.random(), 0.1, inner, None, db__system="pg")
            ask = tell.span(service, "check token", CLIENT, begin + 0.6, 0.1, inner)
            tell.span("auth", "CheckToken", SERVER, begin + 0.61, 0.05, ask)
            begin += 25
    rules = [
        ("Submit", Match(service="front", kind="server")),
        ("Read", Match(service="reader", kind="server")),
        ("Solve", Match(service="solver", kind="server")),
        ("Write", Match(service="writer", kind="server")),
    ]
    mapping = MappingSettings(
        objects=(ObjectRule(attribute="job", type="job"),),
        activities=tuple(ActivityRule(activity=name, process="job", when=when) for name, when in rules),
    )
    return tell.requests(), mapping, {"job": ProcessSettings(leading="job")}


SHAPES: dict[str, Callable[[int], Truth]] = {"hospital": hospital, "claims": claims, "one_trace": one_trace}
