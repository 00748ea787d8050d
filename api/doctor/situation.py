"""What the checks look at: configuration, data folder, running processes, what the store holds."""

import contextlib
import json
import os
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from api.settings import Settings, load
from collector.store import SPAN_SCHEMA, Kind, Segment, Store
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.schema import EVENT_SCHEMA

PROCESSES: Final = ("receiver", "converter", "miner")
_ROWS: Final = 300_000
"""So many of the newest rows of a kind are looked at."""


@dataclass(frozen=True)
class Running:
    """What a process says of itself in `data/run`, and whether it is alive."""

    name: str
    pid: int
    host: str
    port: int
    alive: bool

    @property
    def url(self) -> str:
        """Where it serves."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass
class Situation:
    """`settings` are the defaults where the configuration is `invalid` (the reason). `now` in µs UTC."""

    config: Path | None
    data: Path
    settings: Settings
    invalid: str | None
    running: dict[str, Running]
    now: int

    @property
    def store(self) -> Store:
        """The committed segments."""
        return Store(self.data)

    @cached_property
    def position(self) -> int:
        """The last position of the write-ahead log that is converted and committed."""
        return self.store.position()

    @cached_property
    def spans(self) -> pa.Table:
        """The newest spans: ids, kind, service, name, start, end."""
        columns = ["trace_id", "span_id", "parent_span_id", "kind", "service", "name", "start", "end"]
        return self._newest("spans", columns)

    @cached_property
    def events(self) -> pa.Table:
        """The newest events: id, process, activity, start, system, objects."""
        return self._newest("events", ["event_id", "process", "activity", "start", "system", "objects"])

    @cached_property
    def span_rows(self) -> int:
        """How many spans are kept in all."""
        return sum(each.rows for each in self.store.segments("spans"))

    @cached_property
    def event_rows(self) -> int:
        """How many events are kept in all."""
        return sum(each.rows for each in self.store.segments("events"))

    @cached_property
    def case_links(self) -> set[str]:
        """Events whose case became known later."""
        found: set[str] = set()
        for each in self.store.segments("links"):
            with contextlib.suppress(OSError, pa.ArrowInvalid), pq.ParquetFile(each.path) as file:
                found.update(file.read(columns=["event_id"])["event_id"].to_pylist())
        return found

    def _newest(self, kind: Kind, columns: list[str]) -> pa.Table:
        tables, rows = [], 0
        for each in reversed(self.store.segments(kind)):
            table = _read(each, columns)
            if table is not None:
                tables.append(table)
                rows += table.num_rows
            if rows >= _ROWS:
                break
        schema = EVENT_SCHEMA if kind == "events" else SPAN_SCHEMA
        return pa.concat_tables(tables).unify_dictionaries() if tables else schema.empty_table().select(columns)


def look(config: Path | None, data: Path) -> Situation:
    """The situation now."""
    invalid = None
    try:
        settings = load(config)
    except PermanentError as error:
        settings, invalid = Settings.model_construct(), str(error)
    running = {name: each for name in PROCESSES if (each := _running(data, name)) is not None}
    return Situation(config, data, settings, invalid, running, time.time_ns() // 1000)


def _read(segment: Segment, columns: list[str]) -> pa.Table | None:
    try:
        with pq.ParquetFile(segment.path) as file:
            return file.read(columns=columns)
    except (OSError, pa.ArrowInvalid):
        # Just merged away, or broken: that is another check's.
        return None


def _running(data: Path, name: str) -> Running | None:
    try:
        read = json.loads((data / "run" / f"{name}.json").read_text())
        pid = int(read["pid"])
        found = Running(name, pid, str(read["host"]), int(read["port"]), _alive(pid))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # One that nobody has waited for yet is there by its number alone.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return True
