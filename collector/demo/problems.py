"""What is wrong in the shop: twelve problems whose place, time and size the seed draws."""

import random
from dataclasses import dataclass

from collector.demo.days import midnight
from collector.demo.kernel import HOUR

CHANNELS = ("search", "partner", "livestream")
SHOPS = ("Xujiahui", "Nanjing Road", "Hongqiao")
SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


@dataclass(frozen=True)
class Problems:
    """One draw. Shares are 0..1, times microseconds UTC, hours local."""

    approval_begin: int
    """Returns are approved from this hour ..."""
    approval_end: int
    """.. to this one, and nobody is there before or after."""
    reviewers: int
    """Risk reviewers on duty at a time, where the evening alone needs four."""
    held_share: float
    """Online orders held for review."""
    ledger_hour: int
    """Local hour of the one ledger run a day."""
    ledger_minute: int
    address_channel: str
    address_share: float
    """Orders of that channel whose address must be corrected after packing."""
    unreviewed_share: float
    """Held orders that are picked without review."""
    early_refund_share: float
    """Returns refunded before the goods are back."""
    gateway_since: int
    gateway_share: float
    """Charges that time out since then."""
    pos_shop: str
    pos_since: int
    pos_share: float
    """Payments that fail on a terminal with the new firmware."""
    pos_seconds: float
    """How long a payment hangs on such a terminal."""
    clerk: int
    """Which refund clerk approves own requests."""
    clerk_share: float
    """Own requests as a share of all returns."""
    stuck_after: str
    """Step after which some orders never go on."""
    stuck_share: float
    code_supplier: str
    code_share: float
    """Codes of that supplier that do not arrive."""
    slow_step: str
    """Step at which temporary staff are slow."""
    slow_factor: float


def draw(seed: int, first_day: int, days: int) -> Problems:
    """The problems of a seed in a history of `days` days that begins on local day `first_day`."""
    rng = random.Random(f"houtai demo problems {seed}")

    def since(low: float, high: float) -> int:
        return midnight(first_day) + int(rng.uniform(low, high) * days * 24) * HOUR + rng.randrange(1, 59) * HOUR // 60

    return Problems(
        approval_begin=rng.choice((8, 9, 10)),
        approval_end=rng.choice((17, 18, 19)),
        reviewers=1,
        held_share=round(rng.uniform(0.135, 0.16), 3),
        ledger_hour=rng.choice((2, 3, 4, 5)),
        ledger_minute=rng.choice((0, 15, 30)),
        address_channel=rng.choice(CHANNELS),
        address_share=round(rng.uniform(0.12, 0.2), 3),
        unreviewed_share=round(rng.uniform(0.11, 0.15), 3),
        early_refund_share=round(rng.uniform(0.035, 0.06), 3),
        gateway_since=since(0.45, 0.65),
        gateway_share=round(rng.uniform(0.1, 0.18), 3),
        pos_shop=rng.choice(SHOPS),
        pos_since=since(0.4, 0.6),
        pos_share=round(rng.uniform(0.35, 0.5), 3),
        pos_seconds=round(rng.uniform(70, 140), 1),
        clerk=rng.randrange(3),
        clerk_share=round(rng.uniform(0.025, 0.045), 3),
        stuck_after=rng.choice(("Pay order", "Confirm order", "Pack")),
        stuck_share=round(rng.uniform(0.015, 0.03), 3),
        code_supplier=rng.choice(SUPPLIERS),
        code_share=round(rng.uniform(0.25, 0.4), 3),
        slow_step=rng.choice(("Pick", "Pack")),
        slow_factor=round(rng.uniform(1.9, 2.6), 2),
    )
