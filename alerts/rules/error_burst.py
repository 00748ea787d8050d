"""Errors burn their allowance: multi-window burn rates (SRE workbook, chapter 5) of the worst activity of a process.

Long and short window must both burn, so that an alert comes soon and ends soon; both need a minimum of traffic.
"""

from alerts.rules.rule import PROCESS, Alert, Group, Recording, listing
from alerts.settings import AlertSettings, Burn
from mining import names

METRIC = f"{names.EVENTS}_total"
RATIO, EVENTS = "process_activity:houtai_errors:ratio_rate", "process_activity:houtai_events:increase"


def error_burst(settings: AlertSettings) -> Group:
    """One alert a severity, each true where any of its pairs of windows is."""
    own = settings.errors
    by = "sum by (process, activity)"
    recordings = [
        Recording(
            f"{RATIO}{window}",
            f'{by} (rate({METRIC}{{outcome="error"}}[{window}])) / {by} (rate({METRIC}[{window}]))',
        )
        for window in dict.fromkeys(window for burn in own.burns for window in (burn.long, burn.short))
    ]
    recordings += [
        Recording(f"{EVENTS}{window}", f"{by} (increase({METRIC}[{window}]))")
        for window in dict.fromkeys(burn.long for burn in own.burns)
    ]
    alerts = [
        _alert(settings, [burn for burn in own.burns if burn.severity == "critical"], page=True),
        _alert(settings, [burn for burn in own.burns if burn.severity == "warning"], page=False),
    ]
    return Group("houtai_errors", tuple(alert for alert in alerts if alert is not None), tuple(recordings))


def _alert(settings: AlertSettings, burns: list[Burn], page: bool) -> Alert | None:
    if not burns:
        return None
    own = settings.errors

    def burning(burn: Burn) -> str:
        limit = round(burn.factor * own.allowance, 6)
        long, events = f"{RATIO}{burn.long}", f"{EVENTS}{burn.long}"
        return (
            f"({long} > {limit:g} and {RATIO}{burn.short} > {limit:g}"
            f" and {events} >= {own.minimum:g} and {long} * {events} >= {own.minimum_errors:g})"
        )

    worst = " or ".join(burning(burn) for burn in burns)
    windows = dict.fromkeys(burn.short for burn in burns)
    limit = round(min(burn.factor for burn in burns) * own.allowance, 6)
    activities = " or ".join(f"{RATIO}{window}{{process=%[1]q}} > {limit:g}" for window in windows)
    return Alert(
        name="ErrorBurst",
        expr=f"max by (process) ({worst})",
        wait=own.wait if page else own.warning_wait,
        severity="critical" if page else "warning",
        urgency="page" if page else "ticket",
        title="{process} · errors: {ratio} of the events of an activity fail",
        description="The worst activity of {process} fails in {ratio} of its events; {allowance} are allowed for. "
        "Activities concerned: {activities}.",
        values={
            "process": PROCESS,
            "ratio": "{{ $value | humanizePercentage }}",
            "allowance": f"{100 * own.allowance:g}%",
            "activities": listing(activities, "activity"),
        },
    )
