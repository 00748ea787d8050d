"""The whole chain: the demo sends OTLP, breaks off, and the page comes by way of Prometheus and Alertmanager."""

import contextlib
import importlib.resources
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.build import build
from alerts.settings import AlertSettings, Flow, Machinery, Scrape, Webhooks
from collector.demo.days import ONLINE_HOURS, hour_of
from tests.integration.alerts.servers import MISSING, REASON, Webhook, free_port, get, running, until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(MISSING), reason=REASON),
]


@contextlib.contextmanager
def process(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A `houtai` of our own, ended with its children's help (SIGTERM), else with force."""
    with log.open("wb") as output:
        command = [sys.executable, "-m", "api.cli", *arguments]
        made = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            yield made
        finally:
            made.send_signal(signal.SIGTERM)
            try:
                made.wait(30)
            except subprocess.TimeoutExpired:
                made.kill()
                made.wait()


def test_the_demo_breaks_off_and_somebody_is_woken(tmp_path: Path) -> None:
    receiver, converter, miner, prometheus, manager = (free_port() for _ in range(5))
    webhook = Webhook()
    environment = {
        "HOUTAI_COLLECTOR__PORT": str(receiver),
        "HOUTAI_COLLECTOR__METRICS_PORT": str(converter),
        "HOUTAI_COLLECTOR__GRPC_PORT": "0",
        "HOUTAI_COLLECTOR__BATCH_SECONDS": "0.2",
        "HOUTAI_API__PORT": str(miner),
        "HOUTAI_MINING__INTERVAL_SECONDS": "0.5",
    }
    settings = AlertSettings(
        alertmanager=f"http://127.0.0.1:{manager}",
        webhooks=Webhooks(page=f"{webhook.url}/page", ticket=f"{webhook.url}/ticket"),
        group_wait="0s",
        evaluation_interval="1s",
        keep_firing="2s",
        flow=Flow(window="8s", surroundings="8s", minimum=5, wait="1s"),
        machinery=Machinery(down_wait="30s", wait="30s"),
        scrape=Scrape(
            receiver=f"127.0.0.1:{receiver}",
            converter=f"127.0.0.1:{converter}",
            miner=f"127.0.0.1:{miner}",
            interval="1s",
        ),
    )
    build(settings, tmp_path)
    config = str(importlib.resources.files("collector.demo") / "houtai.yaml")
    serve = ["serve", "--config", config, "--data", str(tmp_path / "data")]
    # About one order a second, at whatever hour this runs: the shop's nights are quiet.
    share = ONLINE_HOURS[hour_of(time.time_ns() // 1000)] / sum(ONLINE_HOURS)
    rate = str(round(3600 / (60 * max(share, 0.002))))
    demo = ["demo", "--endpoint", f"http://127.0.0.1:{receiver}", "--orders", "60", "--days", "1", "--rate", rate]
    servers = (
        (
            [
                "prometheus-alertmanager",
                f"--config.file={tmp_path / 'alertmanager.yml'}",
                f"--storage.path={tmp_path / 'manager'}",
                f"--web.listen-address=127.0.0.1:{manager}",
                "--cluster.listen-address=",
            ],
            f"http://127.0.0.1:{manager}/-/ready",
        ),
        (
            [
                "prometheus",
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
                "--rules.alert.resend-delay=1s",
            ],
            f"http://127.0.0.1:{prometheus}/-/ready",
        ),
    )

    def value(expression: str) -> float:
        found = get(f"http://127.0.0.1:{prometheus}/api/v1/query?query={expression}")["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    with contextlib.ExitStack() as stack:
        stack.callback(webhook.close)
        stack.enter_context(process(serve, environment, tmp_path / "serve.log"))
        for port, path in ((receiver, "healthz"), (converter, "healthz"), (miner, "readyz")):
            until(lambda port=port, path=path: get(f"http://127.0.0.1:{port}/{path}") is not None, 60, path)  # type: ignore[misc]
        for number, (command, ready) in enumerate(servers):
            stack.enter_context(running(command, ready, tmp_path / f"{number}.log"))
        with process(demo, environment, tmp_path / "demo.log"):
            until(
                lambda: value("process:houtai_events:usual{process='order'}") > 10, 90, "Prometheus knows what is usual"
            )
            assert value("sum(up)") == 3
            assert webhook.firing("/page", "FlowStopped") is None, "it flows"
        page = until(lambda: webhook.firing("/page", "FlowStopped"), 60, "the page comes")
    assert page["labels"]["severity"] == "critical"
    assert page["annotations"]["summary_en"] == f"{page['labels']['process']} · a flow has stopped"
    assert "业务断流" in page["annotations"]["summary_zh"]
