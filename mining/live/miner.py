"""The live miner: follows the store's segments, keeps the events of the window, publishes what it knows."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from collector.converter.sampling import STATE as SAMPLING
from collector.converter.sampling import sampled_services
from collector.jobs import ask
from collector.store import Kind, Segment, Store
from collector.store.manifest import UNREADABLE
from collector.vocabulary.languages import LANGUAGES
from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from mining.arena import Quality
from mining.build import BAD_SEGMENTS_NOTE, build
from mining.config import ProcessConfig
from mining.filters import Filters, select
from mining.findings import detect
from mining.live.knowledge import Knowledge, Snapshot
from mining.live.register import Register, State
from mining.report import Report
from mining.reporting import iso, reports, view
from mining.sampling import mark_sampled

SECOND = 1_000_000
DAY = 86_400 * SECOND
IDLE_SECONDS = 30.0
"""With nothing new, findings are still derived again this often: cases get stuck by time passing alone."""

log = structlog.get_logger()
Observer = Callable[[Mapping[str, Snapshot], float, float, int], None]


class Miner:
    """One reader of the store, one writer of Knowledge. `round` does one round; `run` goes on until stopped."""

    def __init__(
        self,
        store: Store,
        configs: Sequence[ProcessConfig],
        knowledge: Knowledge,
        register: Register,
        observers: Iterable[Observer] = (),
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._store, self._configs, self._knowledge, self._register = store, tuple(configs), knowledge, register
        self._observers, self._clock = tuple(observers), clock
        self._horizon = int(max((2 * each.settings.window_days for each in self._configs), default=0.0) * DAY)
        self._events: dict[int, pa.Table] = {}
        self._spans: dict[int, tuple[int, int]] = {}
        self._links: dict[int, tuple[int, pa.Table]] = {}
        self._after: dict[Kind, int] = {"events": 0, "links": 0}
        self._generation = 0
        self._bad: dict[int, str] = {}
        self._last_full = 0.0

    def round(self) -> bool:
        """Take in what is new and publish; gives whether anything was new (or it was time anyway)."""
        began = time.monotonic()
        fresh = self._take_in()
        if not fresh and began - self._last_full < IDLE_SECONDS and self._knowledge.taken:
            self._knowledge.publish({}, self._clock(), 0.0)
            return False
        now = self._clock()
        snapshots = {config.process: self._snapshot(config, now) for config in self._configs}
        lag = self._lag()
        self._knowledge.publish(snapshots, self._clock(), lag)
        self._last_full = time.monotonic()
        for observe in self._observers:
            observe(snapshots, lag, self._last_full - began, now)
        return True

    def run(self, stop: threading.Event, interval: float) -> None:
        """Rounds until `stop`; after a long round a pause as long, so that others get the machine too."""
        while not stop.is_set():
            began = time.monotonic()
            try:
                self.round()
            except Exception:
                # A round that fails must not end the service: what it shows is then stale and says so.
                log.exception("mining.round_failed")
            stop.wait(max(interval, time.monotonic() - began))

    def _take_in(self) -> bool:
        """Read what is new, events first: a link committed with its event is then never missed."""
        fresh = self._begin_anew()
        oldest = self._clock() - self._horizon
        for segment in self._store.segments("events", self._after["events"]):
            # No event ends after it is committed: what is that old need not be read at all.
            if segment.committed >= oldest:
                table = self._read(segment, EVENT_SCHEMA)
                if table is not None:
                    self._events[segment.id], self._spans[segment.id] = table, _span(table)
                elif segment.id not in self._bad:
                    break
            self._after["events"] = segment.id
            fresh = True
        for segment in self._store.segments("links", self._after["links"]):
            table = self._read(segment, LINK_SCHEMA)
            if table is not None:
                self._links[segment.id] = segment.committed, table
            elif segment.id not in self._bad:
                break
            self._after["links"] = segment.id
            fresh = True
        self._forget(oldest)
        return fresh

    def _begin_anew(self) -> bool:
        """Forget all that was read where some of it has changed since (an erasure, a new mapping); gives whether."""
        generation = self._store.generation()
        if generation == self._generation:
            return False
        log.info("mining.begins_anew", generation=generation)
        self._generation = generation
        self._after = {"events": 0, "links": 0}
        for each in (self._events, self._spans, self._links, self._bad):
            each.clear()
        return True

    def _read(self, segment: Segment, schema: pa.Schema) -> pa.Table | None:
        """The segment's rows; None where it cannot be read (then it is in `_bad`), or has just been replaced."""
        try:
            return pq.ParquetFile(segment.path).read().cast(schema)
        except UNREADABLE as error:
            if isinstance(error, FileNotFoundError) and segment not in self._store.segments(
                segment.kind, segment.id - 1
            ):
                return None
            log.error("mining.bad_segment", name=segment.path.name, error=str(error))
            self._bad[segment.id] = segment.path.name
            ask(self._store.data, "check_segment", {"name": segment.path.name}, number=f"check-{segment.path.stem}")
            return None

    def _forget(self, oldest: int) -> None:
        """Let go of tables whose events all ended before `oldest` (µs UTC), and of links older than any event left.

        That is twice the window ago, so that a case in the window is there from its beginning unless it is longer
        than the window itself.
        """
        for number in [number for number, (_, last) in self._spans.items() if last < oldest]:
            del self._events[number], self._spans[number]
        # A case is learned with its event or later.
        first = min((first for first, _ in self._spans.values()), default=oldest)
        for number in [number for number, (committed, _) in self._links.items() if committed < min(first, oldest)]:
            del self._links[number]

    def _lag(self) -> float:
        waiting = self._store.segments("events", self._after["events"])
        return (self._clock() - min(s.committed for s in waiting)) / SECOND if waiting else 0.0

    def _snapshot(self, config: ProcessConfig, now: int) -> Snapshot:
        batches = [batch for table in self._events.values() for batch in table.to_batches()]
        links = [batch for _, table in self._links.values() for batch in table.to_batches()]
        notes = (BAD_SEGMENTS_NOTE.format(count=len(self._bad)),) if self._bad else ()
        arena = build(batches, config.process, config.leading, links, Quality(notes=notes))
        begin = now - int(config.settings.window_days * DAY)
        if arena.events and int(arena.end.min()) < begin:
            arena = select(arena, Filters(from_=begin))
        arena = mark_sampled(arena, sampled_services(self._store.state(SAMPLING)))
        facts = detect(view(arena, config, now))
        documents = reports(arena, config, now, LANGUAGES, facts=facts)
        states = self._register.seen({f.id for r in documents.values() for f in r.findings}, now)
        return Snapshot(
            config, arena, facts, now, {language: _remember(r, states) for language, r in documents.items()}
        )


def _span(table: pa.Table) -> tuple[int, int]:
    """The first and the last end (µs UTC) of a table's events."""
    ends = pc.min_max(table["end"].cast(pa.int64())).as_py() if table.num_rows else {"min": 0, "max": 0}
    return int(ends["min"]), int(ends["max"])


def _remember(document: Report, states: Mapping[str, State]) -> Report:
    findings = tuple(
        dataclasses.replace(
            finding,
            first_seen=iso(states[finding.id].first_seen),
            last_seen=iso(states[finding.id].last_seen),
            status=states[finding.id].status,
            owner=states[finding.id].owner,
        )
        for finding in document.findings
    )
    return dataclasses.replace(document, findings=findings)
