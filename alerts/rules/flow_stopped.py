"""A flow stops: the events of a process, or of one of its activities, fall away from what is usual at this hour.

Usual is what was there at least nine tenths of the time around this hour a week ago, so that an activity that comes
in one batch a day counts as none. Without a week of history a day ago stands in, then the two hours before: these two
for whole processes only. Activities done in a role are not looked at one by one, since people go home; they count in
the whole. The miner's finding of the same name fires the same alert: it sees systems, channels and shops as well, and
thin flows.
"""

from alerts.rules.rule import PROCESS, Alert, Group, Recording, figure, listing, seconds
from alerts.settings import AlertSettings
from mining import names

WHOLE, PARTS = "process:houtai_events:window", "process_activity:houtai_events:window"
WHOLE_USUAL, PARTS_USUAL = "process:houtai_events:usual", "process_activity:houtai_events:usual"
WHOLE_RECENT = "process:houtai_events:recent"
STOPPED = "process_activity:houtai_events:stopped"


def flow_stopped(settings: AlertSettings) -> Group:
    """Compares the events of a window with what is usual, where that is enough to go by."""
    own = settings.flow
    # Half of the surroundings lie after this hour, so that a shop that closes daily at ten is not missed after ten.
    week = f"offset {int(seconds(own.history) - seconds(own.surroundings) / 2)}s"
    day = f"offset {int(86400 - seconds(own.surroundings) / 2)}s"

    def usual(record: str, *offsets: str) -> str:
        return " or ".join(f"quantile_over_time(0.1, {record}[{own.surroundings}] {offset})" for offset in offsets)

    def below(now: str, then: str) -> str:
        return f"{now} < {own.ratio:g} * {then} and {then} >= {own.minimum:g}"

    recordings = (
        Recording(WHOLE, f"sum by (process) (increase({names.EVENTS}_total[{own.window}]))"),
        Recording(PARTS, f'sum by (process, activity) (increase({names.EVENTS}_total{{role=""}}[{own.window}]))'),
        Recording(WHOLE_RECENT, f"quantile_over_time(0.1, {WHOLE}[{own.surroundings}])"),
        # The best of the recent hours, so that a stop does not become what is usual while it lasts.
        Recording(
            WHOLE_USUAL,
            f"{usual(WHOLE, week, day)} or max_over_time({WHOLE_RECENT}[{own.surroundings}] offset {own.window})",
        ),
        Recording(PARTS_USUAL, usual(PARTS, week)),
        Recording(STOPPED, below(PARTS, PARTS_USUAL)),
    )
    told = f'{names.FINDINGS}{{name="flow_stopped",urgency="page"}}'
    alert = Alert(
        name="FlowStopped",
        # One alert for both who look, so that one stoppage pages once.
        expr=f"({below(WHOLE, WHOLE_USUAL)}) or count by (process) ({STOPPED}) or max by (process) ({told}) > 0",
        wait=own.wait,
        severity="critical",
        urgency="page",
        title="{process} · a flow has stopped",
        description="In the last {window} {process} had {seen} events; at this hour {usual} are usual. "
        "Activities that stand still although they do not wait for people: {activities}. A system, channel or shop "
        "that is silent by itself is named on the process page, with the cases caught in it.",
        values={
            "process": PROCESS,
            "seen": figure(f"{WHOLE}{{process=%q}}"),
            "usual": figure(f"{WHOLE_USUAL}{{process=%q}}"),
            "window": own.window,
            "activities": listing(f"{STOPPED}{{process=%q}}", "activity"),
        },
    )
    return Group("houtai_flow", (alert,), recordings)
