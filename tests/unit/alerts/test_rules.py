"""Every alert as time series: when it fires, and when it keeps quiet. Checked by promtool."""

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import alerts.rules
from alerts.build import documents, render
from alerts.prometheus import RULES_FILE, annotations, rules
from alerts.rules import RULES
from alerts.rules.rule import seconds
from alerts.settings import AlertSettings, Flow
from collector.vocabulary.languages import has_text
from mining import names

SETTINGS = AlertSettings(flow=Flow(history="2d"))
"""A week would only take longer."""
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")
DAY = 24 * 12
FIRING = 'sum by (__name__, alertname, severity, alertstate) (ALERTS{alertname!="Watchdog",alertstate="firing"})'
BEFORE = 2 * DAY
"""Of history, in steps of five minutes."""


@dataclass(frozen=True)
class Scenario:
    """Series with a sample a step, and who fires after `at` steps (severities by alert name)."""

    title: str
    series: dict[str, str]
    at: int
    fires: dict[str, tuple[str, ...]]
    step: int = 1
    """Minutes."""


def events(process: str = "order", activity: str = "Pay", role: str = "", outcome: str = "ok") -> str:
    labels = f'process="{process}",activity="{activity}",role="{role}",system="shop",outcome="{outcome}"'
    return f"houtai_events_total{{{labels}}}"


def findings(urgency: str, name: str = "waiting") -> str:
    labels = f'process="order",kind="bottleneck",name="{name}",severity="warning"'
    return f'houtai_findings{{{labels},urgency="{urgency}"}}'


def deadlines(met: str) -> str:
    return f'houtai_deadlines_total{{process="order",step="Ship",met="{met}"}}'


UP = {f'up{{job="{job}",instance="x"}}': "1x4000" for job in ("houtai-receiver", "houtai-converter", "houtai-miner")}


def well(step: int) -> dict[str, str]:
    """What Houtai says of itself when all is well."""
    rounds = {"houtai_mining_last_round_timestamp_seconds": f"0+{60 * step}x4000"}
    return {**UP, "houtai_collector_wal_age_seconds": "0x4000", "houtai_mining_lag_seconds": "0x4000", **rounds}


