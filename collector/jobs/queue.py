"""Jobs as files: `data/jobs/<id>.json` waits, `<id>.progress.json` says how far it is, `<id>.done.json` how it went.

A job stays until it is done, whatever is killed; doing it twice must be doing it once. What it was asked with goes with
the file: nothing of it stands in the result.
"""

import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from collector.wal.folder import sync_folder

KEPT_SECONDS: Final = 30 * 86_400.0
"""So long results stay."""
_NAME: Final = re.compile(r"([\w.-]+?)\.json")


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for."""

    id: str
    kind: str
    arguments: Mapping[str, Any]


def ask(data: Path, kind: str, arguments: Mapping[str, Any], *, number: str | None = None) -> str:
    """Ask for a job; gives its id. `number` as id: asked for twice, it is done once."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    asked = number or f"{now}-{secrets.token_hex(3)}"
    folder = data / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{asked}.json"
    if number is not None and (path.exists() or (folder / f"{asked}.done.json").exists()):
        return asked
    _write(path, {"id": asked, "kind": kind, "arguments": dict(arguments)})
    return asked


def pending(data: Path) -> list[Job]:
    """What waits, oldest first. A file that is no job is set aside as `.bad`."""
    found: list[Job] = []
    try:
        names = sorted(each.name for each in os.scandir(data / "jobs") if each.name.endswith(".json"))
    except FileNotFoundError:
        return found
    for name in names:
        if name.endswith((".done.json", ".progress.json")) or not _NAME.fullmatch(name):
            continue
        path = data / "jobs" / name
        try:
            told = json.loads(path.read_bytes())
            found.append(Job(name.removesuffix(".json"), str(told["kind"]), dict(told["arguments"])))
        except FileNotFoundError:
            continue
        except (ValueError, TypeError, KeyError):
            with contextlib.suppress(FileNotFoundError):
                path.rename(path.with_suffix(".bad"))
    return found


def finish(data: Path, job: Job, told: Mapping[str, Any]) -> None:
    """Say what came of a job (`ok`, and `error` or `result`), and take away what it was asked with."""
    folder = data / "jobs"
    _write(folder / f"{job.id}.done.json", {"id": job.id, "kind": job.kind, "at": time.time(), **told})
    for name in (f"{job.id}.json", f"{job.id}.progress.json", f"{job.id}.case"):
        (folder / name).unlink(missing_ok=True)
    for path in folder.glob("*.done.json"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
    sync_folder(folder)


def withdraw(data: Path, job_id: str) -> None:
    """Take a job back that is not done yet."""
    for name in (f"{job_id}.json", f"{job_id}.progress.json"):
        (data / "jobs" / name).unlink(missing_ok=True)


def result(data: Path, job_id: str) -> dict[str, Any] | None:
    """What came of a job; None while it is not done."""
    with contextlib.suppress(FileNotFoundError):
        return dict(json.loads((data / "jobs" / f"{job_id}.done.json").read_bytes()))
    return None


def say(data: Path, job_id: str, stage: str, done: int, total: int) -> None:
    """Note how far a job is; for whoever looks on."""
    path = data / "jobs" / f"{job_id}.progress.json"
    partial = path.with_suffix(".partial")
    with contextlib.suppress(OSError):
        partial.write_text(json.dumps({"stage": stage, "done": done, "total": total}))
        partial.replace(path)


def progress(data: Path, job_id: str) -> tuple[str, int, int] | None:
    """(stage, done, total) of a job under way; None where nothing is said."""
    try:
        told = json.loads((data / "jobs" / f"{job_id}.progress.json").read_bytes())
        return str(told["stage"]), int(told["done"]), int(told["total"])
    except (OSError, ValueError, KeyError):
        return None


def _write(path: Path, told: Mapping[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, json.dumps(told, ensure_ascii=False).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)
    sync_folder(path.parent)
