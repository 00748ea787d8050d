"""`houtai mine` on a log that does not fit: told to do with little memory, it does, and tells the same figures."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.support.log import write_log

EVENTS = 1_500_000
LIMIT = 800
"""MB of data the process may take; libraries and compiled code are in it."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    write_log(path, EVENTS)
    return path


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT << 20, LIMIT << 20))


def mine(log: Path, out: Path, *more: str, limit: Callable[[], None] | None = limited) -> tuple[int, str]:
    """How it ended, and what it said."""
    call = [sys.executable, "-m", "api.cli", "mine", str(log), "--json", str(out), "--lang", "en", *more]
    ended = subprocess.run(call, capture_output=True, text=True, preexec_fn=limit, check=False)
    return ended.returncode, ended.stderr


def test_chooses_the_way_that_fits(log: Path, tmp_path: Path) -> None:
    ended, said = mine(log, tmp_path / "parted.json")
    assert ended == 0, said
    assert "mined part by part, without findings" in said
    assert [each.name for each in tmp_path.iterdir()] == ["parted.json"]
    ended, said = mine(log, tmp_path / "whole.json", limit=None)
    assert ended == 0, said
    parted, whole = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("parted", "whole"))
    assert "without causes of waiting and findings" in parted["quality"]["notes"].pop()
    assert parted["findings"] == []
    for variant in (*parted["variants"], *whole["variants"]):
        variant.pop("deviating", None)  # by findings
    for part in (parted, whole):
        known = [each.pop("causes_s") for each in part["transitions"]]
        known += [node.pop("working_s") for node in part["nodes"]]
        assert all(each is None for each in known) == (part is parted)
    parted.pop("findings"), whole.pop("findings")
    assert parted == whole


def test_in_memory_it_would_not_survive(log: Path, tmp_path: Path) -> None:
    """So the limit above is one; it ends with a sentence all the same."""
    script = (
        "import os, sys\n"
        "os.environ['ARROW_DEFAULT_MEMORY_POOL'] = 'jemalloc'\n"
        "import mining.batch.room as room\n"
        "room.free_memory = lambda: 1 << 40\n"
        "from api.cli.app import main\n"
        f"sys.argv = ['houtai', 'mine', {str(log)!r}, '--json', {str(tmp_path / 'o.json')!r}, '--lang', 'en']\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, preexec_fn=limited, check=False
    )
    assert ended.returncode > 0
    assert "there is not enough memory" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_cannot_be_parted_is_refused_with_advice(log: Path, tmp_path: Path) -> None:
    ended, said = mine(log, tmp_path / "o.json", "--case-findings", str(tmp_path / "o.csv"))
    assert ended != 0
    assert "for --case-findings" in said
    rows = tmp_path / "log.csv"
    rows.write_text("case,activity,end\n" + "1,a,2024-01-01T00:00:00Z\n" * 1_500_000)
    ended, said = mine(rows, tmp_path / "o.json")
    assert ended != 0
    assert "as Parquet it can be mined part by part" in said
    assert len(said.strip().splitlines()) == 1
