"""Always fires. Whoever stops hearing it knows that no other alert would come through either."""

from alerts.rules.rule import Alert, Group
from alerts.settings import AlertSettings


def watchdog(_settings: AlertSettings) -> Group:
    """Feeds a dead-man's switch; wakes nobody by itself."""
    alert = Alert(
        name="Watchdog",
        expr="vector(1)",
        wait=None,
        severity="none",
        urgency="digest",
        title="Houtai · watchdog",
        description="This alert always fires. Where it stops coming, Prometheus or Alertmanager does not work.",
        of_process=False,
        keep_firing=False,
    )
    return Group("houtai_watchdog", (alert,))