SCENARIOS = (
    Scenario("all is well", {events(): "0+2x400", events(outcome="error"): "0x400"}, 240, {}),
    Scenario("a flow stops", {events(): "0+2x200 400x100"}, 222, {"FlowStopped": ("critical",)}),
    Scenario(
        "a flow that stopped is still stopped an hour later",
        {events(): "0+2x200 400x100"},
        270,
        {"FlowStopped": ("critical",)},
    ),
    Scenario("a flow pauses for less than the window", {events(): "0+2x200 400x8 400+2x60"}, 215, {}),
    Scenario("a thin flow stops: too little to go by", {events(): "0+1x200 200x100"}, 222, {}),
    Scenario(
        "a flow of people stops, the rest goes on",
        {events(activity="Check", role="clerk"): "0+2x200 400x100", events(): "0+9x400"},
        222,
        {},
    ),
    Scenario(
        "a batch a day is no flow", {events(): "0x100 200x1000", events(activity="Settle"): "0x180 500x1000"}, 230, {}
    ),
    Scenario(
        "one activity stops that flowed at this hour two days ago",
        {events(): f"0+10x{BEFORE} {10 * BEFORE}x40", events(activity="Browse"): f"0+250x{BEFORE + 60}"},
        BEFORE + 12,
        {"FlowStopped": ("critical",)},
        step=5,
    ),
    Scenario(
        "the flow stops every night, yesterday too",
        {events(): f"0+10x120 1200x{DAY - 122} 1200+10x120 2400x100"},
        DAY + 120 + 6,
        {},
        step=5,
    ),
    Scenario(
        "the flow stops at an hour at which it flowed yesterday",
        {events(): f"0+10x120 1200x{DAY - 122} 1200+10x90 2100x100"},
        DAY + 90 + 6,
        {"FlowStopped": ("critical",)},
        step=5,
    ),
    Scenario(
        "errors burst",
        {events(): "0+2x300", events(outcome="error"): "0x100 0+1x100"},
        150,
        {"ErrorBurst": ("critical",)},
    ),
    Scenario(
        "a burst is over, its allowance is used up",
        {events(): "0+2x300", events(outcome="error"): "0x100 0+1x20 20x200"},
        190,
        {"ErrorBurst": ("warning",)},
    ),
    Scenario("few events, all errors", {events(outcome="error"): "0x100 0 1 2 3 3x100"}, 110, {}),
    Scenario(
        "a slow burn is a ticket",
        {events(): "0+96x600", events(outcome="error"): "0+4x600"},
        60,
        {"ErrorBurst": ("warning",)},
        step=5,
    ),
    Scenario(
        "errors within what is allowed", {events(): "0+200x500", events(outcome="error"): "0+1x500"}, 120, {}, step=5
    ),
    Scenario(
        "many deadlines missed",
        {deadlines("true"): "0+1x200", deadlines("false"): "0x60 0+1x100"},
        120,
        {"DeadlineMissed": ("critical", "warning")},
    ),
    Scenario(
        "a few deadlines missed",
        {deadlines("true"): "0+1x400", deadlines("false"): "0x100 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15x200"},
        200,
        {"DeadlineMissed": ("warning",)},
    ),
    Scenario("one deadline missed", {deadlines("true"): "0+1x400", deadlines("false"): "0x100 1x300"}, 120, {}),
    Scenario(
        "the collector is behind",
        {"houtai_collector_wal_age_seconds": "0x30 60+60x30"},
        45,
        {"CollectorBehind": ("warning",)},
    ),
    Scenario("the collector was behind for a moment", {"houtai_collector_wal_age_seconds": "0x30 180 0x20"}, 33, {}),
    Scenario("the miner lags", {"houtai_mining_lag_seconds": "0x30 600x30"}, 45, {"MinerBehind": ("warning",)}),
    Scenario(
        "the miner is silent",
        {"houtai_mining_last_round_timestamp_seconds": "0+60x30 1800x40"},
        60,
        {"MinerBehind": ("warning",)},
    ),
    Scenario(
        "the miner is gone",
        {"houtai_mining_last_round_timestamp_seconds": "0+60x30 stale"},
        45,
        {"MinerBehind": ("warning",)},
    ),
    Scenario(
        "the receiver does not answer",
        {'up{job="houtai-receiver",instance="x"}': "1x30 0x30"},
        40,
        {"CollectorDown": ("critical",)},
    ),
    Scenario(
        "nobody scrapes the converter",
        {'up{job="houtai-converter",instance="x"}': "_x60"},
        40,
        {"CollectorDown": ("critical",)},
    ),
    Scenario(
        "a finding is a page, others are tickets",
        {findings("page"): "0x5 1x40", findings("ticket"): "3x40"},
        20,
        {"FindingOpen": ("critical", "warning")},
    ),
    Scenario(
        "a stoppage that only the miner sees",
        {findings("page", "flow_stopped"): "0x5 1x40"},
        20,
        {"FlowStopped": ("critical",)},
    ),
    Scenario(
        "a stoppage that both see pages once",
        {events(): "0+2x200 400x100", findings("page", "flow_stopped"): "0x210 1x90"},
        222,
        {"FlowStopped": ("critical",)},
    ),
    Scenario("findings for the digest", {findings("digest"): "7x40"}, 20, {}),
    Scenario("the receiver restarts", {'up{job="houtai-receiver",instance="x"}': "1x30 0 1x30"}, 31, {}),
)


@needs_promtool
def test_the_files_that_are_built_pass_promtool(tmp_path: Path) -> None:
    for settings in (
        SETTINGS,
        AlertSettings(alertmanager="https://am.example:9093/prefix", grafana_base_url="http://g"),
    ):
        for name, tree in documents(settings).items():
            (tmp_path / name).write_text(render(tree), encoding="utf-8")
        run("check", "rules", str(tmp_path / RULES_FILE))
        run("check", "config", str(tmp_path / "prometheus.yml"))


@needs_promtool
def test_every_alert_as_time_series(tmp_path: Path) -> None:
    (tmp_path / RULES_FILE).write_text(render(rules(SETTINGS)), encoding="utf-8")
    for step in (1, 5):
        file = tmp_path / f"{step}.yml"
        chosen = [scenario for scenario in SCENARIOS if scenario.step == step]
        tree = {"rule_files": [RULES_FILE], "evaluation_interval": f"{step}m", "tests": cases(chosen)}
        file.write_text(yaml.safe_dump(tree))
        run("test", "rules", str(file))


