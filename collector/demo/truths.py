"""The truths of one draw of problems, each with the finding that should see it."""

from collector.demo.problems import Problems
from collector.demo.services import FIRMWARE_AFTER, GATEWAY_AFTER
from collector.demo.truth import Truth


class Truths:
    """All truths by name; none where nothing is wrong."""

    def __init__(self, problems: Problems | None, clerks: list[str]) -> None:
        listed = [] if problems is None else _truths(problems, clerks)
        self.by_name = {truth.name: truth for truth in listed}

    def hit(self, name: str, case: str) -> None:
        """A case is affected by the problem `name`."""
        self.by_name[name].hit(case)

    def listed(self) -> list[Truth]:
        """All of them, in a fixed order."""
        return list(self.by_name.values())


def _truths(p: Problems, clerks: list[str]) -> list[Truth]:
    clerk = clerks[p.clerk % len(clerks)]
    slow_role = {"Pick": "temporary picker", "Pack": "temporary packer"}[p.slow_step]
    return [
        Truth(
            "night_approval",
            "Nobody approves returns at night: what is requested after hours waits for the morning.",
            "return",
            "bottleneck",
            "waiting",
            {"source": "Request return", "target": "Approve return"},
            None,
            f"{p.approval_end:02d}:00-{p.approval_begin:02d}:00",
            {"approval_begin": p.approval_begin, "approval_end": p.approval_end},
        ),
        Truth(
            "few_reviewers",
            "Too few risk reviewers: held orders queue for hours in the evening and after the promotion.",
            "order",
            "bottleneck",
            "waiting",
            {"source": "Hold for review", "target": "Risk review"},
            None,
            None,
            {"reviewers": p.reviewers, "held_share": p.held_share},
        ),
        Truth(
            "ledger_batch",
            "Finance posts once a day: what was delivered waits for the nightly run.",
            "order",
            "bottleneck",
            "waiting",
            {"source": "Deliver", "target": "Post to ledger"},
            None,
            None,
            {"ledger_hour": p.ledger_hour, "ledger_minute": p.ledger_minute},
        ),
        Truth(
            "address_rework",
            "Addresses from one channel are wrong: found after packing, corrected, packed again.",
            "order",
            "deviation",
            "rework_loop",
            {"activity": "Pack", "channel": p.address_channel},
            None,
            None,
            {"address_channel": p.address_channel, "address_share": p.address_share},
        ),
        Truth(
            "unreviewed",
            "Held orders are picked and shipped without anybody's review.",
            "order",
            "deviation",
            "rare_path",
            {"source": "Hold for review", "target": "Pick"},
            None,
            None,
            {"unreviewed_share": p.unreviewed_share},
        ),
        Truth(
            "early_refund",
            "Refunds are approved and paid before the goods are back.",
            "return",
            "deviation",
            "rare_path",
            {"source": "Approve return", "target": "Approve refund"},
            None,
            None,
            {"early_refund_share": p.early_refund_share},
        ),
        Truth(
            "gateway_timeouts",
            "Charges time out at the payment gateway since a release; customers pay a second time.",
            "order",
            "error",
            "timeout",
            {"activity": "Pay order", "system": "payment-gateway"},
            p.gateway_since,
            None,
            {"gateway_share": p.gateway_share, "version": GATEWAY_AFTER},
        ),
        Truth(
            "pos_firmware",
            "A new firmware on the terminals of one shop: payments hang, and many fail.",
            "order",
            "error",
            "system_error",
            {"activity": "POS pay", "system": "pos", "shop": p.pos_shop},
            p.pos_since,
            None,
            {"pos_shop": p.pos_shop, "pos_share": p.pos_share, "seconds": p.pos_seconds, "version": FIRMWARE_AFTER},
        ),
        Truth(
            "own_refunds",
            "A refund clerk opens returns for customers and approves the refund alone: no goods, no second person.",
            "return",
            "deviation",
            "rare_path",
            {"source": "Request return", "target": "Approve refund", "actor": clerk},
            None,
            None,
            {"clerk": clerk, "clerk_share": p.clerk_share},
        ),
        Truth(
            "stuck_orders",
            f"Some orders never go on after {p.stuck_after}.",
            "order",
            "stall",
            "stuck_case",
            {"activity": p.stuck_after},
            None,
            None,
            {"stuck_after": p.stuck_after, "stuck_share": p.stuck_share},
        ),
        Truth(
            "lost_codes",
            "One supplier of one-time codes loses messages; customers ask again.",
            "order",
            "deviation",
            "rework_loop",
            {"activity": "Send one-time code", "device": p.code_supplier},
            None,
            None,
            {"code_supplier": p.code_supplier, "code_share": p.code_share},
        ),
        Truth(
            "slow_temps",
            f"Temporary staff take {p.slow_factor:g} times as long as the house's own at {p.slow_step}.",
            "order",
            "role",
            "slow_role",
            {"activity": p.slow_step, "role": slow_role},
            None,
            None,
            {"slow_step": p.slow_step, "slow_factor": p.slow_factor},
        ),
    ]
