"""`houtai mine`, from the command line to the files it writes."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from api.cli.mine import mine
from collector.vocabulary.errors import PermanentError
from tests.golden.mine import renew

ORDERS = Path(renew.__file__).parent / "orders.csv"
GOLDEN = ORDERS.with_suffix(".json")

app = typer.Typer()
app.command()(mine)


def run(*arguments: str | Path, error: type[Exception] | None = None) -> str:
    """What the command prints; raises what it raises."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_golden_document(tmp_path: Path) -> None:
    renew.write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(GOLDEN.read_text()), (
        "if the change is right: python -m tests.golden.mine.renew"
    )


def test_everything_at_once(tmp_path: Path) -> None:
    out, page, cases = tmp_path / "o.json", tmp_path / "o.html", tmp_path / "o.csv"
    printed = run(ORDERS, "--json", out, "--html", page, "--case-findings", cases, "--process", "order", "--lang", "en")
    document = json.loads(out.read_text())
    assert (document["schema"], document["process"]) == ("houtai.report/1", "order")
    assert page.read_text().startswith("<!doctype html>")
    lines = list(csv.DictReader(io.StringIO(cases.read_text())))
    assert [line["case_id"] for line in lines] == [f"2026{i:04d}" for i in range(18)]
    assert set(lines[0]) == {"case_id", "deviation_score", "deviating", "findings"}
    assert "18 cases" in printed
    assert max(len(line) for line in printed.splitlines()) <= 100
    assert "\x1b" not in printed
    assert not list(tmp_path.glob(".*"))


def test_document_on_standard_output() -> None:
    assert json.loads(run(ORDERS, "--json", "-"))["log"]["events"] == 72


def test_in_chinese(tmp_path: Path) -> None:
    printed = run(ORDERS, "--lang", "zh-CN", "--html", tmp_path / "o.html")
    assert "主要路径" in printed
    assert '<html lang="zh-CN">' in (tmp_path / "o.html").read_text()


def test_handovers_between_actors_and_all_lines(tmp_path: Path) -> None:
    by_actor = json.loads(run(ORDERS, "--json", "-", "--by", "actor", "--lifecycle", "all"))
    assert {"source": "李雷", "target": "王强"}.items() <= by_actor["handovers"][0].items() or any(
        handover["target"] == "王强" for handover in by_actor["handovers"]
    )


def test_configuration_gives_zone_currency_and_ends(tmp_path: Path) -> None:
    config = tmp_path / "houtai.yaml"
    config.write_text(
        "timezone: Asia/Shanghai\ncurrency: CNY\nprocesses:\n  orders: {leading: order, end_activities: [发货]}\n"
    )
    document = json.loads(run(ORDERS, "--json", "-", "--config", config))
    assert document["log"]["from"] == "2026-03-02T01:00:00Z"
    assert document["log"]["open_cases"] == 3
    assert document["currency"] == "CNY"
    moved = json.loads(run(ORDERS, "--json", "-", "--config", config, "--timezone", "UTC"))
    assert moved["log"]["from"] == "2026-03-02T09:00:00Z"


def test_an_empty_log(tmp_path: Path) -> None:
    log = tmp_path / "empty.csv"
    log.write_text("case,activity,end\n")
    printed = run(log, "--html", tmp_path / "o.html", "--json", tmp_path / "o.json", "--lang", "en")
    assert printed.startswith("There are no events in this log.")
    assert json.loads((tmp_path / "o.json").read_text())["log"]["from"] is None


def test_outputs_are_refused_before_the_work(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("nothing to read")
    for arguments, message in (
        (("--json", tmp_path / "none" / "o.json"), "o.json: cannot be written (there is no such folder)"),
        (("--html", tmp_path), "cannot be written (it is a folder)"),
        (("--json", log), "log.csv: cannot be written (it is the log itself)"),
        (("--json", "-", "--html", "-"), "only one output can be -"),
        (("--timezone", "Mars/Olympus"), "--timezone: 'Mars/Olympus' is no time zone"),
        (("--config", tmp_path / "none.yaml"), "none.yaml"),
    ):
        with pytest.raises(PermanentError, match=re.escape(message)):
            run(log, *arguments, "--lang", "en")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_one_may_not_write_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermanentError, match="not allowed"):
        run(ORDERS, "--json", tmp_path / "o.json", "--lang", "en")


def test_a_full_device_is_named() -> None:
    with pytest.raises(PermanentError, match=r"/dev/full: cannot be written \(No space left on device\)"):
        run(ORDERS, "--json", "/dev/full", "--lang", "en")


@pytest.mark.integration
def test_one_line_on_stderr_and_exit_code_2(tmp_path: Path) -> None:
    log = tmp_path / "bad.csv"
    log.write_text("case,activity,end\n1,a,2024-01-01\n1,b,whenever\n")
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", "mine", str(log), "--json", str(tmp_path / "o.json"), "--lang", "en"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 2
    assert done.stderr == f"houtai: {log}, row 3, column end: 'whenever' is no time\n"
    assert done.stdout == ""
    assert not (tmp_path / "o.json").exists()