def cases(scenarios: list[Scenario]) -> list[dict[str, object]]:
    tests: list[dict[str, object]] = []
    for scenario in scenarios:
        expected = [
            {"labels": sample(name, severity), "value": 1}
            for name, severities in scenario.fires.items()
            for severity in severities
        ]
        tests.append(
            {
                "interval": f"{scenario.step}m",
                "name": scenario.title,
                "input_series": [
                    {"series": s, "values": v} for s, v in {**well(scenario.step), **scenario.series}.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": FIRING,
                        "eval_time": f"{scenario.at * scenario.step}m",
                        "exp_samples": expected,
                    }
                ],
            }
        )
    return tests


@needs_promtool
def test_an_alert_says_what_happens_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / RULES_FILE).write_text(render(rules(SETTINGS)), encoding="utf-8")
    english = "order · a flow has stopped"
    chinese = "order · 业务断流"
    long = (
        "In the last 15m order had 0 events; at this hour 30 are usual. "
        "Activities that stand still although they do not wait for people: –. A system, channel or shop that is silent "
        "by itself is named on the process page, with the cases caught in it."
    )
    lang = (
        "最近 15m 内，order 有 0 个事件；该时段常态为 30 个。不依赖人工却停滞的环节：–。"
        "若只有某个系统、渠道或门店断流，流程页会指明，并附受影响的单。"
    )
    expected = {
        "exp_labels": {"process": "order", "severity": "critical", "urgency": "page"},
        "exp_annotations": {
            **{"summary": english, "summary_en": english, "summary_zh": chinese},
            **{"description": long, "description_en": long, "description_zh": lang},
            "runbook_url": "http://127.0.0.1:8480/runbooks/FlowStopped",
            "page_url": "http://127.0.0.1:8480/processes/order",
        },
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": s, "values": v} for s, v in {**well(1), events(): "0+2x200 400x100"}.items()],
        "alert_rule_test": [{"eval_time": "222m", "alertname": "FlowStopped", "exp_alerts": [expected]}],
    }
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": [RULES_FILE], "evaluation_interval": "1m", "tests": [test]}))
    run("test", "rules", str(file))


def test_every_alert_has_a_scenario_in_which_it_fires() -> None:
    every = Counter(alert.name for rule in RULES for alert in rule(SETTINGS).alerts)
    firing = {name for scenario in SCENARIOS for name in scenario.fires}
    assert firing == set(every) - {"Watchdog"}


def test_the_tuple_lists_every_file_once() -> None:
    files = {path.stem for path in Path(alerts.rules.__file__).parent.glob("*.py")} - {"__init__", "rule"}
    assert sorted(rule.__name__ for rule in RULES) == sorted(files)
    for rule in RULES:
        assert rule.__module__ == f"alerts.rules.{rule.__name__}"


def test_labels_are_identity_only_and_texts_are_in_both_languages() -> None:
    for rule in RULES:
        for alert in rule(SETTINGS).alerts:
            assert has_text("zh-CN", alert.title), alert.title
            assert has_text("zh-CN", alert.description), alert.description
            assert {"summary_en", "summary_zh", "description_en", "description_zh"} <= set(annotations(alert, SETTINGS))
    for group in json.loads(json.dumps(rules(SETTINGS)))["groups"]:
        for one in group["rules"]:
            if "alert" in one:
                assert set(one["labels"]) == {"severity", "urgency"}
                assert one["labels"]["severity"] in ("critical", "warning", "info", "none")


def test_every_metric_in_the_rules_is_one_of_the_contract() -> None:
    known = {value for name, value in vars(names).items() if name.isupper() and str(value).startswith("houtai_")}
    known |= {f"{name}_total" for name in known}
    groups = [rule(SETTINGS) for rule in RULES]
    expressions = [r.expr for g in groups for r in g.recordings] + [a.expr for g in groups for a in g.alerts]
    for expression in expressions:
        assert set(re.findall(r"(?<![:\w])houtai_\w+", expression)) <= known


def test_durations_and_golden() -> None:
    assert seconds("1h30m") == 5400
    assert seconds("250ms") == 0.25
    golden = Path(__file__).parents[2] / "golden" / "alerts"
    for name, tree in documents(AlertSettings(alertmanager="http://127.0.0.1:9093")).items():
        assert render(tree) == (golden / name).read_text(encoding="utf-8"), (
            f"{name}: run python -m tests.golden.alerts.renew"
        )


def sample(name: str, severity: str) -> str:
    return f'ALERTS{{alertname="{name}",alertstate="firing",severity="{severity}"}}'


def run(*arguments: str) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
