"""A flow of orders that stopped for an hour, and what became of those who were caught."""

from collections.abc import Mapping
from typing import Any, Final

from mining.arena import Arena
from tests.helpers import DAY, HOUR, MINUTE, SECOND, T0, arena, event

BEGIN: Final = T0 + 2 * DAY + 14 * HOUR
"""From then on the bank is silent .."""
UNTIL: Final = BEGIN + HOUR
""".. until then."""
ENDS: Final = ("Done",)


def shop(what: Mapping[str, str], *, whole: bool = False) -> Arena:
    """Two days of an order every ten minutes, paid by a bank a minute later and done after another.

    Of the `what` cases caught at BEGIN + place minutes (the first before it) each goes on as it says: `on` after UNTIL,
    `never`, `twice` (by hand at once, and by the bank after UNTIL), `failed` (the bank only fails), `else` (cancelled).
    `whole`: nobody orders either while it is silent, and all else comes after it.
    """
    rows: list[dict[str, Any]] = []

    def step(case: str, name: str, at: int, system: str, **more: Any) -> None:
        rows.append(event(case, name, at, at + SECOND, system=system, **more))

    for n in range(2 * 24 * 6):
        case, at = f"a{n:04}", T0 + n * 10 * MINUTE
        for name, later, system in (("Order", 0, "web"), ("Pay", 1, "bank"), ("Done", 2, "web")):
            step(case, name, at + later * MINUTE, system)
    for place, (case, then) in enumerate(what.items()):
        at = BEGIN - MINUTE if whole or place == 0 else BEGIN + place * MINUTE
        step(case, "Order", at - SECOND * (place + 1), "web", actor_kind="user", actor=f"u-{case}")
        later = UNTIL + (place + 1) * SECOND
        if then in ("on", "twice"):
            step(case, "Pay", later, "bank")
        if then == "twice":
            step(case, "Pay", (UNTIL if whole else BEGIN + 30 * MINUTE) + 20 * SECOND, "paper")
        if then == "failed":
            step(case, "Pay", later, "bank", error="timeout")
        if then == "else":
            step(case, "Done", later + MINUTE, "web")
    step("z", "Order", UNTIL - 10 * SECOND if not whole else UNTIL + SECOND, "web")
    step("z", "Pay", UNTIL, "bank")
    step("y", "Order", UNTIL + 3 * HOUR, "web")
    return arena(rows)
