"""The miner does not keep up, or has fallen silent."""

from alerts.rules.rule import VALUE_DURATION, Alert, Group
from alerts.settings import AlertSettings
from mining import names


def miner_behind(settings: AlertSettings) -> Group:
    """Looks at the age of what is not yet mined, and at when a round was last finished."""
    own = settings.machinery
    alert = Alert(
        name="MinerBehind",
        expr=f"max({names.MINING_LAG_SECONDS}) > {own.lag_seconds:g}"
        f" or time() - max({names.MINING_LAST_ROUND}) > {own.silence_seconds:g}"
        f" or absent({names.MINING_LAST_ROUND})",
        wait=own.wait,
        severity="warning",
        urgency="ticket",
        title="Houtai · the miner is behind",
        description="The miner has not taken in what is there, or does not answer (figure: {age}). Pages, findings and "
        "alerts about processes are as old as that.",
        values={"age": VALUE_DURATION},
        of_process=False,
    )
    return Group("houtai_miner", (alert,))
