"""The commands as a person types them."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from alerts.build import documents
from alerts.prometheus import RULES_FILE
from alerts.settings import AlertSettings, ProcessRoute
from api.cli.alerts import app as alerts
from api.cli.dashboards import app as dashboards
from collector.vocabulary.errors import PermanentError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "houtai.yaml"
    path.write_text(
        """
processes: {order: {leading: order}}
alerts:
  alertmanager: https://am.example/prefix
  page_base_url: https://houtai.example/
  flow: {minimum: 33}
"""
    )
    return path


def test_alerts_build_writes_what_the_configuration_says(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(alerts, ["build", "--config", str(config), "--out", str(out)], catch_exceptions=False)
    assert result.output.split() == [str(out / name) for name in (RULES_FILE, "prometheus.yml", "alertmanager.yml")]
    rules = (out / RULES_FILE).read_text(encoding="utf-8")
    assert ">= 33" in rules
    assert "https://houtai.example/runbooks/FlowStopped" in rules
    (manager,) = yaml.safe_load((out / "prometheus.yml").read_text())["alerting"]["alertmanagers"]
    assert manager == {
        "scheme": "https",
        "static_configs": [{"targets": ["am.example"]}],
        "path_prefix": "/prefix",
    }


def test_alerts_check_says_what_was_checked(config: Path) -> None:
    result = CliRunner().invoke(alerts, ["check", "--config", str(config)], catch_exceptions=False)
    assert result.output.startswith("11 alerts, ")
    assert result.output.count("\n") == 4


def test_a_wrong_threshold_is_one_line_that_names_it(config: Path) -> None:
    config.write_text("alerts: {flow: {window: soon}}\n")
    with pytest.raises(PermanentError, match=r"alerts\.flow\.window"):
        CliRunner().invoke(alerts, ["check", "--config", str(config)], catch_exceptions=False)


def test_an_owner_of_a_process_is_named_in_its_alerts() -> None:
    routes = {"order": ProcessRoute(owner="payments"), 'a "b"': ProcessRoute(owner="x")}
    rules = str(documents(AlertSettings(owner="all", processes=routes))[RULES_FILE])
    wanted = (
        '{{ if eq $labels.process "a \\"b\\"" }}x{{ else if eq $labels.process "order" }}payments{{ else }}all{{ end }}'
    )
    assert repr(wanted)[1:-1] in rules or wanted in rules


def test_dashboards_build_and_check(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "grafana"
    arguments = ["build", "--config", str(config), "--out", str(out), "--lang", "zh-CN", "--mounted", "/in/$grafana"]
    result = CliRunner().invoke(dashboards, arguments, catch_exceptions=False)
    assert len(result.output.split()) == 5
    provider = yaml.safe_load((out / "provisioning/dashboards/houtai.yaml").read_text())["providers"][0]
    assert provider["options"]["path"] == "/in/$$grafana"
    sources = yaml.safe_load((out / "provisioning/datasources/houtai.yaml").read_text())["datasources"]
    assert sources[1]["url"] == "https://houtai.example"
    assert CliRunner().invoke(dashboards, ["check"], catch_exceptions=False).output.count("\n") == 6
