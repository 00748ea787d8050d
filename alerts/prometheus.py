"""Rules and scrape configuration as Prometheus reads them."""

import json

from alerts.rules import RULES, Alert, Group
from alerts.rules.rule import PROCESS
from alerts.settings import AlertSettings
from collector.vocabulary.languages import LANGUAGES, text
from mining import names

RULES_FILE = "houtai.rules.yml"
Tree = dict[str, object]


def rules(settings: AlertSettings) -> Tree:
    """All groups, as the content of a rule file."""
    return {"groups": [_group(rule(settings), settings) for rule in RULES]}


def prometheus(settings: AlertSettings) -> Tree:
    """A configuration that scrapes Houtai's three processes and evaluates the rules."""
    own = settings.scrape
    targets = (("houtai-receiver", own.receiver), ("houtai-converter", own.converter), ("houtai-miner", own.miner))
    authorization: Tree = {"authorization": {"type": "Bearer", "credentials": own.token}} if own.token else {}
    tree: Tree = {
        "global": {"scrape_interval": own.interval, "evaluation_interval": settings.evaluation_interval},
        "rule_files": [RULES_FILE],
        "scrape_configs": [
            {"job_name": job, **authorization, "static_configs": [{"targets": [target]}]} for job, target in targets
        ],
    }
    if settings.alertmanager:
        scheme, _, rest = settings.alertmanager.rpartition("://")
        host, _, prefix = rest.partition("/")
        manager: Tree = {"scheme": scheme or "http", "static_configs": [{"targets": [host]}]}
        if prefix.strip("/"):
            manager["path_prefix"] = f"/{prefix.strip('/')}"
        tree["alerting"] = {"alertmanagers": [manager]}
    return tree


def _group(group: Group, settings: AlertSettings) -> Tree:
    recordings: list[Tree] = [{"record": r.record, "expr": r.expr} for r in group.recordings]
    return {"name": group.name, "rules": [*recordings, *(_alert(alert, settings) for alert in group.alerts)]}


def _alert(alert: Alert, settings: AlertSettings) -> Tree:
    tree: Tree = {"alert": alert.name, "expr": alert.expr}
    if alert.wait:
        tree["for"] = alert.wait
    if alert.keep_firing:
        tree["keep_firing_for"] = settings.keep_firing
    tree["labels"] = {"severity": alert.severity, "urgency": alert.urgency}
    tree["annotations"] = annotations(alert, settings)
    return tree


def annotations(alert: Alert, settings: AlertSettings) -> dict[str, str]:
    """Title and description in every language, and links; `summary` and `description` are in the first language."""
    base = settings.page_base_url.rstrip("/")
    found: dict[str, str] = {}
    for suffix, language in (("", settings.languages[0]), *((f"_{lang[:2]}", lang) for lang in LANGUAGES)):
        found[f"summary{suffix}"] = text(language, alert.title, **alert.values)
        found[f"description{suffix}"] = text(language, alert.description, **alert.values)
    runbooks = settings.runbook_base_url
    found["runbook_url"] = (
        f"{runbooks.rstrip('/')}/{alert.name}" if runbooks else base + names.RUNBOOK.format(name=alert.name)
    )
    found["page_url"] = base + (
        names.PAGE_PROCESS.format(process="{{ $labels.process | urlquery }}") * alert.of_process
    )
    if settings.grafana_base_url:
        board = f"{settings.grafana_base_url.rstrip('/')}/d/{names.DASHBOARD_ON_CALL}"
        found["dashboard_url"] = board + f"?var-process={PROCESS[:-3]} | urlquery }}}}" * alert.of_process
    owner = _owner(alert, settings)
    if owner:
        found["owner"] = owner
    return found


def _owner(alert: Alert, settings: AlertSettings) -> str:
    """Who is on duty, as a template where processes have owners of their own."""
    owners = {process: route.owner for process, route in sorted(settings.processes.items()) if route.owner}
    if not alert.of_process or not owners:
        return settings.owner or ""
    # A JSON string is a Go string too.
    cases = [f"if eq $labels.process {json.dumps(process)} }}}}{owner}" for process, owner in owners.items()]
    return "{{ " + "{{ else ".join(cases) + f"{{{{ else }}}}{settings.owner or ''}{{{{ end }}}}"
