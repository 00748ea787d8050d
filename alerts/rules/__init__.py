"""Prometheus rules. A new one is a file with one function of the same name, one line here, and its runbooks."""

from typing import Final

from alerts.rules.collector_behind import collector_behind
from alerts.rules.collector_down import collector_down
from alerts.rules.deadline_missed import deadline_missed
from alerts.rules.error_burst import error_burst
from alerts.rules.finding_open import finding_open
from alerts.rules.flow_stopped import flow_stopped
from alerts.rules.miner_behind import miner_behind
from alerts.rules.rule import Alert, Group, Recording, Rule
from alerts.rules.watchdog import watchdog

RULES: Final[tuple[Rule, ...]] = (
    deadline_missed,
    flow_stopped,
    error_burst,
    finding_open,
    collector_behind,
    collector_down,
    miner_behind,
    watchdog,
)

__all__ = ["RULES", "Alert", "Group", "Recording", "Rule"]
