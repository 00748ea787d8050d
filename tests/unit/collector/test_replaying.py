"""Dead letters given in once more."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from api.cli.app import app
from collector import dead_letters, replaying
from collector.dead_letters import DeadLetters, read_letters, rewrite_letters
from collector.replaying import replay
from collector.settings import CollectorSettings, WebhookSettings
from collector.vocabulary.errors import PermanentError
from tests.unit.collector.spans import Bench, request, span

PROTOBUF = "application/x-protobuf"


def fill(data: Path) -> DeadLetters:
    letters = DeadLetters(data, "receiver", CollectorRegistry())
    good = request(span(1, 1, "work", order_id="A"))
    more: dict[str, Any] = {"signal": "traces", "content_type": PROTOBUF}
    letters.add("malformed", "was refused by an older version", good, **more)
    letters.add("malformed", "packed", gzip.compress(request(span(2, 1, "work", order_id="B"))), **more)
    letters.add("malformed", "is really bad", b"no protobuf", **more)
    letters.add("too_large", "only its beginning", b"abc", length=1 << 30, **more)
    letters.add("import", "no request at all", length=5)
    return letters


def test_what_can_be_read_now_is_taken_in_and_the_rest_stays(tmp_path: Path) -> None:
    fill(tmp_path)
    done = replay(tmp_path, CollectorSettings())
    assert (done.taken, done.refused, done.unsendable, done.reasons) == (2, 1, 2, {"400": 1})
    left = list(read_letters(tmp_path))
    assert sorted(each.reason for each in left) == ["import", "malformed", "too_large"]
    assert [each.body for each in left if each.reason == "malformed"] == [b"no protobuf"]
    bench = Bench(tmp_path)
    bench.converter.round()
    bench.later()
    assert len(bench.events()) == 2
    bench.converter.close()
    again = replay(tmp_path, CollectorSettings())
    assert (again.taken, again.refused, len(list(read_letters(tmp_path)))) == (0, 1, 3)


def test_letters_can_be_chosen_and_unknown_ones_are_told(tmp_path: Path) -> None:
    fill(tmp_path)
    chosen = next(each for each in read_letters(tmp_path) if each.detail == "packed")
    assert replay(tmp_path, CollectorSettings(), [chosen.id]).taken == 1
    assert chosen.id not in {each.id for each in read_letters(tmp_path)}
    with pytest.raises(PermanentError, match="no dead letter is called zzz"):
        replay(tmp_path, CollectorSettings(), ["zzz"])


def test_events_come_with_their_headers_and_a_missing_signature_stops_no_others(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, "receiver", CollectorRegistry())
    more: dict[str, Any] = {"signal": "events", "content_type": "application/json"}
    ce = {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "order.placed", "ce-subject": "\u00e9"}
    letters.add("bad_event", "signed", b"{}", headers=ce | {"ce-source": "erp"}, **more)
    letters.add("bad_event", "good", b"{}", headers=ce | {"ce-source": "shop", "ce-subject": "A"}, **more)
    letters.add("bad_event", "whoever", b"{}", headers=ce | {"ce-source": "shop"}, stranger=True, **more)
    rule = WebhookSettings(source="erp", secret="x")  # type: ignore[arg-type]
    done = replay(tmp_path, CollectorSettings(webhooks=(rule,), token="T"))
    assert (done.taken, done.refused, done.unsendable) == (1, 1, 1)
    assert sorted(each.detail for each in read_letters(tmp_path) if each.detail in ("signed", "good", "whoever")) == [
        "whoever"
    ]


def test_many_letters_are_not_read_again_for_every_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = DeadLetters(tmp_path, "receiver", CollectorRegistry())
    for number in range(700):
        body = request(span(number + 1, 1, "work"))
        letters.add("malformed", "x", body, signal="traces", content_type=PROTOBUF)
    times = []

    def counted(*given: Any) -> int:
        times.append(given)
        return rewrite_letters(*given)

    monkeypatch.setattr(replaying, "rewrite_letters", counted)
    assert replay(tmp_path, CollectorSettings()).taken == 700
    assert (len(times), list(read_letters(tmp_path))) == (5, [])


def test_a_whole_body_is_kept_unless_the_disk_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = DeadLetters(tmp_path, "receiver", CollectorRegistry())
    body = b"x" * 3_000_000
    letters.add("malformed", "big", body, signal="traces")
    monkeypatch.setattr(dead_letters, "FREE_SHARE", 2.0)
    letters.add("malformed", "big", body, signal="traces")
    first, second = read_letters(tmp_path)
    assert (len(first.body), first.truncated) == (3_000_000, False)
    assert (len(second.body), second.truncated, second.size) == (dead_letters.SCARCE_BYTES, True, 3_000_000)


def test_they_are_listed_in_both_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    shown = CliRunner().invoke(app, ["dead-letters", "list", "--data", str(tmp_path), "--reason", "malformed"])
    assert shown.exit_code == 0
    assert "is really bad" in shown.output
    assert "can be replayed" in shown.output
    assert "3 of 3 dead letters" in shown.output
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    shown = CliRunner().invoke(app, ["dead-letters", "list", "--data", str(tmp_path), "--limit", "1"])
    assert "共 5 条死信，显示 1 条" in shown.output
    lines = CliRunner().invoke(app, ["dead-letters", "list", "--data", str(tmp_path), "--json"]).output.splitlines()
    assert {json.loads(line)["reason"] for line in lines} == {"malformed", "too_large", "import"}
    none = CliRunner().invoke(app, ["dead-letters", "list", "--data", str(tmp_path), "--since", "2999-01-01"])
    assert "显示 0 条" in none.output
    replayed = CliRunner().invoke(app, ["dead-letters", "replay", "--data", str(tmp_path)])
    assert replayed.exit_code == 1
    assert "已接收并移除 2 条" in replayed.output
    assert "400: 1" in replayed.output
