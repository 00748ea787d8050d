"""Findings of the miner that a person must look at: Alertmanager brings them where it is the one that delivers."""

from alerts.rules.rule import PROCESS, VALUE, Alert, Group, listing
from alerts.settings import AlertSettings, Urgency
from mining import names


def finding_open(settings: AlertSettings) -> Group:
    """One alert for findings that are a page, one for those that are a ticket; the rest is for the digest."""
    wait = settings.machinery.down_wait
    return Group("houtai_findings", (_alert("page", wait), _alert("ticket", wait)))


def _alert(urgency: Urgency, wait: str) -> Alert:
    # A stoppage that pages is the alert FlowStopped.
    others = f'urgency="{urgency}"' + (',name!="flow_stopped"' if urgency == "page" else "")
    known = f"sum by (name) ({names.FINDINGS}{{process=%q,{others}}}) > 0"
    return Alert(
        name="FindingOpen",
        expr=f"sum by (process) ({names.FINDINGS}{{{others}}}) > 0",
        wait=wait,
        severity="critical" if urgency == "page" else "warning",
        urgency=urgency,
        title="{process} · findings to look at: {count}",
        description="{process} has {count} open findings that somebody must look at: {names}. The process page tells "
        "each with its size, cause, examples and what to try.",
        values={"process": PROCESS, "count": VALUE, "names": listing(known, "name")},
    )
