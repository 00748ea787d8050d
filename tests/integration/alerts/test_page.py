"""A flow breaks, and the page comes: real Prometheus, real Alertmanager, metrics of a real process."""

import re
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alerts.build import build
from alerts.settings import AlertSettings, Burn, Errors, Flow, ProcessRoute, Scrape, Webhooks
from dashboards import documents
from dashboards.checking import expressions
from tests.integration.alerts.servers import MISSING, REASON, Webhook, free_port, get, post, running, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(MISSING), reason=REASON)]


@dataclass(frozen=True)
class Stack:
    """Where everything listens."""

    flow: str
    prometheus: str
    alertmanager: str
    webhook: Webhook

    def query(self, expression: str) -> list[object]:
        answer = get(f"{self.prometheus}/api/v1/query?query={urllib.parse.quote(expression)}")
        assert answer["status"] == "success", answer
        result: list[object] = answer["data"]["result"]
        return result


def quick(flow: int, alertmanager: int, webhook: Webhook) -> AlertSettings:
    """The rules as they are, in seconds for minutes."""
    own = f"127.0.0.1:{flow}"
    return AlertSettings(
        alertmanager=f"http://127.0.0.1:{alertmanager}",
        webhooks=Webhooks(page=f"{webhook.url}/page", ticket=f"{webhook.url}/ticket"),
        watchdog=f"{webhook.url}/watchdog",
        processes={"return": ProcessRoute(webhooks=Webhooks(page=f"{webhook.url}/page/return"))},
        grafana_base_url="http://grafana.example",
        group_wait="0s",
        evaluation_interval="1s",
        keep_firing="2s",
        flow=Flow(window="5s", surroundings="6s", ratio=0.1, minimum=5, wait="1s"),
        errors=Errors(
            minimum=5, minimum_errors=2, wait="1s", burns=(Burn(factor=5, long="8s", short="4s", severity="critical"),)
        ),
        scrape=Scrape(receiver=own, converter=own, miner=own, interval="1s"),
    )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    flow, prometheus, manager = free_port(), free_port(), free_port()
    webhook = Webhook()
    build(quick(flow, manager, webhook), folder)
    commands = (
        ([sys.executable, "-m", "tests.integration.alerts.live_flow", str(flow)], f"http://127.0.0.1:{flow}/", "flow"),
        (
            [
                "prometheus-alertmanager",
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'manager'}",
                f"--web.listen-address=127.0.0.1:{manager}",
                "--cluster.listen-address=",
            ],
            f"http://127.0.0.1:{manager}/-/ready",
            "manager",
        ),
        (
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
                "--rules.alert.resend-delay=1s",
            ],
            f"http://127.0.0.1:{prometheus}/-/ready",
            "prometheus",
        ),
    )
    started = [running(command, ready, folder / f"{name}.log") for command, ready, name in commands]
    with started[0], started[1], started[2]:
        urls = [f"http://127.0.0.1:{port}" for port in (flow, prometheus, manager)]
        yield Stack(urls[0], urls[1], urls[2], webhook)
    webhook.close()


def test_a_flow_that_breaks_is_a_page_in_both_languages(stack: Stack) -> None:
    webhook = stack.webhook
    until(lambda: webhook.firing("/watchdog", "Watchdog"), 30, "the watchdog is heard")
    usual = 'process:houtai_events:usual{process="order"} > 20'
    until(lambda: stack.query(usual), 40, "Prometheus knows what is usual")
    assert set(webhook.alerts) == {"/watchdog"}, "all is well, nobody is woken"

    post(f"{stack.flow}/fail")
    page = until(lambda: webhook.firing("/page/return", "ErrorBurst"), 30, "the page for errors comes")
    assert page["labels"] == {
        "alertname": "ErrorBurst",
        "process": "return",
        "severity": "critical",
        "urgency": "page",
    }
    assert re.match(r"return · errors: [\d.]+% of the events", page["annotations"]["summary_en"])
    assert "系统报错突增" in page["annotations"]["summary_zh"]
    assert "Activities concerned: Pay." in page["annotations"]["description_en"]

    post(f"{stack.flow}/stop")
    page = until(lambda: webhook.firing("/page", "FlowStopped"), 40, "the page for the flow comes")
    assert page["labels"] == {
        "alertname": "FlowStopped",
        "process": "order",
        "severity": "critical",
        "urgency": "page",
    }
    notes = page["annotations"]
    assert notes["summary_en"] == "order · a flow has stopped"
    assert re.match(r"In the last 5s order had \d+ events; at this hour \d+ are usual\. ", notes["description_en"])
    assert notes["summary_zh"] == "order · 业务断流"
    assert re.match(r"最近 5s 内，order 有 \d+ 个事件；该时段常态为 \d+ 个。", notes["description_zh"])
    assert notes["runbook_url"] == "http://127.0.0.1:8480/runbooks/FlowStopped"
    assert notes["page_url"] == "http://127.0.0.1:8480/processes/order"
    assert notes["dashboard_url"] == "http://grafana.example/d/houtai-on-call?var-process=order"
    names = {alert["labels"]["alertname"] for alerts in webhook.alerts.values() for alert in alerts}
    assert names == {"Watchdog", "ErrorBurst", "FlowStopped"}, "nothing else is said"


