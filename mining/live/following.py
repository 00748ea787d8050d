"""One process, followed: its events, what has been found in them, and what is known of it at a moment."""

import time
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from collector.store import Store
from collector.vocabulary.languages import LANGUAGES
from mining.arena import Arena, Quality
from mining.builder import of_process
from mining.config import ProcessConfig
from mining.findings import detect
from mining.findings.facts import Change, Fact, View
from mining.keeping import Kept
from mining.live.carrying import carried
from mining.live.knowledge import Snapshot
from mining.live.log import LiveLog
from mining.live.segments import SegmentDetails
from mining.reporting import Counted, reports, view
from mining.sampling import mark_sampled
from mining.summary.enabled import Rule
from mining.waiting.causes import Split
from mining.waiting.updating import updated

DAY: Final = 86_400 * 1_000_000
AT_ONCE: Final = 200_000
"""Events among which findings are looked for in the round itself, at first; later what the last look took decides."""
AT_ONCE_SECONDS: Final = 1.0
BATCH: Final = 1 << 17
SPLIT_AT_ONCE: Final = 2_000_000
"""Events whose waiting is divided into causes anew in a round where it cannot be brought up to date."""
PENDING_NOTE: Final = "findings are still being looked for; the figures are complete"

log = structlog.get_logger()


