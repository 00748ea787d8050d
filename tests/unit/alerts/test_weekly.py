"""The weekly report: once a week at its hour of the process's zone, not twice after a restart, with files."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.delivery import Deliverer
from alerts.delivery.message import Attachment
from alerts.delivery.weekly import Documents, Files, due
from alerts.settings import AlertSettings, Channels, ProcessRoute, Weekly
from api.bottlenecks.delivering import documents
from collector.vocabulary.languages import Language
from mining.config import ProcessConfig
from mining.live.knowledge import Snapshot
from mining.live.redesigns import Redesigns
from tests.unit.bottlenecks.documents import CONFIG, document

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0, zone: ZoneInfo = SHANGHAI, month: int = 3) -> int:
    return round(datetime(2026, month, day, hour, minute, tzinfo=zone).timestamp() * 1e6)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    english, made = document("en")
    return Snapshot(CONFIG, made, (), int(made.end.max()), {"en": english, "zh-CN": document("zh-CN")[0]})


@pytest.fixture
def posts() -> Iterator[tuple[str, list[dict[str, object]], list[int]]]:
    """Address, what was posted, and the status that is answered."""
    found: list[dict[str, object]] = []
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if status[0] == 200:
                found.append(json.loads(body))
            self.send_response(status[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/", found, status
    server.shutdown()
    thread.join()
    server.server_close()


Posts = tuple[str, list[dict[str, object]], list[int]]


def rounds(url: str, path: Path, snapshot: Snapshot, *moments: int, make: Documents | None = None) -> None:
    """A service that is started, sees rounds at these moments, and is stopped."""
    settings = AlertSettings(apprise=Channels(report=(url,)))
    deliverer = Deliverer(settings, path, None, make)
    for moment in moments:
        deliverer.round({"return": snapshot}, moment)
    deliverer.close()


def test_due_moments_are_those_of_the_zone(snapshot: Snapshot) -> None:
    settings = AlertSettings()
    assert due(settings, snapshot, at(9, 8)) == "2026-03-09T08"  # a Monday
    assert due(settings, snapshot, at(9, 7, 59)) == "2026-03-02T08"
    assert due(settings, snapshot, at(15, 23, 59)) == "2026-03-09T08"
    berlin = replace(snapshot, config=replace(CONFIG, zone=ZoneInfo("Europe/Berlin")))
    sunday = AlertSettings(weekly=Weekly(day="SUNDAY", hour=2))
    # On 29 March two o'clock does not exist there; the report comes at three.
    assert due(sunday, berlin, at(29, 1, 59, ZoneInfo("Europe/Berlin"))) == "2026-03-22T02"
    assert due(sunday, berlin, at(29, 3, 0, ZoneInfo("Europe/Berlin"))) == "2026-03-29T02"


def test_once_a_week_and_not_twice_after_a_restart(posts: Posts, snapshot: Snapshot, tmp_path: Path) -> None:
    url, found, _ = posts
    path = tmp_path / "alerts.sqlite"
    rounds(url, path, snapshot, at(4, 12), at(8, 23))
    assert found == [], "what was due before it was set up is not sent"
    rounds(url, path, snapshot, at(9, 7, 59), at(9, 8), at(9, 8, 1))
    rounds(url, path, snapshot, at(9, 9), at(14, 3))
    assert len(found) == 1
    rounds(url, path, snapshot, at(18, 10))
    assert len(found) == 2, "late, as the service was down on Monday, but not left out"
    rounds(url, path, snapshot, at(22, 10))
    assert len(found) == 2


def test_what_did_not_get_through_is_tried_again(posts: Posts, snapshot: Snapshot, tmp_path: Path) -> None:
    url, found, status = posts
    path = tmp_path / "alerts.sqlite"
    rounds(url, path, snapshot, at(4, 12))
    status[0] = 500
    rounds(url, path, snapshot, at(9, 8))
    status[0] = 200
    rounds(url, path, snapshot, at(9, 8, 5))
    assert len(found) == 1


def test_summary_link_and_files_in_both_languages(posts: Posts, snapshot: Snapshot, tmp_path: Path) -> None:
    url, found, _ = posts
    path = tmp_path / "alerts.sqlite"
    make = documents({"return": {"en": "Return", "zh-CN": "退货"}}, Redesigns(f"sqlite:///{tmp_path / 'state.sqlite'}"))
    rounds(url, path, snapshot, at(4, 12), at(9, 8), make=make)
    (post,) = found
    assert post["title"] == "[WEEKLY] return · bottleneck report"
    message = str(post["message"])
    assert "1. Approve: nobody on duty from 20 to 24 h, cases wait 9.4 h longer · 250 h a week" in message
    assert "退货审批：20–24 点无人当班" in message
    assert message.endswith("http://127.0.0.1:8480/processes/return/bottlenecks")
    attached = post["attachments"]
    assert isinstance(attached, list)
    names = [each["filename"] for each in attached]
    assert names == ["return-en.pdf", "return-en.html", "return-zh-CN.pdf", "return-zh-CN.html"]
    assert base64.b64decode(attached[2]["base64"]).startswith(b"%PDF-")
    assert "瓶颈报告" in base64.b64decode(attached[3]["base64"]).decode()


def test_where_the_files_fail_the_summary_goes_out(posts: Posts, snapshot: Snapshot, tmp_path: Path) -> None:
    def broken(_: Snapshot, __: Language) -> Files:
        raise ValueError("no font")

    url, found, _ = posts
    rounds(url, tmp_path / "alerts.sqlite", snapshot, at(4, 12), at(9, 8), make=broken)
    assert "attachments" not in found[0] or not found[0]["attachments"]
    assert "/processes/return/bottlenecks" in str(found[0]["message"])


def test_a_way_that_takes_no_files_gets_the_text(
    monkeypatch: pytest.MonkeyPatch, posts: Posts, snapshot: Snapshot, tmp_path: Path
) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    monkeypatch.setattr(NotifyJSON, "attachment_support", False)

    def one(_: Snapshot, __: Language) -> Files:
        return Files("It waits.", (Attachment("a.pdf", "application/pdf", b"%PDF-"),))

    url, found, _ = posts
    rounds(url, tmp_path / "alerts.sqlite", snapshot, at(4, 12), at(9, 8), make=one)
    assert not found[0].get("attachments")
    assert str(found[0]["message"]).startswith("It waits.\n1. ")


def test_a_process_has_its_own_or_the_shared_ways() -> None:
    settings = AlertSettings(
        apprise=Channels(report=("json://all",)),
        processes={"order": ProcessRoute(apprise=Channels(report=("json://own",))), "return": ProcessRoute()},
    )
    assert [settings.reports(name) for name in ("order", "return", "new")] == [
        ("json://own",),
        ("json://all",),
        ("json://all",),
    ]
    assert settings.delivers
    assert not AlertSettings().delivers


def test_no_bottleneck_is_said_too(posts: Posts, snapshot: Snapshot, tmp_path: Path) -> None:
    url, found, _ = posts
    quiet = {language: replace(report, findings=()) for language, report in snapshot.reports.items()}
    calm = replace(snapshot, reports=quiet, config=ProcessConfig("return", "return", zone=SHANGHAI))
    rounds(url, tmp_path / "alerts.sqlite", calm, at(4, 12), at(9, 8))
    assert "No bottleneck stands out this week." in str(found[0]["message"])
