import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from collector import logs
from collector.converter import Converter
from collector.converter.service import _follow
from collector.jobs.job_kind import Done
from collector.settings import MappingSettings, ProcessSettings
from collector.store import Manifest
from tests.unit.collector.spans import MAPPING, PROCESSES, append, event_id, request, rows, span


def test_a_full_disk_is_waited_for_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Manifest.commit
    failures: list[object] = []

    def sometimes(self: Manifest, *arguments: object) -> None:
        if len(failures) < 2:
            failures.append(arguments)
            raise OSError(28, "No space left on device")
        real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Manifest, "commit", sometimes)
    monkeypatch.setattr("collector.converter.service.LONGEST_PAUSE", 0.05)
    append(tmp_path, request(span(1, 1, "work", order_id="A")), request(span(2, 1, "work", order_id="A")))

    def reopen(mapping: MappingSettings, processes: Mapping[str, ProcessSettings]) -> Converter:
        return Converter(mapping, processes, tmp_path)

    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(reopen(MAPPING, PROCESSES), reopen, 0.01, stop))
    thread.start()
    end = time.monotonic() + 30
    while len(rows(tmp_path, "events")) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert len(failures) == 2
    assert sorted(row["event_id"] for row in rows(tmp_path, "events")) == [event_id(1, 1), event_id(2, 1)]
    assert len(rows(tmp_path, "spans")) == 2


def test_logging_is_set_up_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    structlog.reset_defaults()
    logs.configure()
    try:
        structlog.get_logger().info("something.happened", count=1)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert '"event": "something.happened"' in captured.err
        logs.configure()
    finally:
        structlog.reset_defaults()


def test_a_new_mapping_stays_over_a_failure_of_what_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.converter.service.LONGEST_PAUSE", 0.05)
    changed = MAPPING.model_copy(update={"activities": ()})
    jobs = [Done(reopen=True, mapping=changed)]
    monkeypatch.setattr("collector.jobs.running.run_jobs", lambda _shop: jobs.pop() if jobs else None)
    opened: list[MappingSettings] = []

    def reopen(mapping: MappingSettings, processes: Mapping[str, ProcessSettings]) -> Converter:
        opened.append(mapping)
        if len(opened) < 4:
            raise OSError(28, "No space left on device")
        stop.set()
        return Converter(mapping, processes, tmp_path)

    stop = threading.Event()
    append(tmp_path, request(span(1, 1, "work", order_id="A")))
    _follow(Converter(MAPPING, PROCESSES, tmp_path), reopen, 0.01, stop)
    assert opened == [changed] * 4
