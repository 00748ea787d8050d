"""A process's events as they come, leave and are corrected: only the cases that are touched are looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.schema import LINK_SCHEMA
from mining.arena import NO_CODE, WORDS, Arena, Codes, Quality, Times
from mining.builder import NEGATIVE_NOTE, break_ties, leading_objects, of_process
from mining.columns import integers
from mining.details import Details
from mining.dictionary import narrow
from mining.kernels.id_map import NOTHING, Numbers
from mining.kernels.intern import Interner, hashes
from mining.kernels.ordering import order
from mining.kernels.ranges import rows_of
from mining.kernels.text_order import text_order
from mining.kernels.text_place import text_place
from mining.live.arrivals import GONE, NO_CASE, Arrivals
from mining.live.pool import Columns, Pool
from mining.part import Part
from mining.summary.summary import Summary
from mining.summary.tallying import tally

_OPTIONAL: Final = ("enabled", "amount")


class LiveLog:
    """The events of one process; one writer. What `arena` and `summary` give equals a rebuild from all batches.

    Cases that ended before the window are let go (`leave`) by taking them out of the summary, and forgotten for good
    by `forget`.
    """

    def __init__(self, process: str, leading: str, details: Details, groups: Sequence[str] = ("role",)) -> None:
        """`details` knows the events by the number of their arrival, of this process alone."""
        self._process, self._leading, self._details = process, leading, details
        self._cases = Interner()
        self._arrivals = Arrivals()
        self._pool = Pool()
        self._first = np.zeros(0, np.int64)
        self._last = np.zeros(0, np.int64)
        self._ended = np.zeros(0, np.int64)
        self._inside = np.zeros(0, np.bool_)
        self._ordered = np.zeros(0, np.int64)
        """Cases in order of their ids, as of the last arena; those beyond its length came since."""
        self._loose: dict[int, int] = {}
        self._begin: int | None = None
        self._duplicates = self._backwards = 0
        self._names: dict[str, list[str]] = {name: [] for name in WORDS}
        self._codes: dict[str, dict[str, int]] = {name: {} for name in WORDS}
        self._tables: dict[str, npt.NDArray[np.int32]] = {}
        self._gained: list[Numbers] = []
        self.summary = Summary(self._names, groups)

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        cases = self._first.nbytes + self._last.nbytes + self._ended.nbytes + self._ordered.nbytes
        return self._pool.bytes + self._arrivals.bytes + self._cases.bytes + cases + self.summary.bytes

    @property
    def arrived(self) -> int:
        """How many events have arrived, duplicates and those without a case among them: the next one's number."""
        return self._arrivals.count

    def add(self, batch: pa.RecordBatch) -> int:
        """Take in events (EVENT_SCHEMA; those of other processes are skipped); gives how many events it were.

        The details must know them already.
        """
        mine = of_process(batch, self._process)
        batch = batch if mine is None else batch.filter(mine)
        start, end = integers(batch.column("start")), integers(batch.column("end"))
        own = self._cases.codes(leading_objects(batch.column("objects"), self._leading))
        numbers, before = self._arrivals.add(hashes(batch.column("event_id")), own, end < start)
        first = self._pool.append(self._encoded(batch, start, np.maximum(start, end), numbers))
        corrected = self._corrected(numbers, before)
        case = self._arrivals.cases(numbers)
        self._gained.append(numbers[(before == NOTHING) & (case >= 0)])
        loose = np.flatnonzero(case == NO_CASE)
        self._loose |= dict(zip(numbers[loose].tolist(), (first + loose).tolist(), strict=True))
        self._backwards -= self._arrivals.backwards(corrected.numbers)
        placed = np.flatnonzero(case >= 0)
        self._place(_Come(numbers[placed], first + placed, case[placed]), corrected, corrected.numbers[:0])
        return len(batch)

    def link(self, links: Iterable[pa.RecordBatch]) -> int:
        """Put events that name no case into those that links say (LINK_SCHEMA); gives how many are moved."""
        marks, cases = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
        for batch in links:
            mine = of_process(batch, self._process)
            chosen = (batch if mine is None else batch.filter(mine)).cast(LINK_SCHEMA)
            marks.append(hashes(chosen.column("event_id")))
            cases.append(self._cases.codes(chosen.column("case_id")))
        numbers, target = self._arrivals.link(np.concatenate(marks), np.concatenate(cases))
        before = self._arrivals.cases(numbers)
        self._arrivals.set_case(numbers, target)
        loose = before == NO_CASE
        self._gained.append(numbers[loose])
        rows = np.array([self._loose.pop(number) for number in numbers[loose].tolist()], np.int64)
        self._place(_Come(numbers[loose], rows, target[loose]), _Gone(numbers[~loose], before[~loose]), numbers[~loose])
        return len(numbers)

    def leave(self, begin: int) -> int:
        """Let go of the cases that ended before `begin` (µs UTC), from now on; gives how many went.

        They come back as they were where an event makes them end later.
        """
        self._begin = begin
        going = np.flatnonzero(self._inside & (self._ended < begin))
        self._tally(going, -1)
        self._inside[going] = False
        return len(going)

    def forget(self, before: int) -> None:
        """Forget the cases that have been let go and ended before `before` (µs UTC), and events without a case."""
        gone = np.flatnonzero(~self._inside & (self._last > self._first) & (self._ended < before))
        rows = rows_of(self._first[gone], self._last[gone]).rows
        numbers = self._pool.column("rows")[rows]
        self._backwards -= self._arrivals.backwards(numbers)
        self._arrivals.set_case(numbers, GONE)
        self._first[gone] = self._last[gone] = 0
        ends = self._pool.column("end")
        for number in [number for number, row in self._loose.items() if ends[row] < before]:
            del self._loose[number]
            self._arrivals.set_case(np.array([number]), GONE)

    def gained(self) -> Numbers:
        """Numbers of the events that got their first case since the last call; corrections are not among them."""
        found = np.concatenate(self._gained) if self._gained else np.empty(0, np.int64)
        self._gained = []
        return np.sort(found)

    def arena(self, quality: Quality = Quality()) -> Arena:  # noqa: B008
        """The cases in the window, put in order; what an earlier call gave stays as it is.

        `quality` is what is known otherwise; counts are added.
        """
        ordered = self._in_order()
        there = self._last[ordered] > self._first[ordered]
        inside = self._inside[ordered]
        within, without = ordered[there & inside], ordered[there & ~inside]
        loose = np.fromiter(self._loose.values(), np.int64, len(self._loose))
        kept = np.concatenate([within, without])
        first = np.concatenate([self._first[kept], loose])
        last = np.concatenate([self._last[kept], loose + 1])
        self._pool.reorder(first, last, len(within))
        self._tables.clear()
        offsets = np.zeros(len(first) + 1, np.int64)
        np.cumsum(last - first, out=offsets[1:])
        self._first[kept], self._last[kept] = offsets[: len(kept)], offsets[1 : len(kept) + 1]
        self._loose = dict(zip(self._loose, offsets[len(kept) : -1].tolist(), strict=True))
        count = int(offsets[len(within)])
        codes, names, others = self._pool.arena_columns(count)
        notes = (NEGATIVE_NOTE.format(count=self._backwards),) if self._backwards else ()
        return Arena(
            process=self._process,
            offsets=offsets[: len(within) + 1],
            case_ids=self._cases.texts().take(pa.array(within)),
            start=others["start"],
            end=others["end"],
            enabled=others["enabled"],
            codes=codes,
            names=names,
            error=others["error"],
            amount=others["amount"],
            rows=others["rows"],
            details=self._details,
            quality=replace(
                quality,
                duplicates=quality.duplicates + self._duplicates,
                without_case=quality.without_case + len(self._loose),
                overlaps=int(self.summary.cases.sums["overlaps"]),
                notes=(*quality.notes, *notes),
            ),
        )

    def _encoded(self, batch: pa.RecordBatch, start: Times, end: Times, numbers: Numbers) -> Columns:
        """The columns of the pool for a batch."""
        columns: Columns = {"start": start, "end": end, "rows": numbers}
        outcome = batch.column("outcome")
        columns["error"] = pc.fill_null(pc.equal(outcome, "error"), False).to_numpy(zero_copy_only=False)
        for name in _OPTIONAL:
            if batch.column(name).null_count < len(batch):
                columns[name] = integers(batch.column(name))
        for name in WORDS:
            column = batch.column(name)
            if column.null_count < len(batch):
                encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
                words = encoded.dictionary.to_pylist()
                table = self._pool.translate(name, words)
                indices = pc.fill_null(encoded.indices.cast(pa.int32()), len(words))
                codes = table.take(indices.to_numpy(zero_copy_only=False))
                columns[name] = codes.astype(narrow(len(self._pool.words[name])))
        return columns

    def _corrected(self, numbers: Numbers, before: Numbers) -> "_Gone":
        """Put away what the new events correct; gives those of them that stand in a case."""
        again = np.flatnonzero(before != NOTHING)
        if not len(again):
            return _Gone(again, np.empty(0, np.int32))
        same = pc.equal(self._details.event_ids(numbers[again]), self._details.event_ids(before[again]))
        again = again[np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)]
        old = before[again]
        self._duplicates += len(old)
        case = self._arrivals.cases(old)
        for number in old[case == NO_CASE].tolist():
            self._loose.pop(number, None)
        self._arrivals.set_case(old, GONE)
        there = (case >= 0) & (old < numbers[0])
        return _Gone(old[there], case[there])

    def _place(self, come: "_Come", gone: "_Gone", moved: Numbers) -> None:
        """Put events into their cases, take others away; those of these that are `moved` go where they now belong."""
        self._reserve()
        self._backwards += self._arrivals.backwards(come.numbers)
        target = self._arrivals.cases(moved)
        touched = np.unique(np.concatenate([come.case, gone.case, target]).astype(np.int64))
        if not len(touched):
            return
        old = rows_of(self._first[touched], self._last[touched])
        self._tally(touched[self._inside[touched]], -1)
        local = np.repeat(np.arange(len(touched)), np.diff(old.offsets))
        kept, rows, case = old.rows, come.rows, come.case
        if len(gone.numbers):
            known = self._pool.column("rows")[old.rows]
            leaving, moving = np.isin(known, gone.numbers), np.isin(known, moved)
            rows = np.concatenate([rows, old.rows[moving]])
            case = np.concatenate([case, self._arrivals.cases(known[moving])])
            kept, local = old.rows[~leaving], local[~leaving]
        self._write(touched, np.concatenate([kept, rows]), np.concatenate([local, np.searchsorted(touched, case)]))

    def _write(self, touched: Times, rows: Times, local: Times) -> None:
        """Write the rows of the cases anew, in order, and count them in."""
        columns = self._pool.take(rows)
        ordering = order(local.astype(np.int32), len(touched), columns["start"], columns["end"])
        if len(ordering.ties):
            break_ties(ordering, columns["rows"], self._details)
        first = self._pool.append({name: column.take(ordering.rows) for name, column in columns.items()})
        self._first[touched], self._last[touched] = first + ordering.offsets[:-1], first + ordering.offsets[1:]
        full = np.flatnonzero(np.diff(ordering.offsets))
        self._ended[touched[full]] = np.maximum.reduceat(ordering.end, ordering.offsets[full]) if len(full) else 0
        inside = np.zeros(len(touched), np.bool_)
        inside[full] = True if self._begin is None else self._ended[touched[full]] >= self._begin
        self._inside[touched] = inside
        self._tally(touched[inside], 1)

    def _tally(self, cases: Times, sign: int) -> None:
        """Count the cases in or out."""
        if not len(cases):
            return
        found = rows_of(self._first[cases], self._last[cases])
        columns = self._pool.take(found.rows)
        codes: dict[str, Codes] = {n: self._for_summary(n)[columns[n]] for n in WORDS if n in columns}
        part = Part(
            first=found.offsets[:-1],
            last=found.offsets[1:],
            start=columns["start"],
            end=columns["end"],
            enabled=columns.get("enabled"),
            codes=codes,
            size={name: len(self._names[name]) for name in codes},
            error=columns["error"],
        )
        tally(self.summary, part, sign)

    def _for_summary(self, name: str) -> Codes:
        """Codes of the summary by those of the pool, and NO_CODE behind them."""
        words, table = self._pool.words[name], self._tables.get(name)
        if table is None or len(table) <= len(words):
            known, own = self._codes[name], self._names[name]
            for word in words:
                if word not in known:
                    known[word] = len(own)
                    own.append(word)
            codes = [*(known[word] for word in words), NO_CODE]
            table = self._tables[name] = np.array(codes, narrow(len(own)))
        return table

    def _reserve(self) -> None:
        """Room for the cases that are new."""
        more = len(self._cases) - len(self._first)
        if more > 0:
            self._first, self._last, self._ended = (
                np.concatenate([column, np.zeros(more, np.int64)]) for column in (self._first, self._last, self._ended)
            )
            self._inside = np.concatenate([self._inside, np.zeros(more, np.bool_)])

    def _in_order(self) -> Times:
        """All cases in order of their ids."""
        offsets, raw = self._cases.buffers()
        fresh = np.arange(len(self._ordered), len(self._cases))
        if len(fresh):
            first = offsets[len(self._ordered)]
            fresh = fresh[text_order(offsets[len(self._ordered) :] - first, raw[first : offsets[-1]])]
            self._ordered = np.insert(self._ordered, text_place(offsets, raw, self._ordered, fresh), fresh)
        return self._ordered


@dataclass(frozen=True)
class _Come:
    """Events that come into cases, with their rows in the pool."""

    numbers: Numbers
    rows: Times
    case: npt.NDArray[np.int32]


@dataclass(frozen=True)
class _Gone:
    """Events that leave the cases they stand in."""

    numbers: Numbers
    case: npt.NDArray[np.int32]
