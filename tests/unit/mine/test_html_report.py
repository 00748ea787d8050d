"""The answer and the numbers of reports."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from api.html_report.answer import figures, sentence
from api.html_report.humanise import duration, exact, moment, money, percent
from mining.config import ProcessConfig
from mining.report import Evidence, Finding, Impact, Report, Segment, Suggestion
from mining.reporting import report
from tests.helpers import DAY, T0, log

FINDING = Finding(
    id="f00d",
    process="test",
    kind="bottleneck",
    name="waiting",
    subject={"activity": "b"},
    severity="warning",
    urgency="ticket",
    confidence=0.9,
    title="b waits <long>",
    story="Two of three cases wait.",
    impact=Impact(cases=2, share=2 / 3, hours_per_week=12.5, money_per_week=5_120_000),
    cause=None,
    since="2026-01-05T00:00:00Z",
    change=None,
    segment=(Segment("channel", "livestream", 2.5, 2, 0.001),),
    evidence=Evidence(cases=("1", "2"), traces=(), figures={"p50_s": 3600.0, "p90_s": 7200.0}),
    suggestions=(Suggestion("cover_hours", "business", "Have somebody there.", 10.0, (8.0, 12.0)),),
    first_seen=None,
    last_seen=None,
)


def made(*findings: Finding, currency: str | None = "CNY") -> Report:
    config = ProcessConfig(process="test", leading="case", currency=currency)
    return replace(report(log("abc", "abc", "ab<"), config, T0 + DAY, facts=()), findings=findings)


def test_the_answer() -> None:
    assert sentence(made(FINDING), "en") == "b waits <long>. Try: Have somebody there."
    assert sentence(made(replace(FINDING, suggestions=())), "zh-CN") == "b waits <long>。"
    assert sentence(made(), "en").startswith("Nothing stands out: half of the 3 cases are done within")
    assert figures(made(FINDING), "en")[-1].value == "¥51,200"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "–"), (0.0, "0 s"), (59.97, "1 min"), (33840.0, "9.4 h"), (183600.0, "2 d 3 h")]
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert duration("en", seconds) == shown


def test_numbers() -> None:
    assert exact("en", 33840.25) == "33,840.25 s"
    assert exact("en", None) == ""
    assert [percent("en", share) for share in (None, 0.0, 0.0001, 0.714)] == ["–", "0 %", "< 0.1 %", "71.4 %"]
    assert percent("zh-CN", 0.71) == "71%"
    assert [money(None, "CNY", "en"), money(5_120_000, "JPY", "en"), money(150, None, "en")] == ["–", "¥5,120,000", "2"]
    assert moment("2026-01-05T16:30:00Z", ZoneInfo("Asia/Shanghai")) == "2026-01-06 00:30"
