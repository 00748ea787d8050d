"""Deadlines go by: a page where many of those due are missed now, a ticket where some are over a day."""

from alerts.rules.rule import PROCESS, Alert, Group, Recording, figure, listing
from alerts.settings import AlertSettings
from mining import names

METRIC = f"{names.DEADLINES}_total"
MISSED, DUE = "process:houtai_deadlines_missed:increase", "process:houtai_deadlines:increase"


def deadline_missed(settings: AlertSettings) -> Group:
    """Compares the deadlines missed in a window with all that were decided in it."""
    own = settings.deadlines
    recordings = tuple(
        Recording(f"{record}{window}", f"sum by (process) (increase({METRIC}{chosen}[{window}]))")
        for window in dict.fromkeys((own.window, own.ticket_window))
        for record, chosen in ((MISSED, '{met="false"}'), (DUE, ""))
    )
    page = _alert(own.window, own.page_minimum, own.page_share, own.wait, page=True)
    ticket = _alert(own.ticket_window, own.ticket_minimum, own.ticket_share, own.wait, page=False)
    return Group("houtai_deadlines", (page, ticket), recordings)


def _alert(window: str, minimum: float, share: float, wait: str, page: bool) -> Alert:
    missed, due = f"{MISSED}{window}", f"{DUE}{window}"
    steps = f'sum by (step) (increase({METRIC}{{met="false",process=%q,step!=""}}[{window}])) > 0'
    return Alert(
        name="DeadlineMissed",
        expr=f"{missed} >= {minimum:g} and {missed} / {due} >= {share:g}",
        wait=wait,
        severity="critical" if page else "warning",
        urgency="page" if page else "ticket",
        title="{process} · deadlines missed: {missed} of {due} in {window}",
        description="Of {due} deadlines due in {window}, {missed} were missed. Steps concerned: {steps}.",
        values={
            "process": PROCESS,
            "missed": figure(f"{missed}{{process=%q}}"),
            "due": figure(f"{due}{{process=%q}}"),
            "window": window,
            "steps": listing(steps, "step"),
        },
    )