EMPTY = {
    # Of the collector, which does not run here; of delivery by the service itself.
    *("collector_requests", "collector_wal", "collector_converted", "collector_dead", "alert_deliveries"),
    *("collector_received", "collector_acknowledged", "collector_rejected", "collector_duplicate"),
}


def test_every_query_of_every_dashboard_gives_something(stack: Stack) -> None:
    until(lambda: stack.query("houtai_events_total"), 30, "Prometheus has scraped")
    time.sleep(3)
    asked = 0
    for document in documents("en").values():
        for expression in expressions(document):
            filled = expression.replace("$process", "return").replace("$__range", "1h")
            filled = filled.replace("$__rate_interval", "5m")  # the flow stands by now
            assert "$" not in filled.replace('"$1"', "")
            result, asked = stack.query(filled), asked + 1
            none_now = any(name in expression for name in EMPTY) or "offset 1w" in expression
            # No case stays open in this flow, and no deadline is missed.
            none_now = none_now or "open_cases" in expression or "oldest_open" in expression
            assert result or none_now, expression
    assert asked > 40


def test_a_node_graph_has_a_node_for_both_ends_of_every_edge(stack: Stack) -> None:
    until(lambda: stack.query("houtai_edges_total"), 30, "Prometheus has scraped")
    time.sleep(3)
    (panel,) = [p for p in documents("en")["houtai-on-call"]["panels"] if p["type"] == "nodeGraph"]  # type: ignore[attr-defined]
    found = {}
    for target in panel["targets"]:
        filled = target["expr"].replace("$process", "return").replace("$__range", "1h")
        found[target["refId"]] = [row["metric"] for row in stack.query(filled)]  # type: ignore[index]
    nodes = {node["id"] for node in found["nodes"]}
    assert nodes == {"Place", "Pay", "Close"}
    assert {(e["source"], e["target"]) for e in found["edges"]} == {("Place", "Pay"), ("Pay", "Close")}
    assert all(float(e["mainstat"]) > 0 and e["id"] for e in found["edges"])


def test_routes_by_urgency_and_process(tmp_path: Path) -> None:
    settings = AlertSettings(
        webhooks=Webhooks(page="http://p", ticket="http://t"),
        processes={'a "b"': ProcessRoute(webhooks=Webhooks(page="http://own"))},
    )
    build(settings, tmp_path)
    for labels, receiver in (
        (["urgency=page", "process=order"], "page"),
        (["urgency=page", 'process=a "b"'], 'page-a "b"'),
        (["urgency=ticket", 'process=a "b"'], "ticket"),
        (["urgency=digest"], "nobody"),
        (["alertname=Watchdog", "urgency=page"], "nobody"),
    ):
        command = ["amtool", "config", "routes", "test", f"--config.file={tmp_path / 'alertmanager.yml'}"]
        quoted = [f'{k}="{v}"'.replace('a "b"', 'a \\"b\\"') for k, v in (label.split("=", 1) for label in labels)]
        done = subprocess.run([*command, *quoted], capture_output=True, text=True, check=False)
        assert done.stdout.strip() == receiver, done.stdout + done.stderr
