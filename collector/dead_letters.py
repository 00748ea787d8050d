"""Dead letters: what could not be read, kept with the reason in `data/dead-letters/*.jsonl`."""

import base64
import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from collector import metrics

KEPT_BYTES: Final = 64 * 1024
"""So much of a body is kept with a letter; its full length is told."""
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
        letter = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "writer": self._writer,
            "reason": reason,
            "detail": detail[:1000],
            **more,
            "bytes": len(body) if length is None else length,
            "truncated": len(body) > KEPT_BYTES or (length is not None and length > len(body)),
            "body": base64.b64encode(body[:KEPT_BYTES]).decode(),
        }
        line = json.dumps(letter, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(line)
                full = file.tell() >= FILE_BYTES
            if full:
                self._set_aside()

    def _set_aside(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        self._path.rename(self._folder / f"{self._writer}-{stamp}.jsonl")
        for old in sorted(self._folder.glob(f"{self._writer}-*.jsonl"))[:-OLD_FILES]:
            old.unlink()
