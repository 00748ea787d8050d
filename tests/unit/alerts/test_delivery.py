"""Delivery to a real HTTP server: at once, once, once a day; not twice; again after a failure."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry

import alerts.delivery
import alerts.prometheus
from alerts.delivery import Background, Deliverer
from alerts.settings import AlertSettings, Channels, ProcessRoute
from collector.vocabulary.languages import has_text
from mining.config import ProcessConfig
from mining.live.knowledge import Snapshot
from mining.report import Cause, Evidence, Finding, Impact, Report, Suggestion
from tests.helpers import DAY, HOUR, MINUTE, arena

# apprise still imports it for one of its plugins; gone with Python 3.13.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NOW = int(datetime(2026, 1, 4, 14, 17, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000
"""A Sunday afternoon."""
CONFIG = ProcessConfig(process="order", leading="order", currency="CNY", zone=ZoneInfo("Asia/Shanghai"))


class Receiver:
    """An HTTP server that remembers what was posted."""

    def __init__(self) -> None:
        self.posts: list[dict[str, str]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.posts.append(json.loads(body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"json://127.0.0.1:{self.server.server_port}/"

    def titles(self) -> list[str]:
        return [post["title"] for post in self.posts]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


_MADE: list[Deliverer] = []


def make_deliverer(
    settings: AlertSettings, path: Path | None = None, registry: CollectorRegistry | None = None
) -> Deliverer:
    """A deliverer that is closed when the test is over."""
    _MADE.append(Deliverer(settings, path, registry))
    return _MADE[-1]


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while _MADE:
        _MADE.pop().close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def finding(number: int = 1, urgency: str = "page", status: str = "open", name: str = "flow_stopped") -> Finding:
    return Finding(
        id=f"f{number}",
        process="order",
        kind="stall",
        name=name,
        subject={"activity": "Pay"},
        severity="critical",
        urgency=urgency,
        confidence=0.93,
        title=f"Payments stalled {number}",
        story="Expected 38 payments in 5 min, seen 2.",
        impact=Impact(143, 0.1, 12.0, 5_120_000),
        cause=None,
        since="2026-01-04T06:05:00Z",
        change={"what": "payment-gateway 4.2.1 released 13:58"},
        segment=(),
        evidence=Evidence(("88123", "88131"), (), {}),
        suggestions=(Suggestion("undo_change", "system", "Roll back."),),
        first_seen=None,
        last_seen=None,
        status=status,
    )


def snapshots(*findings: Finding) -> dict[str, Snapshot]:
    def report(found: Sequence[Finding]) -> Report:
        blank: dict[str, object] = dict.fromkeys(Report.__dataclass_fields__)
        return Report(**{**blank, "findings": tuple(found)})  # type: ignore[arg-type]

    chinese = [replace(f, title="支付环节断流", story="5 分钟内应有 38 笔支付，实际 2 笔。") for f in findings]
    reports = {"en": report(findings), "zh-CN": report(chinese)}
    return {"order": Snapshot(CONFIG, arena([]), (), NOW, reports)}  # type: ignore[arg-type]


def settings(receiver: Receiver, **more: object) -> AlertSettings:
    urls = (receiver.url,)
    everything: dict[str, object] = {"apprise": Channels(page=urls, ticket=urls, digest=urls), **more}
    return AlertSettings.model_validate(everything)


def test_a_page_is_said_at_once_in_both_languages_and_in_order(receiver: Receiver) -> None:
    deliverer = make_deliverer(settings(receiver, owner="payments on-call", grafana_base_url="http://g"))
    deliverer.round(snapshots(finding()), NOW)
    (post,) = receiver.posts
    assert post["title"] == "[PAGE] order · Payments stalled 1"
    links = """http://127.0.0.1:8480/findings/f1/stoppage
{dashboard}http://g/d/houtai-on-call?var-process=order
{finding}http://127.0.0.1:8480/findings/f1
{runbook}http://127.0.0.1:8480/runbooks/FlowStopped
"""
    assert post["message"] == (
        "[PAGE] order · Payments stalled 1 · 143 cases · about ¥51,200 a week · since 14:05 (12 min)\n"
        "Last change: payment-gateway 4.2.1 released 13:58. First thing to do: Roll back.\n"
        "Expected 38 payments in 5 min, seen 2. Confidence 0.93.\n"
        "Examples: 88123, 88131.\n"
        "Affected cases: "
        + links.format(dashboard="Dashboard: ", finding="Finding: ", runbook="Runbook: ")
        + "Owner: payments on-call.\n\n"
        "【立即处理】order · 支付环节断流 · 143 单 · 每周约 ¥51,200 · 自 14:05 起（已 12分钟）\n"
        "最近变更：payment-gateway 4.2.1 released 13:58。先做：Roll back。\n"
        "5 分钟内应有 38 笔支付，实际 2 笔。置信度 0.93。\n"
        "示例：88123、88131。\n"
        "受影响清单："
        + links.format(dashboard="看板：", finding="问题：", runbook="处置手册：")
        + "负责人：payments on-call。"
    )


def test_what_is_not_known_is_left_out_or_said_so(receiver: Receiver) -> None:
    bare = replace(
        finding(name="waiting"),
        since=None,
        change=None,
        suggestions=(),
        impact=Impact(2, 0.1, 1.0, deadlines_missed=2),
        cause=Cause("contention", {"contention": 1.0}),
        evidence=Evidence((), (), {}),
    )
    make_deliverer(settings(receiver, languages=["en"], runbook_base_url="http://books/")).round(snapshots(bare), NOW)
    assert receiver.posts[0]["message"] == (
        "[PAGE] order · Payments stalled 1 · 2 cases · 2 deadlines missed\n"
        "Last change: none known.\n"
        "Expected 38 payments in 5 min, seen 2. Likely cause (0.93): contention.\n"
        "Affected cases: http://127.0.0.1:8480/processes/order\n"
        "Finding: http://127.0.0.1:8480/findings/f1\n"
        "Runbook: http://books/DeadlineMissed"
    )


def test_a_restart_says_nothing_twice_and_an_open_page_is_repeated(receiver: Receiver, tmp_path: Path) -> None:
    for minutes in (0, 1, 239):
        deliverer = make_deliverer(settings(receiver), tmp_path / "alerts.sqlite")
        deliverer.round(snapshots(finding()), NOW + minutes * MINUTE)
        deliverer.close()
    assert len(receiver.posts) == 1
    deliverer = make_deliverer(settings(receiver), tmp_path / "alerts.sqlite")
    deliverer.round(snapshots(finding()), NOW + 241 * MINUTE)
    deliverer.round(snapshots(finding(status="acknowledged")), NOW + 600 * MINUTE)
    assert len(receiver.posts) == 2, "repeated while open, not once somebody has taken it"


def test_a_failure_is_counted_and_tried_again(receiver: Receiver) -> None:
    registry = CollectorRegistry()
    deliverer = make_deliverer(settings(receiver), registry=registry)
    receiver.status = 500
    for second in range(4):
        deliverer.round(snapshots(finding()), NOW + second * 1_000_000)
    assert (deliverer.delivered, deliverer.failed) == (0, 3), "the third failure starts a pause"
    receiver.status = 200
    deliverer.round(snapshots(finding()), NOW + MINUTE)
    assert len(receiver.posts) == 1
    outcome = {"urgency": "page", "outcome": "ok"}
    assert registry.get_sample_value("houtai_alert_deliveries_total", outcome) == 1


@pytest.mark.parametrize("url", ["nonsense", "json://127.0.0.1:1/"])
def test_a_way_out_that_leads_nowhere_never_raises(url: str) -> None:
    deliverer = make_deliverer(AlertSettings(apprise=Channels(page=(url,))))
    deliverer.round(snapshots(finding()), NOW)
    assert deliverer.failed == 1


def test_what_is_over_is_said_once_and_flapping_is_not(receiver: Receiver) -> None:
    deliverer = make_deliverer(settings(receiver, languages=["zh-CN"]))
    for minutes, there in ((0, True), (5, False), (10, True), (12, False), (20, False), (23, False), (40, False)):
        deliverer.round(snapshots(*[finding()] * there), NOW + minutes * MINUTE)
    assert receiver.titles() == ["【立即处理】order · 支付环节断流", "【已恢复】order · 支付环节断流"]
    assert receiver.posts[1]["message"].startswith("【已恢复】order · 支付环节断流 · 持续 12分钟\n")
    deliverer.round(snapshots(finding()), NOW + 50 * MINUTE)
    assert len(receiver.posts) == 2, "back within the cooldown"
    deliverer.round(snapshots(finding()), NOW + 90 * MINUTE)
    assert len(receiver.posts) == 3


def test_tickets_are_grouped_said_once_and_end_silently(receiver: Receiver) -> None:
    deliverer = make_deliverer(settings(receiver, languages=["en"]))
    tickets = [finding(number, "ticket") for number in range(30)]
    for hours in range(0, 60, 12):
        deliverer.round(snapshots(*tickets), NOW + hours * HOUR)
    deliverer.round(snapshots(), NOW + 61 * HOUR)
    deliverer.round(snapshots(), NOW + 62 * HOUR)
    (post,) = receiver.posts
    assert post["title"] == "[TICKET] order · Payments stalled 0 (+29 more)"
    assert "And 27 more:\n- Payments stalled 3\n" in post["message"]
    assert post["message"].count("\n- ") == 20


def test_the_digest_comes_once_a_day_with_what_is_new(receiver: Receiver) -> None:
    deliverer = make_deliverer(settings(receiver, languages=["en"]))
    morning = NOW - 6 * HOUR
    old, new = finding(1, "digest"), finding(2, "digest")
    for moment, found in (
        (morning, [old]),
        (morning + HOUR, [old]),
        (morning + 2 * HOUR, [old, new]),
        (morning + DAY + HOUR, [old, new]),
        (morning + 2 * DAY + HOUR, [old, new]),
    ):
        deliverer.round(snapshots(*found), moment)
    assert receiver.titles() == ["[DIGEST] order · Payments stalled 1", "[DIGEST] order · Payments stalled 2"]


@pytest.mark.parametrize("status", ["acknowledged", "in_redesign", "resolved", "muted"])
def test_only_open_findings_are_said(receiver: Receiver, status: str) -> None:
    make_deliverer(settings(receiver)).round(snapshots(finding(status=status)), NOW)
    assert receiver.posts == []


def test_a_finding_that_grows_urgent_is_said_again(receiver: Receiver) -> None:
    deliverer = make_deliverer(settings(receiver))
    deliverer.round(snapshots(finding(urgency="ticket")), NOW)
    deliverer.round(snapshots(finding(urgency="page")), NOW + MINUTE)
    deliverer.round(snapshots(finding(urgency="ticket")), NOW + 2 * MINUTE)
    assert [title.split("]")[0] for title in receiver.titles()] == ["[TICKET", "[PAGE"]


def test_a_process_can_have_a_way_and_an_owner_of_its_own(receiver: Receiver) -> None:
    own = ProcessRoute(owner="Li", apprise=Channels(page=(receiver.url,)))
    chosen = AlertSettings(apprise=Channels(page=("json://127.0.0.1:1/",)), processes={"order": own}, owner="all")
    deliverer = make_deliverer(chosen)
    deliverer.round(snapshots(finding()), NOW)
    assert deliverer.failed == 0
    assert "Owner: Li." in receiver.posts[0]["message"]


def test_who_names_no_way_is_told_nothing() -> None:
    assert not AlertSettings().delivers
    assert AlertSettings(apprise=Channels(digest=("json://x",))).delivers
    assert AlertSettings(processes={"order": ProcessRoute(apprise=Channels(page=("json://x",)))}).delivers
    deliverer = make_deliverer(AlertSettings())
    deliverer.round(snapshots(finding()), NOW)
    assert (deliverer.delivered, deliverer.failed) == (0, 0)


def test_the_background_hands_over_the_newest_round(receiver: Receiver) -> None:
    background = Background(make_deliverer(settings(receiver)))
    background.round(snapshots(finding()), NOW)
    background.round(snapshots(finding()), NOW + MINUTE)
    background.close()
    assert len(receiver.posts) == 1


def test_every_message_is_in_the_catalogue() -> None:
    folder = Path(alerts.delivery.__file__).parent
    for path in folder.glob("*.py"):
        for message in re.findall(r'text\(\s*\w+,\s*"((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8")):
            assert has_text("zh-CN", message), message
    assert datetime.fromtimestamp(NOW / 1e6, UTC).weekday() == 6
