"""Alertmanager's configuration: who hears what, and what keeps quiet while something worse is on."""

from alerts.prometheus import Tree
from alerts.settings import URGENCIES, AlertSettings, Urgency, Webhooks

NOBODY = "nobody"
_WAITS: dict[Urgency, str] = {"page": "1m", "ticket": "15m", "digest": "1d"}


def alertmanager(settings: AlertSettings) -> Tree:
    """Routes by urgency, and by process where a process has webhooks of its own."""
    receivers: dict[str, Tree] = {NOBODY: {"name": NOBODY}}
    routes: list[Tree] = []
    if settings.watchdog:
        receivers["watchdog"] = _receiver("watchdog", settings.watchdog, send_resolved=False)
    watch = {"receiver": "watchdog", "group_wait": "0s", "group_interval": "1m", "repeat_interval": "1m"}
    routes.append({"matchers": ['alertname="Watchdog"'], **(watch if settings.watchdog else {"receiver": NOBODY})})
    for process, route in sorted(settings.processes.items()):
        for urgency, url in _given(route.webhooks):
            name = f"{urgency}-{process}"
            receivers[name] = _receiver(name, url)
            routes.append(_route(settings, name, urgency, [f"process={_quoted(process)}"]))
    for urgency in URGENCIES:
        url = getattr(settings.webhooks, urgency)
        name = urgency if url else NOBODY
        if url:
            receivers[name] = _receiver(name, url)
        routes.append(_route(settings, name, urgency, []))
    return {
        "route": {"receiver": NOBODY, "group_by": ["alertname", "process"], "routes": routes},
        "inhibit_rules": _inhibitions(),
        "receivers": list(receivers.values()),
    }


def _given(webhooks: Webhooks) -> list[tuple[Urgency, str]]:
    found: list[tuple[Urgency, str | None]] = [(u, getattr(webhooks, u)) for u in URGENCIES]
    return [(urgency, url) for urgency, url in found if url]


def _route(settings: AlertSettings, receiver: str, urgency: Urgency, matchers: list[str]) -> Tree:
    repeat = {"page": f"{int(settings.repeat_hours * 60)}m"}.get(urgency, "7d")
    return {
        "matchers": [*matchers, f'urgency="{urgency}"'],
        "receiver": receiver,
        "group_wait": settings.group_wait,
        "group_interval": _WAITS[urgency],
        "repeat_interval": repeat,
    }


def _receiver(name: str, url: str, send_resolved: bool = True) -> Tree:
    return {"name": name, "webhook_configs": [{"url": url, "send_resolved": send_resolved}]}


def _inhibitions() -> list[Tree]:
    # Alerts without a process would be equal to each other in it, hence `process=~".+"`.
    of_process = 'process=~".+"'
    worse: list[tuple[str, str]] = [("critical", 'severity=~"warning|info"'), ("warning", 'severity="info"')]
    rules: list[Tree] = [
        {
            "source_matchers": [f'severity="{source}"', of_process],
            "target_matchers": [target, of_process],
            "equal": ["process"],
        }
        for source, target in worse
    ]
    # While Houtai does not see what happens, it cannot say that nothing happens.
    rules.append(
        {
            "source_matchers": ['alertname=~"CollectorDown|CollectorBehind|MinerBehind"'],
            "target_matchers": ['alertname=~"FlowStopped|DeadlineMissed"'],
        }
    )
    rules.append({"source_matchers": ['alertname="CollectorDown"'], "target_matchers": ['alertname="CollectorBehind"']})
    return rules


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
