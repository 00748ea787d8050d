"""Since when the collector has been listening."""

import json
import os
from pathlib import Path

from collector.listening import GAP, Listening
from collector.running import remove_run_file, write_run_file

SECOND = 1_000_000
NOBODY = 1 << 22
"""No process has a number that high."""


def start(data: Path, name: str, at: int) -> None:
    write_run_file(data, name, "127.0.0.1", 1)
    os.utime(data / "run" / f"{name}.json", ns=(at * 1000, at * 1000))


def kill(data: Path, name: str) -> None:
    (data / "run" / f"{name}.json").write_text(json.dumps({"pid": NOBODY, "host": "", "port": 1}))


def test_it_listens_since_the_last_of_its_processes_began(tmp_path: Path) -> None:
    listening, now = Listening(tmp_path), 10_000 * SECOND
    assert listening(now) is None
    start(tmp_path, "receiver", 9_000 * SECOND)
    start(tmp_path, "converter", 9_001 * SECOND)
    assert listening(now) == 9_001 * SECOND
    assert listening.away == ()


def test_what_is_gone_hears_nothing_until_it_is_back(tmp_path: Path) -> None:
    listening, now = Listening(tmp_path), 10_000 * SECOND
    for name in ("receiver", "converter"):
        start(tmp_path, name, 9_000 * SECOND)
    listening(now)
    kill(tmp_path, "receiver")
    assert listening(now + 30 * SECOND) == now + 30 * SECOND
    assert listening.away == ("receiver",)
    start(tmp_path, "receiver", now + 500 * SECOND)
    assert listening(now + 510 * SECOND) == now + 500 * SECOND
    remove_run_file(tmp_path, "converter")
    assert listening(now + 520 * SECOND) == now + 520 * SECOND
    assert listening.away == ("converter",)


def test_a_quick_restart_loses_nothing_and_a_slow_one_may(tmp_path: Path) -> None:
    listening, now = Listening(tmp_path, ("receiver",)), 10_000 * SECOND
    start(tmp_path, "receiver", 9_000 * SECOND)
    listening(now)
    start(tmp_path, "receiver", now + 20 * SECOND)
    assert listening(now + 30 * SECOND) == 9_000 * SECOND
    late = now + 30 * SECOND + GAP + SECOND
    start(tmp_path, "receiver", late - SECOND)
    assert listening(late) == late - SECOND
