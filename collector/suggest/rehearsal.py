"""What a mapping makes of the traffic, found out by the converter itself in a folder of its own."""

import asyncio
import contextlib
import logging
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import structlog

from collector.converter import Converter
from collector.settings import MappingSettings, ProcessSettings
from collector.store import Kind, Store
from collector.wal import Encoding, Signal, WalWriter

_AT_ONCE: Final = 64
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Event:
    """An event the converter made; `case` is None where none could be told. `start` in µs UTC."""

    id: str
    process: str
    activity: str
    case: str | None
    start: int
    objects: frozenset[tuple[str, str]]

    @property
    def trace(self) -> str:
        """The trace's id as hex."""
        return self.id.split(":", 1)[0]


@dataclass
class Rehearsal:
    """What came out. `traces` counts all traces that sent spans."""

    spans: int = 0
    traces: int = 0
    events: list[Event] = field(default_factory=list)
    spans_explained: int = 0
    """Spans of traces that hold an event with a case."""

    @property
    def tied(self) -> set[str]:
        """Traces that hold an event with a case."""
        return {event.trace for event in self.events if event.case is not None}

    def cases(self, process: str | None = None) -> dict[tuple[str, str], list[Event]]:
        """Events by (process, case), in their order."""
        found: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in self.events:
            if event.case is not None and process in (None, event.process):
                found[event.process, event.case].append(event)
        for events in found.values():
            events.sort(key=lambda event: (event.start, event.id))
        return found

    def ends(self, process: str, share: float = 0.9) -> tuple[str, ...]:
        """Activities after which hardly any case goes on."""
        having: Counter[str] = Counter()
        ending: Counter[str] = Counter()
        for events in self.cases(process).values():
            having.update({event.activity for event in events})
            if len(events) > 1:
                ending[events[-1].activity] += 1
        return tuple(sorted(name for name, count in ending.items() if count >= max(2, share * having[name])))


def rehearse(
    requests: Iterable[bytes], mapping: MappingSettings, processes: Mapping[str, ProcessSettings]
) -> Rehearsal:
    """Send ExportTraceServiceRequests through a converter with this mapping, to the end."""
    with tempfile.TemporaryDirectory(prefix="houtai-rehearsal-") as folder, _quiet():
        data = Path(folder)
        asyncio.run(_append(data, requests))
        clock = [time.time_ns() // 1_000_000]
        converter = Converter(mapping, processes, data, clock=lambda: clock[0])
        try:
            while converter.round():
                pass
            for _ in range(4):
                # What was held for relatives that may still come is let go of.
                clock[0] += _HOUR_MS
                converter.round()
        finally:
            converter.close()
        return _read(data, processes)


async def _append(data: Path, requests: Iterable[bytes]) -> None:
    wal = WalWriter(data / "wal", 256 << 20)
    try:
        waiting = []
        for body in requests:
            waiting.append(asyncio.ensure_future(wal.append(Signal.TRACES, Encoding.IDENTITY, body)))
            if len(waiting) >= _AT_ONCE:
                await asyncio.gather(*waiting)
                waiting = []
        await asyncio.gather(*waiting)
    finally:
        await wal.close()


def _read(data: Path, processes: Mapping[str, ProcessSettings]) -> Rehearsal:
    links: dict[tuple[str, str], str] = {}
    for batch in _batches(data, "links", ["event_id", "process", "case_id"]):
        for row in batch:
            links[str(row["event_id"]), str(row["process"])] = str(row["case_id"])
    found = Rehearsal()
    for batch in _batches(data, "events", ["event_id", "process", "activity", "start", "objects"]):
        for row in batch:
            event_id, process = str(row["event_id"]), str(row["process"])
            objects = row["objects"]
            assert isinstance(objects, list)
            leading = processes[process].leading if process in processes else None
            case = next((str(each["id"]) for each in objects if each["type"] == leading), None)
            start = row["start"]
            assert isinstance(start, int)
            named = frozenset((str(each["type"]), str(each["id"])) for each in objects)
            case = case or links.get((event_id, process))
            found.events.append(Event(event_id, process, str(row["activity"]), case, start, named))
    per_trace: Counter[str] = Counter()
    for batch in _batches(data, "spans", ["trace_id"]):
        per_trace.update(str(row["trace_id"]) for row in batch)
    found.spans, found.traces = per_trace.total(), len(per_trace)
    found.spans_explained = sum(per_trace[trace] for trace in found.tied)
    return found


def _batches(data: Path, kind: Kind, columns: list[str]) -> Iterable[list[dict[str, object]]]:
    for segment in Store(data).segments(kind):
        with pq.ParquetFile(segment.path) as file:
            table = file.read(columns=columns)
        if "start" in columns:
            at = table.schema.get_field_index("start")
            table = table.set_column(at, "start", table.column(at).cast("int64"))
        yield table.to_pylist()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the converter's log lines, which are about a folder nobody sees."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
