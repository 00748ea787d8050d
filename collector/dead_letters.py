"""Dead letters: what could not be read, kept with the reason in `data/dead-letters/*.jsonl`."""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from prometheus_client import CollectorRegistry, Counter

from collector import metrics

KEPT_BYTES: Final = 20 * 1024 * 1024
"""So much of a body is kept with a letter (that is all of it, as far as the usual body limit goes)."""
SCARCE_BYTES: Final = 64 * 1024
"""So much where the disk is nearly full; the body's full length is told in any case."""
FREE_SHARE: Final = 0.1
"""With less than this share of the disk free, it is nearly full."""
FILE_BYTES: Final = 64 * 1024 * 1024
OLD_FILES: Final = 4
"""A full file is set aside; so many of those are kept."""


class DeadLetters:
    """One writer's file of letters, one JSON object a line; safe to use from several threads."""

    def __init__(self, data: Path, writer: str, registry: CollectorRegistry) -> None:
        self._folder = data / "dead-letters"
        self._path = self._folder / f"{writer}.jsonl"
        self._writer = writer
        self._lock = threading.Lock()
        self._count = Counter(
            metrics.DEAD_LETTERS,
            "Requests or spans that could not be read, kept in the dead-letter file.",
            ["reason"],
            registry=registry,
        )

    def add(self, reason: str, detail: str, body: bytes = b"", *, length: int | None = None, **more: object) -> None:
        """Keep a letter. `length` is the full length of a body of which only the beginning is given."""
        self._count.labels(reason).inc()
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            disk = shutil.disk_usage(self._folder)
            most = KEPT_BYTES if disk.free > FREE_SHARE * disk.total else SCARCE_BYTES
            letter = {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "writer": self._writer,
                "reason": reason,
                "detail": detail[:1000],
                **more,
                "bytes": len(body) if length is None else length,
                "truncated": len(body) > most or (length is not None and length > len(body)),
                "body": base64.b64encode(body[:most]).decode(),
            }
            line = json.dumps(letter, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
            with _locked(self._path, "ab") as file:
                file.write(line)
                full = file.tell() >= FILE_BYTES
            if full:
                self._set_aside()

    def _set_aside(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        self._path.rename(self._folder / f"{self._writer}-{stamp}.jsonl")
        for old in sorted(self._folder.glob(f"{self._writer}-*.jsonl"))[:-OLD_FILES]:
            old.unlink()


@dataclass(frozen=True)
class Letter:
    """A letter that is kept. `id` is a hash of its line."""

    id: str
    at: datetime
    reason: str
    detail: str
    size: int
    truncated: bool
    body: bytes
    told: dict[str, Any]
    """All of it but the body."""


def read_letters(data: Path) -> Iterator[Letter]:
    """All letters, file by file; lines that are none are passed over."""
    for path in sorted((data / "dead-letters").glob("*.jsonl")):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            for line in file:
                letter = parse_letter(line)
                if letter is not None:
                    yield letter


def rewrite_letters(data: Path, keep: Callable[[Letter | None, bytes], bool]) -> int:
    """Delete the letters that `keep` refuses, while others write; gives how many. It gets the letter and its line."""
    deleted = 0
    for path in sorted((data / "dead-letters").glob("*.jsonl")):
        with contextlib.suppress(FileNotFoundError), _locked(path, "rb") as file:
            partial, gone = path.with_suffix(".partial"), 0
            with partial.open("wb") as fresh:
                for line in file:
                    if keep(parse_letter(line), line):
                        fresh.write(line)
                    else:
                        gone += 1
                fresh.flush()
                os.fsync(fresh.fileno())
            # Whoever waits for the lock finds that the file is another one, and opens it again.
            if gone:
                partial.replace(path)
            else:
                partial.unlink()
            deleted += gone
    return deleted


def parse_letter(line: bytes) -> Letter | None:
    """The letter of a line; None where it is none."""
    try:
        told = dict(json.loads(line))
        body = base64.b64decode(told.pop("body"))
        return Letter(
            hashlib.sha256(line).hexdigest()[:12],
            datetime.fromisoformat(told["at"]),
            str(told["reason"]),
            str(told["detail"]),
            int(told["bytes"]),
            bool(told["truncated"]),
            body,
            told,
        )
    except (ValueError, TypeError, KeyError):
        return None


@contextlib.contextmanager
def _locked(path: Path, mode: str) -> Iterator[BinaryIO]:
    """The file, with nobody else in it."""
    while True:
        with path.open(mode) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                    yield file  # type: ignore[misc]  # both modes are binary
                    return
            if mode == "rb" and not path.exists():
                raise FileNotFoundError(path)