class Following:
    """The events of one process and what was found in them. `add` and `snapshot` are for one thread."""

    def __init__(
        self, config: ProcessConfig, store: Store, background: Executor, earlier: "Following | None" = None
    ) -> None:
        """Findings that take long are looked for in the `background`, one look after the other.

        What `earlier`, which followed the process until now, has found holds until there is something new.
        """
        self.config = config
        """Of the process."""
        self._background = background
        self._log = LiveLog(config.process, config.leading, SegmentDetails(store, config.process))
        self._window = int(config.settings.window_days * DAY)
        self._facts: tuple[Fact, ...] = ()
        self._found_in: Arena | None = None
        self._took: float | None = None
        self._rests_until = 0.0
        self._looking: Future[tuple[tuple[Fact, ...], Arena, float]] | None = None
        self._split_of: tuple[Split, Arena] | None = None
        """Why events waited, and of which arena that is."""
        self._split_anew: tuple[Split, Arena] | None = None
        """The same, of all events, by the look that goes on or was the last."""
        if earlier is not None:
            self._facts, self._found_in, self._took = earlier._facts, earlier._found_in, earlier._took
            if earlier._looking is not None:
                earlier._looking.cancel()

    def kept(self) -> Kept:
        """What `restored` needs: all that was taken in, but not what was found in it."""
        kept = self._log.kept()
        return Kept({**kept.tables, **self._log.details.kept()}, kept.notes)

    @classmethod
    def restored(cls, config: ProcessConfig, store: Store, background: Executor, kept: Kept) -> Self:
        """Goes on where what gave `kept` has ended. Raises KeyError or TypeError for tables of something else."""
        found = cls(config, store, background)
        details = SegmentDetails.restored(store, config.process, kept)
        found._log = LiveLog.restored(config.process, config.leading, details, kept)
        return found

    @property
    def process(self) -> str:
        """Its name."""
        return self.config.process

    @property
    def bytes(self) -> int:
        """Memory of the events, in bytes."""
        return self._log.bytes + self._log.details.bytes

    @property
    def arrived(self) -> int:
        """Events taken in so far."""
        return self._log.arrived

    def expect(self, count: int) -> None:
        """Make room for so many further events at once."""
        self._log.expect(count)

    def add(self, segment: int, table: pa.Table, more: bool = False) -> None:
        """The events of a segment (its id), those of other processes among them; `more` follow at once."""
        batches = []
        for batch in table.to_batches(max_chunksize=BATCH):
            mine = of_process(batch, self.config.process)
            batches.append(batch if mine is None else batch.filter(mine))
        self._log.details.begin(segment, sum(len(batch) for batch in batches))
        for batch in batches:
            self._log.add(batch, more=True)
        if not more:
            self._log.settle()

    def skip(self, segment: int, table: pa.Table) -> None:
        """A segment (its id) whose events are not taken in; `table` has the column `process`."""
        mine = pc.fill_null(pc.equal(table["process"], self.config.process), False)
        self._log.details.skip(segment, pc.sum(mine).as_py() or 0)

    def link(self, links: Iterable[pa.RecordBatch]) -> None:
        """Cases that were learned later."""
        self._log.link(links)

    def arena(self) -> Arena:
        """The events as they stand."""
        return self._log.arena()

    def snapshot(
        self,
        now: int,
        notes: Sequence[str],
        sampled: Collection[str],
        changes: Sequence[Change] = (),
        imported: tuple[str, ...] = (),
        listening: int | None = None,
    ) -> Snapshot:
        """What is known at `now` (µs UTC); cases that ended before the window go. Findings may come from `changes`.

        `imported` and `listening` as in View.
        """
        begin = now - self._window
        self._log.leave(begin)
        self._log.forget(begin - self._window)
        self._log.compact()
        fresh = self._log.gained()
        arena = mark_sampled(self._log.arena(Quality(notes=tuple(notes))), sampled)
        seen = replace(view(arena, self.config, now), changes=tuple(changes), imported=imported, listening=listening)
        facts = self._findings(seen)
        counted = Counted.of(arena, self._log.summary)
        split = self._split(seen, counted.rule)
        if self._found_in is None:
            notes = (*arena.quality.notes, PENDING_NOTE)
            arena = replace(arena, quality=replace(arena.quality, notes=notes))
        documents = reports(arena, self.config, now, LANGUAGES, facts=facts, counted=counted, split=split)
        return Snapshot(self.config, arena, facts, now, documents, split, fresh)

    def _findings(self, seen: View) -> tuple[Fact, ...]:
        """Facts of the arena that is seen: newly looked for where that is quick, else the last ones that were found."""
        arena = seen.arena
        try:
            if self._looking is None and self._quick(arena):
                self._keep(*self._look(seen))
            elif self._looking is None:
                # A look that takes long is followed by a rest as long: others want the processor as well.
                if time.monotonic() >= self._rests_until:
                    self._looking = self._background.submit(self._look, seen)
            elif self._looking.done():
                done, self._looking = self._looking, None
                self._keep(*done.result())
                self._rests_until = time.monotonic() + (self._took or 0.0)
        except Exception:
            # Counting goes on without new findings; what was found before is shown until a look succeeds.
            log.exception("mining.findings_failed", process=self.process)
        return () if self._found_in is None else carried(self._facts, self._found_in, arena)

    def _quick(self, arena: Arena) -> bool:
        return arena.events <= AT_ONCE if self._took is None else self._took < AT_ONCE_SECONDS

    def _look(self, seen: View) -> tuple[tuple[Fact, ...], Arena, float]:
        began = time.thread_time()
        self._split_anew = seen.split, seen.arena
        return detect(seen), seen.arena, time.thread_time() - began

    def _keep(self, facts: tuple[Fact, ...], arena: Arena, took: float) -> None:
        self._facts, self._found_in, self._took = facts, arena, took

    def _split(self, seen: View, rule: Rule) -> Split | None:
        """Why events waited: of few anew, of many brought up to date since last time; None where that cannot be."""
        arena, found = seen.arena, None
        if self._split_anew is not None:
            self._split_of, self._split_anew = self._split_anew, None
        if self._split_of is not None and arena.events > AT_ONCE and rule.longest is None:
            known, of = self._split_of
            parallel = rule.parallel.recoded(self._log.summary.names["activity"], arena.activities)
            found = known if of is arena else updated(known, of, arena, parallel, seen.zone, seen.business_days)
        if found is None and arena.events <= SPLIT_AT_ONCE:
            found = seen.split
        self._split_of = None if found is None else (found, arena)
        return found
