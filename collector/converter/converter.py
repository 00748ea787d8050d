"""One reader of the write-ahead log, one writer of the store: a round converts what is there and commits it."""

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import structlog
from google.protobuf.message import DecodeError

from collector import skew
from collector.converter import sampling
from collector.converter.clocks import CORRECT, Clocks
from collector.converter.columns import Output, SpanColumns, links_table
from collector.converter.decode import Decoder, Fresh
from collector.converter.joins import MAX_JOINS, Joins
from collector.converter.mapper import HOLD_MS, Mapper
from collector.converter.open_events import MAX_WITHOUT_CASE, OpenEvents
from collector.converter.rebuild import remember
from collector.converter.rules import Rules
from collector.converter.seen import AT_LEAST, Seen
from collector.converter.telemetry import ConverterMetrics
from collector.converter.watching import Watching
from collector.converter.window import MAX_SPANS, Window
from collector.dead_letters import DeadLetters
from collector.gzip_body import BadGzip, gunzip
from collector.raw import RawArchive
from collector.settings import MappingSettings, ProcessSettings
from collector.store.inbox import Inbox, commit_inbox
from collector.store.manifest import Changes, Manifest
from collector.store.retention import Retention
from collector.store.segment import Kind
from collector.store.settings import RetentionSettings
from collector.store.store import Store
from collector.store.tidying import tidy
from collector.wal import Encoding, Record, Signal, WalReader
from collector.wal.folder import delete_covered

ROUND_BYTES: Final = 3 << 20
"""Compressed bytes to a round when the converter is behind: some 50 000 spans."""
ROUND_RECORDS: Final = 4_000
BATCH: Final = "batch:"
"""What the state of a source's last batch is called."""
PROTOBUF: Final = "application/x-protobuf"
_CONTENT_TYPES: Final = {
    Signal.TRACES: PROTOBUF,
    Signal.LOGS: PROTOBUF,
    Signal.TRACES_JSON: "application/json",
    Signal.LOGS_JSON: "application/json",
    Signal.EVENTS: "application/json",
}
_UNPACKED_LIMIT: Final = 1 << 30

log = structlog.get_logger()


