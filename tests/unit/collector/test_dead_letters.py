import base64
import json
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from collector import dead_letters
from collector.dead_letters import KEPT_BYTES, DeadLetters


def test_a_letter_holds_reason_and_the_beginning_of_the_body(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    letters = DeadLetters(tmp_path, "writer", registry)
    letters.add("malformed", "中文 \ud800", b"x" * (KEPT_BYTES + 1), position=7)
    letters.add("too_large", "more", b"abc", length=1000)
    first, second = (json.loads(line) for line in (tmp_path / "dead-letters" / "writer.jsonl").read_text().splitlines())
    assert (first["reason"], first["position"], first["bytes"], first["truncated"]) == (
        "malformed",
        7,
        KEPT_BYTES + 1,
        True,
    )
    assert base64.b64decode(first["body"]) == b"x" * KEPT_BYTES
    assert (second["bytes"], second["truncated"]) == (1000, True)
    assert registry.get_sample_value("houtai_collector_dead_letters_total", {"reason": "malformed"}) == 1


def test_full_files_are_set_aside_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "FILE_BYTES", 500)
    letters = DeadLetters(tmp_path, "writer", CollectorRegistry())
    for number in range(40):
        letters.add("malformed", str(number), b"x" * 100)
    files = sorted((tmp_path / "dead-letters").glob("writer-*.jsonl"))
    assert len(files) == dead_letters.OLD_FILES
    assert '"detail": "39"' in "".join(each.read_text() for each in (tmp_path / "dead-letters").iterdir())


def test_several_threads_write_whole_lines(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, "writer", CollectorRegistry())

    def write() -> None:
        for _ in range(20):
            letters.add("r", "d", b"x" * 3000)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    lines = (tmp_path / "dead-letters" / "writer.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 80
