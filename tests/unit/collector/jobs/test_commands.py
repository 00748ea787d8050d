"""`houtai erase` and `houtai remap` where no service runs: the command does the job itself."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from typer.testing import CliRunner

from api.cli.app import app
from api.operations import Operations
from collector.store import Store
from tests.unit.collector.spans import append, request, rows, span

CONFIG: dict[str, Any] = {
    "processes": {"order": {"leading": "order"}},
    "mapping": {
        "objects": [{"attribute": "order.id", "type": "order"}],
        "activities": [{"activity": "Work", "process": "order", "when": {"name": "work"}}],
        "actors": [{"kind": "staff", "attribute": "user.id"}],
    },
    "retention": {"raw_hours": 1},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "houtai.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return 2, str(done.exception)
    return done.exit_code, done.output


def test_an_order_is_erased_and_the_record_says_so_without_its_id(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    data = tmp_path / "data"
    append(
        data,
        request(span(1, 1, "work", order_id="ORD-4711", user_id="li")),
        request(span(2, 1, "work", order_id="ORD-1")),
    )
    code, said = run("erase", "order:ORD-4711", "--config", config, "--data", data)
    assert (code, said.startswith("Erased: events 1")) == (0, True), said
    code, said = run("erase", "li", "--config", config, "--data", data, "--yes")
    assert code == 0
    assert len(rows(data, "events")) == 1
    code, said = run("erase", "order:ORD-4711", "--config", config, "--data", data)
    assert (code, said) == (0, "Nothing of it was found.\n")
    for path in data.rglob("*"):
        if path.is_file():
            assert b"ORD-4711" not in path.read_bytes(), path
    operations = Operations(f"sqlite:///{data / 'state.sqlite'}")
    latest = operations.latest(10)
    operations.close()
    assert [each.what for each in latest[-2:]] == ["erase.done", "erase.asked"]
    after = latest[-1].after
    assert after is not None
    digest = hashlib.sha256(f"{after['salt']}:ORD-4711".encode()).hexdigest()[:32]
    assert latest[-1].subject == f"erased:{digest}"


def test_events_are_derived_again(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    data = tmp_path / "data"
    append(data, request(span(1, 1, "work", order_id="A", colour="red"), span(1, 2, "other", 1)))
    assert run("remap", "--config", config, "--data", data)[0] == 0
    changed = {**CONFIG["mapping"], "fields": ["colour"]}
    changed["activities"] = [{"activity": "Other", "process": "order", "when": {"name": "other"}}]
    config.write_text(yaml.safe_dump({**CONFIG, "mapping": changed}))
    code, said = run("remap", "--config", config, "--data", data)
    assert (code, "个事件已被 1 个事件替换" in said) == (0, True), said
    (row,) = rows(data, "events")
    assert (row["activity"], dict(row["fields"])) == ("Other", {"colour": "red"})
    assert Store(data).generation() == 2
    assert not list((data / "staging").iterdir())


def test_a_wrong_folder_is_told_in_one_line(tmp_path: Path, config: Path) -> None:
    for command in (["remap"], ["erase", "x"], ["dead-letters", "list"], ["dead-letters", "replay"]):
        options = [] if command[-1] == "list" else ["--config", config]
        code, said = run(*command, *options, "--data", tmp_path / "none")
        assert code == 2
        assert "is no data folder" in said
        assert not (tmp_path / "none").exists()
