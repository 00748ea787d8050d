"""Grafana's provisioning files: where the data sources are, and where the dashboards lie."""

from dataclasses import dataclass

Tree = dict[str, object]


@dataclass(frozen=True)
class Sources:
    """Where Grafana finds what it shows."""

    prometheus_url: str = "http://127.0.0.1:9090"
    houtai_url: str = "http://127.0.0.1:8480"
    scrape_interval: str = "15s"
    """As in prometheus.yml: `$__rate_interval` is four of these."""
    dashboards_path: str | None = None
    """The folder of the dashboards as Grafana's machine sees it; None: where they are built."""
    token_variable: str | None = None
    """Environment variable of Grafana that holds a token for Houtai's API, where it wants one."""


def datasources(sources: Sources) -> Tree:
    """Prometheus for what is live, Infinity on Houtai's API for history, tables and maps."""
    base = sources.houtai_url.rstrip("/")
    api: Tree = {
        "name": "Houtai API",
        "uid": "houtai-api",
        "type": "yesoreyeram-infinity-datasource",
        "access": "proxy",
        "url": base,
        "editable": False,
        "jsonData": {"global_queries": [], "allowedHosts": [base]},
    }
    if sources.token_variable:
        api["jsonData"] = {"auth_method": "bearerToken", "global_queries": [], "allowedHosts": [base]}
        # Grafana expands this from its environment: the token stands in no file.
        api["secureJsonData"] = {"bearerToken": f"${{{sources.token_variable}}}"}
    metrics: Tree = {
        "name": "Houtai metrics",
        "uid": "houtai-metrics",
        "type": "prometheus",
        "access": "proxy",
        "url": sources.prometheus_url.rstrip("/"),
        "editable": False,
        "jsonData": {"httpMethod": "POST", "timeInterval": sources.scrape_interval},
    }
    return {"apiVersion": 1, "datasources": [metrics, api]}


def provider(folder: str) -> Tree:
    """The dashboards in `folder`, as Grafana's machine sees it, shown in a folder of their own."""
    one: Tree = {
        "name": "houtai",
        "orgId": 1,
        "folder": "Houtai",
        "folderUid": "houtai",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        # Grafana expands a dollar in these files.
        "options": {"path": folder.replace("$", "$$")},
    }
    return {"apiVersion": 1, "providers": [one]}
