"""The queue of jobs: kinds, order, failures, what is left of them."""

import importlib
import json
from pathlib import Path

import pytest

import collector.jobs
from collector.jobs import ask, pending, progress, result
from collector.jobs import running as running_
from collector.jobs.job_kind import Done, Tell, Workshop
from collector.jobs.queue import Job, say, withdraw
from collector.jobs.running import KINDS, Bench, run_jobs
from collector.jobs.waiting import converter_runs, wait_for
from collector.settings import MappingSettings
from collector.store import Manifest
from collector.store.settings import RetentionSettings
from collector.vocabulary.errors import PermanentError, RetryableError

SHARED = {"__init__", "job_kind", "queue", "running", "waiting"}


def test_every_file_is_a_kind_and_is_listed() -> None:
    files = {path.stem for path in Path(collector.jobs.__file__).parent.glob("*.py")} - SHARED
    assert files == {each.name for each in KINDS}
    for each in KINDS:
        assert type(each).__module__ == f"collector.jobs.{each.name}"
        importlib.import_module(f"collector.jobs.{each.name}")


class Kind:
    """Does as its arguments say."""

    name = "kind"

    def ready(self, job: Job, shop: Workshop) -> bool:
        return bool(job.arguments.get("ready", True))

    def run(self, job: Job, shop: Workshop, tell: Tell) -> Done:
        match job.arguments.get("fails"):
            case "permanent":
                raise PermanentError("it cannot be")
            case "unknown":
                raise ZeroDivisionError
        say(shop.data, job.id, "half", 1, 2)
        assert progress(shop.data, job.id) == ("half", 1, 2)
        return Done({"what": 1}, reopen=bool(job.arguments.get("reopen")))


def test_jobs_are_done_in_order_and_leave_nothing_of_what_they_were_asked_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_, "KINDS", (Kind(),))
    manifest = Manifest(tmp_path)
    bench = Bench(tmp_path, manifest, None, MappingSettings(), {})
    assert run_jobs(bench) is None
    first = ask(tmp_path, "kind", {"secret": "x-ray"})
    later = ask(tmp_path, "kind", {"ready": False})
    failed = ask(tmp_path, "kind", {"fails": "permanent"})
    broken = ask(tmp_path, "kind", {"fails": "unknown"})
    strange = ask(tmp_path, "juggle", {})
    (tmp_path / "jobs" / "nonsense.json").write_text("{")
    for _ in range(5):
        run_jobs(bench)
    assert [each.id for each in pending(tmp_path)] == [later]
    told = {number: result(tmp_path, number) or {} for number in (first, failed, broken, strange)}
    assert (told[first]["ok"], told[first]["result"]) == (True, {"what": 1})
    assert told[failed]["error"] == "it cannot be"
    assert "ZeroDivisionError" in told[broken]["error"]
    assert "no such job" in told[strange]["error"]
    assert not any(b"x-ray" in path.read_bytes() for path in (tmp_path / "jobs").iterdir())
    assert (tmp_path / "jobs" / "nonsense.bad").exists()
    withdraw(tmp_path, later)
    assert pending(tmp_path) == []
    # What follows a job that changed everything waits for the new writer.
    ask(tmp_path, "kind", {"reopen": True})
    ask(tmp_path, "kind", {})
    done = run_jobs(bench)
    assert done is not None
    assert done.reopen
    assert len(pending(tmp_path)) == 1
    manifest.close()


def test_a_number_that_is_asked_for_twice_is_done_once(tmp_path: Path) -> None:
    for _ in range(2):
        ask(tmp_path, "check_segment", {"name": "none"}, number="check-none")
    assert len(pending(tmp_path)) == 1
    manifest = Manifest(tmp_path)
    run_jobs(Bench(tmp_path, manifest, None, MappingSettings(), {}))
    assert converter_runs(tmp_path)
    manifest.close()
    assert not converter_runs(tmp_path)
    ask(tmp_path, "check_segment", {"name": "none"}, number="check-none")
    assert pending(tmp_path) == []
    assert json.loads((tmp_path / "jobs" / "check-none.done.json").read_text())["result"] == {"bad": False}


def test_who_waits_is_told_what_came_of_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    manifest = Manifest(data)
    number = ask(data, "check_segment", {"name": "none"})
    none = RetentionSettings(raw_hours=0)
    with pytest.raises(RetryableError, match="not done it yet"):
        wait_for(data, number, MappingSettings(), {}, none, patience=0.0)
    manifest.close()
    assert wait_for(data, number, MappingSettings(), {}, none) == {"bad": False}
    strange = ask(data, "juggle", {})
    with pytest.raises(PermanentError, match="no such job"):
        wait_for(data, strange, MappingSettings(), {}, none)
    with pytest.raises(RetryableError, match="taken away"):
        wait_for(data, "nobody", MappingSettings(), {}, none)
