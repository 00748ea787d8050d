import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import collector.demo.sending
from api.cli.app import app
from collector.demo import history, play
from collector.vocabulary.errors import PermanentError, RetryableError
from tests.unit.demo.receiver import Receiver, listening

NOW = datetime(2026, 3, 18, 7, 30, tzinfo=UTC)
SPANS = sum(len(batch) for batch in history(3, 2, 120, now=NOW))


def give(receiver: Receiver, state: Path | None = None, **more: object) -> None:
    options: dict[str, object] = {"days": 2, "orders": 120, "now": NOW, "state": state, "history_only": True} | more
    play(receiver.url, 3, **options)  # type: ignore[arg-type]


def test_every_span_of_the_history_arrives_once() -> None:
    with listening() as receiver:
        give(receiver, token="secret")
    assert len(receiver.ids) == len(set(receiver.ids)) == SPANS
    assert receiver.tokens == {"Bearer secret"}
    assert receiver.services == {
        "shop-web",
        "erp",
        "crm",
        "finance",
        "warehouse",
        "payment-gateway",
        "otp-sender",
        "pos",
    }


def test_a_busy_endpoint_loses_nothing() -> None:
    with listening() as receiver:
        receiver.answers = [503, 429]
        give(receiver)
    assert not receiver.answers
    assert len(set(receiver.ids)) == SPANS


def test_history_is_not_sent_again(tmp_path: Path) -> None:
    state = tmp_path / "data" / "demo.json"
    with listening() as receiver:
        give(receiver, state)
        give(receiver, state)
        assert len(receiver.ids) == SPANS
        play(receiver.url, 4, days=2, orders=60, now=NOW, state=state, history_only=True)
    assert len(receiver.ids) > SPANS, "another seed is another history"


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    state = tmp_path / "demo.json"
    with listening() as receiver:
        give(receiver, state)
        kept = json.loads(state.read_text())
        # As after a kill on the way: the second half was not acknowledged.
        kept["sent"] = kept["plan"]["now"] - 24 * 3600 * 1_000_000
        state.write_text(json.dumps(kept))
        give(receiver, state)
    assert len(set(receiver.ids)) == SPANS < len(receiver.ids)


def test_live_goes_on_from_the_history(tmp_path: Path) -> None:
    stop, state = threading.Event(), tmp_path / "demo.json"
    with listening() as receiver:
        live = threading.Thread(
            target=give,
            args=(receiver, state),
            kwargs={"history_only": False, "rate": 20_000.0, "stop": stop, "truth": tmp_path / "truth.json"},
        )
        live.start()
        end = time.monotonic() + 60
        while len(receiver.ids) <= SPANS and time.monotonic() < end:
            time.sleep(0.05)
        assert (tmp_path / "truth.json").exists(), "the truth is there as soon as the history is"
        stop.set()
        live.join()
    assert len(set(receiver.ids)) == len(receiver.ids) > SPANS
    kept = json.loads(state.read_text())
    assert kept["sent"] > kept["plan"]["now"]


def test_a_refusal_is_told_at_once() -> None:
    with pytest.raises(PermanentError, match="begins with http"):
        play("nonsense", 1, days=2, orders=10, now=NOW)
    with pytest.raises(PermanentError, match="nonnumeric port"):
        play("http://127.0.0.1:otlp", 1, days=2, orders=10, now=NOW)
    with listening() as receiver:
        receiver.refuse = 404
        with pytest.raises(PermanentError, match="refuses our spans: 404"):
            give(receiver)


def test_an_endpoint_that_is_away_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector.demo.sending, "PATIENCE", 0.0)
    with pytest.raises(RetryableError, match="cannot be reached"):
        play("http://127.0.0.1:9", 1, days=2, orders=10, now=NOW)
    result = CliRunner().invoke(app, ["demo", "--endpoint", "http://127.0.0.1:9", "--days", "2", "--orders", "10"])
    assert result.exit_code == 1
    assert "cannot be reached" in result.stderr


def test_stopping_while_the_endpoint_is_away_is_quiet() -> None:
    stop = threading.Event()
    stop.set()
    play("http://127.0.0.1:9", 1, days=2, orders=10, now=NOW, stop=stop)


def test_a_broken_state_is_told(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}")
    with listening() as receiver, pytest.raises(PermanentError, match="no state of the demo"):
        give(receiver, tmp_path / "demo.json")


def test_the_command(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    with listening() as receiver:
        arguments = ["demo", "--endpoint", receiver.url, "--seed", "3", "--days", "2", "--orders", "120"]
        arguments += ["--history-only", "--now", "2026-03-18T07:30:00", "--truth", str(truth)]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert len(receiver.ids) == SPANS
        healthy = CliRunner().invoke(app, [*arguments, "--healthy"])
    assert healthy.exit_code == 0
    assert json.loads(truth.read_text()) == []
