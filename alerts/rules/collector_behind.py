"""The converter does not keep up: requests are safe on disk, but not yet events."""

from alerts.rules.rule import VALUE_DURATION, Alert, Group
from alerts.settings import AlertSettings
from mining import names


def collector_behind(settings: AlertSettings) -> Group:
    """Looks at the age of the oldest record that is not yet converted."""
    own = settings.machinery
    alert = Alert(
        name="CollectorBehind",
        expr=f"max({names.COLLECTOR_WAL_AGE}) > {own.wal_age_seconds:g}",
        wait=own.wait,
        severity="warning",
        urgency="ticket",
        title="Houtai · the collector is {age} behind",
        description="The oldest record of the write-ahead log has waited {age} to become events. Nothing is lost, but "
        "figures, findings and alerts are as old as that.",
        values={"age": VALUE_DURATION},
        of_process=False,
    )
    return Group("houtai_collector", (alert,))