class Converter:
    """Opening it restores what earlier rounds knew. Raises PermanentError where another converter has the folder.

    After an exception in `round`, what is in memory may be ahead of the disk: close it and open a new one.
    `clock` gives ms since 1970; held events wait `hold_ms`. `correct_clocks` sets the times of services right; None: as
    the converter before did.
    """

    def __init__(
        self,
        mapping: MappingSettings,
        processes: Mapping[str, ProcessSettings],
        data: Path,
        *,
        told: ConverterMetrics | None = None,
        letters: DeadLetters | None = None,
        archive: RawArchive | None = None,
        retention: Retention | None = None,
        correct_clocks: bool | None = None,
        hold_ms: int = HOLD_MS,
        max_spans: int = MAX_SPANS,
        max_seen: int = AT_LEAST,
        max_without_case: int = MAX_WITHOUT_CASE,
        max_joins: int = MAX_JOINS,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._told = told or ConverterMetrics()
        self._letters = letters or DeadLetters(data, "converter", self._told.registry)
        self._clock = clock
        self.archive, self._retention = archive, retention or Retention(RetentionSettings())
        rules = Rules(mapping)
        self.data, self._wal = data, data / "wal"
        self.mapping, self.processes = mapping, processes
        self.manifest = Manifest(data)
        self.reader = WalReader(self._wal, self.manifest.position)
        self._changes = Changes()
        self._seen = Seen(max_seen)
        self._joins = Joins(self.manifest.joins(), max_joins)
        opened = OpenEvents(self.manifest.open_events(), self._changes, max_without_case)
        leading = {name: each.leading for name, each in processes.items()}
        self._mapper = Mapper(rules, leading, Window(max_spans), self._joins, opened, self._told, self._refuse, hold_ms)
        self._restore(data, rules, max_spans, max_seen)
        state = Store(data).state()
        self._watching = Watching(state)
        if correct_clocks is None:
            correct_clocks = state.get(CORRECT) == "true"
        elif correct_clocks != (state.get(CORRECT) == "true"):
            self._changes.state[CORRECT] = "true" if correct_clocks else "false"
        self._clocks = Clocks(
            {name: each for name, each in state.items() if name.startswith(skew.STATE)}, correct_clocks
        )
        self._decoder = Decoder(rules, self._seen, self._refuse, self._watching, self._clocks.corrections)
        self._wanted = rules.wanted
        self._batches = {n.removeprefix(BATCH): int(each) for n, each in state.items() if n.startswith(BATCH)}

    @property
    def position(self) -> int:
        """The last position in the write-ahead log that is converted and committed."""
        return self.manifest.position

    @property
    def waiting(self) -> bool:
        """Whether something waits for its time, so that rounds make sense without new records."""
        return self._mapper.waiting

    def round(self, limit_bytes: int = ROUND_BYTES) -> int:
        """Convert and commit one batch; gives how many records it took in (0: nothing was there)."""
        first = self.reader.position + 1
        records = self.reader.read(limit_bytes, ROUND_RECORDS)
        spans = SpanColumns()
        fresh = self._decode(records, spans)
        # Far behind, an event's relatives are in the log, not on the wire: time goes as the log tells it.
        behind = self.reader.behind()[0] > 0
        out = self._mapper.take_in(fresh, records[-1].received if records and behind else self._clock())
        if self.archive is not None and records:
            self.archive.add(records)
        self._commit(spans, out, first)
        self._tell()
        for process, count in out.tally.items():
            self._told.events.labels(process).inc(count)
        self.observe()
        return len(records)

    @property
    def has_files(self) -> bool:
        """Whether files wait in the inbox."""
        return bool(Inbox(self.data).waiting())

    def take_files(self) -> int:
        """Take in the files that wait in the inbox; gives how many."""
        return commit_inbox(self.manifest, self.data, self._letters)

    def tidy(self) -> None:
        """Forget, merge and delete what is due; for when there is nothing else to do."""
        tidy(self.manifest, self.archive, self._retention)
        self._watching.settle(list(self._mapper.settled(self._clock() - sampling.SETTLED_US // 1000)))
        self._changes.state |= self._clocks.look(self.manifest.store.segments("spans"))
        self._decoder.corrections = self._clocks.corrections

    def set_right(self, on: bool) -> None:
        """Whether clocks are set right from now on, where they are at all."""
        self._decoder.corrections = self._clocks.corrections if on else {}

    def observe(self) -> None:
        """Bring the gauges of what is waiting up to date."""
        self._told.wal_age.set(self.reader.behind()[1])
        self._told.wal_bytes.set(self.reader.bytes_behind())

    def close(self) -> None:
        """Let go of files and folder. What is held is kept for the next opening. Idempotent."""
        self.reader.close()
        self.manifest.close()

    def _restore(self, data: Path, rules: Rules, max_spans: int, max_seen: int) -> None:
        began = time.monotonic()
        segments = Store(data).segments("spans")
        if segments:
            # Nothing of what is made here is garbage; looking for it would take most of the time.
            gc.disable()
            try:
                known = remember(segments, rules, self._seen, max_seen, max_spans, self.manifest.note_bad)
                spans = self._mapper.restore(known, self._clock())
            finally:
                gc.enable()
            log.info("converter.restored", spans=spans, seconds=round(time.monotonic() - began, 2))

    def _decode(self, records: Iterable[Record], spans: SpanColumns) -> Fresh:
        bodies: list[bytes] = []
        positions: list[int] = []
        arrivals: list[int] = []
        for record in records:
            try:
                body = record.body
                plain = gunzip(body, _UNPACKED_LIMIT) if record.encoding is Encoding.GZIP else body
                bodies.append(self._canonical(record.signal, plain))
                positions.append(record.sequence)
                arrivals.append(record.received)
            except (BadGzip, DecodeError, ValueError) as error:
                # The receiver has checked this; the mapping must not stop for it all the same.
                self._letters.add(
                    "malformed",
                    str(error),
                    record.body,
                    signal=record.signal.label,
                    content_type=_CONTENT_TYPES[record.signal],
                    position=record.sequence,
                )
        return self._decoder.decode(bodies, positions, spans, arrivals)

    def _canonical(self, signal: Signal, plain: bytes) -> bytes:
        """The body as an export request of traces; empty where it was taken in before."""
        if signal is Signal.TRACES:
            return plain
        from collector.converter.decoders import DECODERS
        from collector.converter.decoders.cloud_events import origin

        if signal is Signal.EVENTS:
            source, batch = origin(plain)
            if source is not None and batch is not None:
                if batch <= self._batches.get(source, -1):
                    return b""
                self._batches[source] = batch
                self._changes.state[BATCH + source] = str(batch)
        return DECODERS[signal](plain, self._wanted)

    def _tell(self) -> None:
        """Count what was committed."""
        decoder = self._decoder
        self._told.spans.inc(decoder.decoded)
        self._told.duplicates.inc(decoder.duplicates)
        self._told.unnamed_logs.inc(decoder.nameless)
        decoder.decoded = decoder.duplicates = decoder.nameless = 0
        for (process, reason), count in self._mapper.without_case.items():
            self._told.without_case.labels(process, reason).set(count)

    def _refuse(self, reason: str, detail: str, body: bytes, position: int | None = None) -> None:
        # What is refused later than the request it came in is written as a request of its own.
        self._letters.add(reason, detail, body, signal="traces", content_type=PROTOBUF, position=position)

    def _commit(self, spans: SpanColumns, out: Output, first: int) -> None:
        self._told.forgotten.labels("join").inc(self._joins.trim())
        self._changes.joined, self._changes.forgotten = self._joins.changed, self._joins.forgotten
        self._changes.state |= self._watching.state()
        last = self.reader.position
        if last < first and not len(out.events) and not out.links and self._changes.empty():
            return
        tables: list[tuple[Kind, object]] = [
            ("spans", spans.table()),
            ("events", out.events.table()),
            ("links", links_table(out.links)),
        ]
        self.manifest.commit(tables, first, last, self._changes)
        self._changes.clear()
        delete_covered(self._wal, last)
