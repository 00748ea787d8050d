"""A made-up shop for looking at pages: orders and returns with a few things wrong, the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa

from mining.arena import Arena
from mining.build import build
from tests.helpers import DAY, HOUR, MINUTE, SECOND, batch, event

BEGIN = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * SECOND
DAYS = 14
NOW = BEGIN + DAYS * DAY
ODD_NAME = 'Check <address> & "phone"'
ODD_CASE = "O/7 ?#%&"

STEPS = {
    "order": {
        "Place order": ("user", None, "shop-web", 30),
        "Review risk": ("staff", "risk reviewer", "risk-desk", 240),
        ODD_NAME: ("staff", "service agent", "crm", 150),
        "Pay": ("system", None, "payment-gateway", 4),
        "Send one-time code": ("device", None, "otp-sender", 2),
        "Reserve stock": ("system", None, "erp", 3),
        "Pick and pack": ("staff", "warehouse clerk", "warehouse", 900),
        "Ship": ("staff", "warehouse clerk", "warehouse", 300),
        "Deliver": ("staff", "courier", "logistics", 600),
        "Issue invoice": ("system", None, "finance", 6),
        "Cancel order": ("user", None, "shop-web", 20),
    },
    "return": {
        "Request return": ("user", None, "shop-app", 60),
        "Approve return": ("staff", "return approver", "crm", 420),
        "Receive goods": ("staff", "warehouse clerk", "warehouse", 200),
        "Inspect goods": ("staff", "inspector", "warehouse", 500),
        "Approve refund": ("staff", "refund clerk", "finance", 180),
        "Pay refund": ("system", None, "payment-gateway", 5),
        "Reject return": ("staff", "return approver", "crm", 240),
    },
}
ENDS = {"order": ("Issue invoice", "Cancel order"), "return": ("Pay refund", "Reject return")}
CHANNELS = ("search", "partner", "livestream")
PLATFORMS = ("web", "ios", "android", "mini-program")


def arena(process: str, cases: int = 3000, seed: int = 7, odd: bool = True) -> Arena:
    """The events of one process as an arena; `odd` names are there to be escaped."""
    return build([events(process, cases, seed, odd)], process, process)


def events(process: str, cases: int, seed: int, odd: bool = True) -> pa.RecordBatch:
    """The events of one process."""
    draw = random.Random(f"{process}/{seed}")
    rows = []
    for number in range(cases):
        case = ODD_CASE if process == "order" and number == 7 else f"{process[0].upper()}{100000 + number}"
        begin = BEGIN + int(draw.random() * DAYS * DAY)
        rows += list(_case(draw, process, case, begin))
    if not odd:
        for row in rows:
            row["activity"] = "Correct address" if row["activity"] == ODD_NAME else row["activity"]
    return batch(rows)


def _case(draw: random.Random, process: str, case: str, at: int) -> Iterator[dict[str, object]]:
    channel, platform = draw.choice(CHANNELS), draw.choice(PLATFORMS)
    path = _order(draw, channel) if process == "order" else _return(draw)
    amount, customer = draw.randrange(2_000, 90_000), f"C{draw.randrange(2000)}"
    for place, activity in enumerate(path):
        kind, role, system, seconds = STEPS[process][activity]
        if place:
            at += _wait(draw, activity, at)
        length = int(seconds * SECOND * draw.lognormvariate(0, 0.5))
        if at + length > NOW:
            return
        failed = activity == "Pay" and at > BEGIN + 10 * DAY and draw.random() < 0.12
        yield event(
            case,
            activity,
            at,
            at + length,
            event_id=f"{case}/{place:03}",
            process=process,
            leading=process,
            actor={"staff": f"{role} {draw.randrange(1, 6)}", "user": f"u{draw.randrange(9000)}"}.get(kind),
            actor_kind=kind,
            role=role,
            system=system,
            module=f"/{activity.split()[0].lower()}",
            error="timeout" if failed else None,
            channel=channel,
            platform=platform,
            amount=amount if place == 0 else None,
            trace_id=f"{draw.getrandbits(128):032x}",
            objects=[
                {"type": process, "id": case, "qualifier": None},
                {"type": "customer", "id": customer, "qualifier": None},
            ],
            fields={"payment.method": "card"} if activity == "Pay" else {},
        )
        at += length
        if failed and draw.random() < 0.3:
            return


def _order(draw: random.Random, channel: str) -> list[str]:
    path = ["Place order"]
    if draw.random() < 0.3:
        path.append("Review risk")
    if draw.random() < 0.06:
        return [*path, "Cancel order"]
    path += ["Send one-time code", "Pay", "Reserve stock"]
    while channel == "livestream" and draw.random() < 0.35:
        path += [ODD_NAME, "Reserve stock"]
    path += ["Pick and pack", "Ship", "Deliver", "Issue invoice"]
    if draw.random() < 0.02:
        path.remove("Pay")
    if draw.random() < 0.03:
        path.insert(path.index("Ship"), "Pick and pack")
    return path


def _return(draw: random.Random) -> list[str]:
    path = ["Request return", "Approve return"]
    if draw.random() < 0.1:
        return [path[0], "Reject return"]
    if draw.random() < 0.05:
        return [*path, "Approve refund", "Pay refund", "Receive goods"]
    path += ["Receive goods", "Inspect goods"]
    while draw.random() < 0.15:
        path += ["Approve return", "Inspect goods"]
    return [*path, "Approve refund", "Pay refund"]


def _wait(draw: random.Random, activity: str, at: int) -> int:
    hour = (at // HOUR + 8) % 24
    if activity == "Approve return" and (hour >= 20 or hour < 9):
        return int(((33 - hour) % 24 or 24) * HOUR * (0.9 + 0.2 * draw.random()))
    mean = {
        "Review risk": 5 * HOUR,
        "Pick and pack": 6 * HOUR,
        "Ship": 2 * HOUR,
        "Deliver": 30 * HOUR,
        "Receive goods": 40 * HOUR,
        "Approve refund": 9 * HOUR,
        "Inspect goods": 3 * HOUR,
    }.get(activity, MINUTE)
    return int(mean * draw.lognormvariate(-0.2, 0.6))
