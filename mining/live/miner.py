"""The live miner: follows the store's segments, keeps the events of the window, publishes what it knows."""

import dataclasses
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from collector.converter.sampling import STATE as SAMPLING
from collector.converter.sampling import sampled_services
from collector.jobs import ask
from collector.store import Kind, Segment, Store
from collector.store.inbox import imported
from collector.store.manifest import UNREADABLE
from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from mining.arena import Arena
from mining.build import BAD_SEGMENTS_NOTE, REFUSED_NOTE
from mining.config import ProcessConfig
from mining.findings.facts import Change
from mining.live.following import Following
from mining.live.knowledge import Knowledge, Snapshot
from mining.live.register import Register, State
from mining.live.restart import Place, keep, restore
from mining.memory import usable_memory
from mining.report import Report
from mining.reporting import iso

SECOND = 1_000_000
DAY = 86_400 * SECOND
EVENTS: Final = pa.schema([field for field in EVENT_SCHEMA if field.name not in ("trace_id", "span_id", "fields")])
"""What is read of every event; the rest when it is asked for."""
EVENT_BYTES: Final = 150
"""Memory for an event, as a first guess."""
TOGETHER: Final = 8
"""Segments from which on what waits is taken in at once: after a start, or a time away."""
MEMORY_SHARE: Final = 0.6
"""Of the memory that can be had, where no limit is configured."""
LAST: Final = 19
"""Niceness of looking for findings: what has come is shown first."""
FRESH: Final = 4.5
"""Seconds from when an event is safe until it is shown, where rounds are short enough for that."""
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
        changes: Callable[[], Sequence[Change]] = tuple,
        listening: Callable[[int], int | None] = lambda _now: None,
    ) -> None:
        """`changes` gives what findings may come from, `listening` since when all that is sent is taken in (None:
        always), asked once a round.
        """
        self._store, self._configs, self._knowledge, self._register = store, tuple(configs), knowledge, register
        self._observers, self._clock, self._changes = tuple(observers), clock, changes
        self._listening = listening
        self._horizon = int(max((2 * each.settings.window_days for each in self._configs), default=0.0) * DAY)
        self._memory = min((each.settings.memory_mb or 0 for each in self._configs), default=0) << 20
        self._memory = self._memory or int(usable_memory() * MEMORY_SHARE)
        self._background = ThreadPoolExecutor(1, "findings", stand_back, (LAST,))
        self._reading = ThreadPoolExecutor(1, "reading")
        self._following: list[Following] = []
        self._after: dict[Kind, int] = {"events": 0, "links": 0}
        self._newest: Segment | None = None
        self._failing: set[int] = set()
        self._failed = False
        self._generation = -1
        self._bad: dict[int, str] = {}
        self._refused: dict[int, int] = {}
        self._last_full = 0.0
        self._careful = False
        """After an error: segments are taken in one by one, so that the one at which it fails is known."""

    def round(self) -> bool:
        """Take in what is new and publish; gives whether anything was new (or it was time anyway).

        After an error nothing that was taken in is trusted: the next round begins anew.
        """
        try:
            return self._round()
        except BaseException:
            self._failed = True
            self._careful = True
            raise

    def _round(self) -> bool:
        began = time.monotonic()
        fresh = self.take_in()
        if not fresh and began - self._last_full < IDLE_SECONDS and self._knowledge.taken:
            self._knowledge.publish({}, self._clock(), 0.0)
            return False
        now = self._clock()
        sampled, changes = sampled_services(self._store.state(SAMPLING)), self._changes()
        once, listening = imported(self._store), self._listening(now)
        snapshots = {
            each.process: self._registered(each.snapshot(now, self._notes(), sampled, changes, once, listening))
            for each in self._following
        }
        self._careful = False
        lag = self._lag()
        self._knowledge.publish(snapshots, self._clock(), lag)
        self._last_full = time.monotonic()
        for observe in self._observers:
            observe(snapshots, lag, self._last_full - began, now)
        return True

    def run(self, stop: threading.Event, interval: float) -> None:
        """Rounds until `stop`. After a long one a pause nearly twice as long, so that others get the machine too, but
        not so long that what comes is shown later than FRESH.
        """
        stand_back()
        while not stop.is_set():
            began = time.monotonic()
            try:
                self.round()
            except Exception:
                # A round that fails must not end the service: what it shows is then stale and says so.
                log.exception("mining.round_failed")
            took = time.monotonic() - began
            stop.wait(max(interval, min(2 * took - interval, FRESH - 2 * took)))

    def close(self) -> None:
        """Look for no more findings; keep what was taken in, where reading it again would take long."""
        for each in (self._reading, self._background):
            each.shutdown(wait=True, cancel_futures=True)
        if not (self._failed or self._failing or self._bad or self._refused):
            keep(self._store, self._following, Place(self._generation, self._after["events"], self._after["links"]))

    def arenas(self) -> list[Arena]:
        """The events of each process as they stand."""
        return [each.arena() for each in self._following]

    @property
    def memory(self) -> tuple[int, int]:
        """Bytes that the events take, and may take."""
        return sum(each.bytes for each in self._following), self._memory

    @property
    def refused(self) -> int:
        """Events that were not read because they would not have fitted into memory."""
        return sum(self._refused.values())

    def take_in(self) -> bool:
        """Read what is new; gives whether anything was. Events first: a link committed with its event is then never
        missed.
        """
        fresh = self._begin_anew()
        oldest = self._clock() - self._horizon
        there = self._store.segments("events", self._after["events"])
        together = not self._careful and len(there) >= TOGETHER
        if together and len(self._following) == 1:
            self._following[0].expect(self._room_for(sum(each.rows for each in there if each.committed >= oldest)))
        # No event ends after it is committed: what is that old need not be read at all.
        for segment, table in self._tables(there, EVENTS, oldest):
            if table is not None:
                self._add(segment, table, together)
            self._after["events"], self._newest = segment.id, segment
            fresh = True
        links: list[pa.RecordBatch] = []
        # A case is learned with its event or later.
        for segment, table in self._tables(self._store.segments("links", self._after["links"]), LINK_SCHEMA, oldest):
            links += [] if table is None else table.to_batches()
            self._after["links"] = segment.id
            fresh = True
        if links:
            for each in self._following:
                each.link(links)
        return fresh

    def _tables(
        self, there: Sequence[Segment], schema: pa.Schema, oldest: int
    ) -> Iterator[tuple[Segment, pa.Table | None]]:
        """Of the segments, in order, up to one that has just been replaced; None for what need or can not be read.

        While one is taken in, the next is read.
        """
        wanted = [segment for segment in there if segment.committed >= oldest]
        coming = {segment.id: self._reading.submit(self._read, segment, schema) for segment in wanted[:1]}
        ahead = iter(wanted[1:])
        for segment in there:
            table = None
            if segment.id in coming:
                following = next(ahead, None)
                if following is not None:
                    coming[following.id] = self._reading.submit(self._read, following, schema)
                table = coming.pop(segment.id).result()
                if table is None and segment.id not in self._bad:
                    return
            yield segment, table

    def _add(self, segment: Segment, table: pa.Table, together: bool) -> None:
        """Tell all who follow of a segment; one that fails is left out from then on, and counted as unreadable.

        `together`: its events are put into their cases with those of the next ones; one that fails is not known then.
        """
        if segment.id in self._failing or not self._fits(segment):
            for each in self._following:
                each.skip(segment.id, table)
            return
        try:
            for each in self._following:
                each.add(segment.id, table, together)
        except Exception:
            if together:
                raise
            log.error("mining.failing_segment", name=segment.path.name)
            self._failing.add(segment.id)
            raise

    def _overtaken(self) -> bool:
        """Whether the newest segment that was read has since been merged with some that were not."""
        if self._newest is None:
            return False
        next_ = self._store.segments("events", self._newest.id - 1)[:1]
        return any(each.id != self._newest.id and each.first <= self._newest.first for each in next_)

    def _begin_anew(self) -> bool:
        """Begin, or forget all that was read where some of it has changed since (an erasure, a new mapping)."""
        generation = self._store.generation()
        if generation == self._generation and not self._failed and not self._overtaken():
            return False
        earlier = {each.process: each for each in self._following}
        if generation != self._generation:
            self._failing.clear()
            earlier.clear()  # what was found may name what was erased
        began = self._generation >= 0
        if began:
            log.info("mining.begins_anew", generation=generation)
        self._generation = generation
        self._after = {"events": 0, "links": 0}
        self._newest, self._failed = None, False
        self._following = []
        if not began:
            self._restore()
        self._following = self._following or [
            Following(config, self._store, self._background, earlier.get(config.process)) for config in self._configs
        ]
        self._bad.clear()
        self._refused.clear()
        return began

    def _restore(self) -> None:
        """Go on where the miner before has ended, where it kept what it had and that still holds and fits."""
        found = restore(self._store, self._configs, self._background)
        if found is None:
            return
        self._following, place = found
        there = self._store.segments("events", place.events - 1)[:1]
        still = bool(there) and there[0].id == place.events and place.generation == self._generation
        if not still or 2 * self.memory[0] > self._memory:
            self._following = []
            return
        log.info("mining.goes_on", events=sum(each.arrived for each in self._following))
        self._newest = there[0]
        self._after = {"events": place.events, "links": place.links}

    def _fits(self, segment: Segment) -> bool:
        """Whether there is room for a segment; what there is none for is refused, said, and not read."""
        held, arrived = self.memory[0], sum(each.arrived for each in self._following)
        each_event = max(EVENT_BYTES, held // arrived if arrived else 0)
        # Putting events in order writes them anew beside the old ones.
        if 2 * (held + each_event * segment.rows) <= self._memory:
            return True
        self._refused[segment.id] = segment.rows
        log.error(
            "mining.segment_refused",
            name=segment.path.name,
            events=segment.rows,
            held_mb=held >> 20,
            limit_mb=self._memory >> 20,
            advice="shorten mining.window_days, raise mining.memory_mb, or give the machine more memory",
        )
        return False

    def _room_for(self, events: int) -> int:
        """So many of the events as there is room for at all."""
        return min(events, self._memory // (2 * EVENT_BYTES))

    def _read(self, segment: Segment, schema: pa.Schema) -> pa.Table | None:
        """The segment's rows; None where it cannot be read (then it is in `_bad`), or has just been replaced."""
        try:
            with pq.ParquetFile(segment.path) as file:
                there = [name for name in schema.names if name in file.schema_arrow.names]
                table = file.read(columns=there)
            for field in schema:  # segments of an earlier version may lack a column
                if field.name not in there:
                    table = table.append_column(field, pa.nulls(len(table), field.type))
            return table.select(schema.names).cast(schema)
        except UNREADABLE as error:
            if isinstance(error, FileNotFoundError) and segment not in self._store.segments(
                segment.kind, segment.id - 1
            ):
                return None
            log.error("mining.bad_segment", name=segment.path.name, error=str(error))
            self._bad[segment.id] = segment.path.name
            ask(self._store.data, "check_segment", {"name": segment.path.name}, number=f"check-{segment.path.stem}")
            return None

    def _lag(self) -> float:
        waiting = self._store.segments("events", self._after["events"])
        return (self._clock() - min(s.committed for s in waiting)) / SECOND if waiting else 0.0

    def _notes(self) -> list[str]:
        bad = len(self._failing.union(self._bad))
        notes = [BAD_SEGMENTS_NOTE.format(count=bad)] if bad else []
        return notes + ([REFUSED_NOTE.format(count=self.refused)] if self._refused else [])

    def _registered(self, snapshot: Snapshot) -> Snapshot:
        """With what the register knows of the findings."""
        ids = {finding.id for document in snapshot.reports.values() for finding in document.findings}
        states = self._register.seen(ids, snapshot.now)
        known = {language: _remember(document, states) for language, document in snapshot.reports.items()}
        return dataclasses.replace(snapshot, reports=known)


def stand_back(niceness: int = 10) -> None:
    """Let other threads go first, where the system can do that for one thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


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
