"""A process's events as they come, leave and are corrected: only the cases that are touched are looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.schema import LINK_SCHEMA
from mining.arena import NO_CODE, WORDS, Arena, Codes, Quality, Times
from mining.builder import NEGATIVE_NOTE, break_ties, leading_objects, of_process
from mining.columns import integers, one_array
from mining.details import Details, Rows
from mining.dictionary import narrow
from mining.keeping import Kept
from mining.kernels.id_map import NOTHING, Numbers
from mining.kernels.intern import Interner, hashes
from mining.kernels.ordering import order
from mining.kernels.ranges import rows_of
from mining.kernels.text_order import text_order
from mining.kernels.text_place import text_place
from mining.live.arrivals import GONE, NO_CASE, Arrivals
from mining.live.loose import Loose
from mining.live.pool import Columns, Pool
from mining.part import Part
from mining.summary.arrow import from_arrow, schema_of, to_arrow
from mining.summary.summary import Summary
from mining.summary.tallying import summarise, tally

MOST_WAITING: Final = 4_000_000
"""Events that may wait to be put into cases that have some already."""
_COLUMNS: Final = ("numbers", "rows", "case")
_OPTIONAL: Final = ("enabled", "amount")
_SPARE: Final = 1 << 16
"""Rows and numbers of no use that are never worth clearing away."""


class Renumbering(Details, Protocol):
    """Details of events that can be numbered anew."""

    def renumbered(self, kept: Rows) -> Self:
        """Of some events only, numbered anew from 0 in the order of `kept` (ascending); this one stays as it is."""
        ...


D = TypeVar("D", bound=Renumbering)


class LiveLog(Generic[D]):
    """The events of one process; one writer. What `arena` and `summary` give equals a rebuild from all batches.

    Cases that ended before the window are let go (`leave`) by taking them out of the summary, and forgotten for good
    by `forget`. What is no more held is cleared away by `compact`, so that memory follows what is alive. After an error
    in the middle of a call nothing holds any more: begin with a new one.
    """

    def __init__(self, process: str, leading: str, details: D, groups: Sequence[str] = ("role",)) -> None:
        """`details` knows the events by the number of their arrival, of this process alone."""
        self._process, self._leading, self.details = process, leading, details
        self._cases = Interner()
        self._arrivals = Arrivals()
        self._pool = Pool()
        self._first = np.zeros(0, np.int64)
        self._last = np.zeros(0, np.int64)
        self._ended = np.zeros(0, np.int64)
        self._inside = np.zeros(0, np.bool_)
        self._ordered = np.zeros(0, np.int64)
        """Cases in order of their ids, as of the last arena; those beyond its length came since."""
        self._within: Times | None = None
        """Cases of the arena in order, while the pool stands as it was given out."""
        self._loose = Loose()
        self._waiting: list[tuple[_Come, _Gone]] = []
        self._settled = 0
        """Events that arrived before this number stand where they belong."""
        self._begin: int | None = None
        self._duplicates = self._backwards = 0
        self._names: dict[str, list[str]] = {name: [] for name in WORDS}
        self._codes: dict[str, dict[str, int]] = {name: {} for name in WORDS}
        self._tables: dict[str, npt.NDArray[np.int32]] = {}
        self._gained: list[Numbers] = []
        self.summary = Summary(self._names, groups)

    def kept(self) -> Kept:
        """All that `restored` needs, but for the details: views of what is held, of use until the next change."""
        self.settle()
        self._reserve()
        within = self._tidy()
        summary = to_arrow(self.summary)
        gained = np.concatenate([*self._gained, np.empty(0, np.int64)])
        tables: dict[str, Mapping[str, npt.NDArray[Any] | pa.Array]] = {
            **self._arrivals.kept(),
            "pool": self._pool.columns(),
            "cases": {
                "id": self._cases.texts(),
                "first": self._first,
                "last": self._last,
                "ended": self._ended,
                "inside": self._inside,
            },
            "order": {"case": self._ordered},
            "within": {"case": within},
            "loose": {"number": self._loose.numbers, "row": self._loose.rows},
            "gained": {"number": gained},
            "summary": {name: one_array(summary[name]) for name in summary.column_names},
        }
        notes = {
            "begin": self._begin,
            "duplicates": self._duplicates,
            "backwards": self._backwards,
            "words": self._pool.words,
            "used": self._pool.used,
            "groups": sorted(self.summary.groups),
        }
        return Kept(tables, notes)

    @classmethod
    def restored(cls, process: str, leading: str, details: D, kept: Kept) -> "LiveLog[D]":
        """What gave `kept`, in a process where it was a file. Raises KeyError or TypeError for other tables."""
        tables, notes = kept.tables, kept.notes
        found = cls(process, leading, details, notes["groups"])
        found._cases = Interner.restored(tables["cases"]["id"])
        found._arrivals = Arrivals.restored(kept)
        found._pool = Pool.restored(
            {name: kept.numbers("pool", name) for name in tables["pool"]}, notes["words"], notes["used"]
        )
        found._first, found._last, found._ended, found._inside = (
            kept.numbers("cases", name) for name in ("first", "last", "ended", "inside")
        )
        found._ordered, found._within = kept.numbers("order", "case"), kept.numbers("within", "case")
        found._loose.numbers, found._loose.rows = (kept.numbers("loose", name) for name in ("number", "row"))
        found._settled = found._arrivals.count
        found._begin, found._duplicates, found._backwards = (
            notes[name] for name in ("begin", "duplicates", "backwards")
        )
        found._gained = [kept.numbers("gained", "number")]
        found.summary = from_arrow(pa.table(dict(tables["summary"]), schema_of(notes["groups"])))
        found._names = {name: list(found.summary.names.get(name, ())) for name in WORDS}
        found.summary.names.update(found._names)
        found._codes = {name: {word: code for code, word in enumerate(found._names[name])} for name in WORDS}
        return found

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        cases = self._first.nbytes + self._last.nbytes + self._ended.nbytes + self._ordered.nbytes
        events = self._pool.bytes + self._arrivals.bytes + self._loose.bytes
        words = 100 * sum(len(words) for names in (self._names, self._pool.words) for words in names.values())
        return events + self._cases.bytes + cases + self.summary.bytes + words

    @property
    def arrived(self) -> int:
        """How many events have arrived, duplicates and those without a case among them, less those `compact` forgot.

        This is the next one's number.
        """
        return self._arrivals.count

    def expect(self, count: int) -> None:
        """Make room for so many further events at once."""
        self._arrivals.expect(count)
        self._pool.expect(count)

    def add(self, batch: pa.RecordBatch, more: bool = False) -> int:
        """Take in events (EVENT_SCHEMA; those of other processes are skipped); gives how many events it were.

        The details must know them already. Where `more` batches follow at once, they are put into their cases together:
        many cases are then touched once instead of often.
        """
        mine = of_process(batch, self._process)
        batch = batch if mine is None else batch.filter(mine)
        start, end = integers(batch.column("start")), integers(batch.column("end"))
        own = self._cases.codes(leading_objects(batch.column("objects"), self._leading))
        numbers, before = self._arrivals.add(hashes(batch.column("event_id")), own, end < start)
        first = self._pool.append(self._encoded(batch, start, np.maximum(start, end), numbers))
        corrected = self._corrected(numbers, before)
        case = self._arrivals.cases(numbers)
        self._gained.append(numbers[case >= 0])
        loose = np.flatnonzero(case == NO_CASE)
        self._loose.add(numbers[loose], first + loose)
        if len(self._first):
            placed = np.flatnonzero(case >= 0)
            self._waiting.append((_Come(numbers[placed], first + placed, case[placed]), corrected))
        if not more or (self._waiting and self.arrived - self._settled >= MOST_WAITING):
            self.settle()
        return len(batch)

    def settle(self) -> None:
        """Put what waits into its cases."""
        waiting, self._waiting = self._waiting, []
        if not len(self._first) and len(self._cases):
            self._fill()
        if not waiting:
            self._settled = self._arrivals.count
            return
        come = _Come(*(np.concatenate([getattr(each, name) for each, _ in waiting]) for name in _COLUMNS))
        gone = _Gone(*(np.concatenate([getattr(each, name) for _, each in waiting]) for name in ("numbers", "case")))
        # What was corrected while it waited stands in no case.
        alive = self._arrivals.cases(come.numbers) == come.case
        there = gone.numbers < self._settled
        self._settled = self._arrivals.count
        self._place(
            _Come(come.numbers[alive], come.rows[alive], come.case[alive]),
            _Gone(gone.numbers[there], gone.case[there]),
            gone.numbers[:0],
        )

    def link(self, links: Iterable[pa.RecordBatch]) -> int:
        """Put events that name no case into those that links say (LINK_SCHEMA); gives how many are moved."""
        self.settle()
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
        rows = self._loose.pop(numbers[loose])
        self._place(_Come(numbers[loose], rows, target[loose]), _Gone(numbers[~loose], before[~loose]), numbers[~loose])
        return len(numbers)

    def leave(self, begin: int) -> int:
        """Let go of the cases that ended before `begin` (µs UTC), from now on; gives how many went.

        They come back as they were where an event makes them end later. A clock that is set back brings none back.
        """
        self.settle()
        self._begin = begin = begin if self._begin is None else max(begin, self._begin)
        going = np.flatnonzero(self._inside & (self._ended < begin))
        self._tally(going, -1)
        self._inside[going] = False
        self._within = None if len(going) else self._within
        return len(going)

    def forget(self, before: int) -> None:
        """Forget the cases that have been let go and ended before `before` (µs UTC), and events without a case."""
        self.settle()
        gone = np.flatnonzero(~self._inside & (self._last > self._first) & (self._ended < before))
        rows = rows_of(self._first[gone], self._last[gone]).rows
        numbers = self._pool.column("rows")[rows]
        self._backwards -= self._arrivals.backwards(numbers)
        self._arrivals.set_case(numbers, GONE)
        self._first[gone] = self._last[gone] = 0
        loose = self._loose.numbers[self._pool.column("end")[self._loose.rows] < before]
        self._loose.pop(loose)
        self._arrivals.set_case(loose, GONE)

    def compact(self, spare: int = _SPARE) -> bool:
        """Clear away what is no more held, where it is more than what is, and more than `spare` events.

        Events, cases and words are numbered anew, and `details` is another then; what was given out stays as it is.
        """
        self.settle()
        if self._arrivals.count <= 2 * self._alive + spare:
            return False
        self._in_order()
        self._within = None
        self._tidy()
        rows = self._pool.column("rows")
        kept = np.sort(rows)
        self.details = self.details.renumbered(kept)
        gained = np.concatenate([*self._gained, kept[:0]])
        self._gained = [np.searchsorted(kept, gained[np.isin(gained, kept)])]
        self._loose.numbers = np.searchsorted(kept, self._loose.numbers)
        self._keep_cases(np.flatnonzero(self._arrivals.renumber(kept, self._last > self._first)))
        self._pool.renumber(np.searchsorted(kept, rows))
        self._settled = self._arrivals.count
        self._names = {name: [] for name in WORDS}
        self._codes = {name: {} for name in WORDS}
        self._tables.clear()
        self.summary = Summary(self._names, tuple(self.summary.groups))
        self._tally(np.flatnonzero(self._inside), 1)
        return True

    def gained(self) -> Numbers:
        """Numbers of the events that came into a case since the last call, those that correct others among them."""
        self.settle()
        found = np.concatenate(self._gained) if self._gained else np.empty(0, np.int64)
        self._gained = []
        return np.sort(found)

    def arena(self, quality: Quality = Quality()) -> Arena:  # noqa: B008
        """The cases in the window, put in order; what an earlier call gave stays as it is.

        `quality` is what is known otherwise; counts are added.
        """
        self.settle()
        within = self._tidy()
        count = int((self._last[within] - self._first[within]).sum())
        offsets = np.append(self._first[within], count)
        codes, names, others = self._pool.arena_columns(count)
        notes = (NEGATIVE_NOTE.format(count=self._backwards),) if self._backwards else ()
        return Arena(
            process=self._process,
            offsets=offsets,
            case_ids=self._cases.texts().take(pa.array(within)),
            start=others["start"],
            end=others["end"],
            enabled=others["enabled"],
            codes=codes,
            names=names,
            error=others["error"],
            amount=others["amount"],
            rows=others["rows"],
            details=self.details,
            quality=replace(
                quality,
                duplicates=quality.duplicates + self._duplicates,
                without_case=quality.without_case + len(self._loose),
                overlaps=int(self.summary.cases.sums["overlaps"]),
                notes=(*quality.notes, *notes),
            ),
        )

    @property
    def _alive(self) -> int:
        """How many events are held."""
        return int((self._last - self._first).sum()) + len(self._loose)

    def _tidy(self) -> Times:
        """Put the pool in order: the cases in the window, the others, the events without; gives the first."""
        if self._within is not None:
            return self._within
        ordered = self._in_order()
        there = self._last[ordered] > self._first[ordered]
        inside = self._inside[ordered]
        within = ordered[there & inside]
        kept = np.concatenate([within, ordered[there & ~inside]])
        first = np.concatenate([self._first[kept], self._loose.rows])
        last = np.concatenate([self._last[kept], self._loose.rows + 1])
        self._pool.reorder(first, last, len(within))
        self._tables.clear()
        offsets = np.zeros(len(first) + 1, np.int64)
        np.cumsum(last - first, out=offsets[1:])
        self._first[kept], self._last[kept] = offsets[: len(kept)], offsets[1 : len(kept) + 1]
        self._loose.rows = offsets[len(kept) : -1]
        self._within = within
        return within

    def _fill(self) -> None:
        """Put the first events into their cases, all at once: that leaves everything in order."""
        self._reserve()
        ordered = self._in_order()
        place = np.empty(len(ordered) + 2, np.int32)  # the last two: NO_CASE, GONE
        place[ordered] = np.arange(len(ordered), dtype=np.int32)
        place[NO_CASE] = place[GONE] = NO_CASE
        numbers, start, end = (self._pool.column(name) for name in ("rows", "start", "end"))
        case = place.take(self._arrivals.cases(numbers), mode="wrap")
        held = None if case.min() >= 0 else np.flatnonzero(case >= 0)
        if held is not None:
            case, numbers, start, end = case[held], numbers[held], start[held], end[held]
        ordering = order(case, len(ordered), start, end)
        if len(ordering.ties):
            break_ties(ordering, numbers, self.details)
        self._backwards += self._arrivals.backwards(numbers)
        del case, numbers, start, end
        rows, offsets = ordering.rows if held is None else held.take(ordering.rows), ordering.offsets
        self._first[ordered], self._last[ordered] = offsets[:-1], offsets[1:]
        full = np.flatnonzero(np.diff(offsets))
        within = ordered[full]
        if len(full):
            self._ended[within] = np.maximum.reduceat(ordering.end, offsets[full])
        del ordering
        self._inside[within] = True if self._begin is None else self._ended[within] >= self._begin
        self._pool.rearrange(np.append(rows, self._loose.rows) if len(self._loose) else rows, len(rows))
        self._loose.rows = np.arange(len(rows), len(rows) + len(self._loose))
        self._tables.clear()
        self._within = within if self._inside[within].all() else None
        columns = {name: column[: len(rows)] for name, column in self._pool.columns().items()}
        part = self._part(columns, self._first[within], self._last[within]).take(self._inside[within])
        self.summary.add(summarise(part, self._names, groups=tuple(self.summary.groups)))

    def _keep_cases(self, kept: Times) -> None:
        """Number these cases (ascending) from 0, and forget the others."""
        self._within = None
        table = np.full(len(self._cases) + 1, NO_CASE, np.int32)
        table[kept] = np.arange(len(kept))
        self._arrivals.rename_cases(table)
        texts = self._cases.texts().take(pa.array(kept))
        self._cases = Interner()
        self._cases.codes(texts)
        ordered = table[self._ordered]
        self._ordered = ordered[ordered >= 0].astype(np.int64)
        self._first, self._last, self._ended = self._first[kept], self._last[kept], self._ended[kept]
        self._inside = self._inside[kept]

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
        same = pc.equal(self.details.event_ids(numbers[again]), self.details.event_ids(before[again]))
        again = again[np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)]
        old = before[again]
        self._duplicates += len(old)
        case = self._arrivals.cases(old)
        self._loose.pop(old[case == NO_CASE])
        self._arrivals.set_case(old, GONE)
        return _Gone(old[case >= 0], case[case >= 0])

    def _place(self, come: "_Come", gone: "_Gone", moved: Numbers) -> None:
        """Put events into their cases, take others away; those of these that are `moved` go where they now belong."""
        self._reserve()
        corrected = gone.numbers[self._arrivals.cases(gone.numbers) == GONE]
        self._backwards += self._arrivals.backwards(come.numbers) - self._arrivals.backwards(corrected)
        target = self._arrivals.cases(moved)
        local_of = np.full(len(self._first), -1, np.int32)
        for cases in (come.case, gone.case, target):
            local_of[cases] = 0
        touched = np.flatnonzero(local_of == 0)
        if not len(touched):
            return
        self._within = None
        local_of[touched] = np.arange(len(touched), dtype=np.int32)
        old = rows_of(self._first[touched], self._last[touched])
        columns = self._pool.take(old.rows)
        self._count(columns, old.offsets, self._inside[touched], -1)
        local = np.repeat(np.arange(len(touched), dtype=np.int32), np.diff(old.offsets))
        parts, places = [columns], [local]
        if len(gone.numbers):
            leaving = np.isin(columns["rows"], gone.numbers)
            moving = np.flatnonzero(np.isin(columns["rows"], moved))
            went = self._arrivals.cases(columns["rows"][moving])
            parts = [{name: column[~leaving] for name, column in columns.items()}]
            parts.append({name: column[moving] for name, column in columns.items()})
            places = [local[~leaving], local_of[went]]
        parts.append(self._pool.take(come.rows))
        places.append(local_of[come.case])
        merged = {name: np.concatenate([part[name] for part in parts]) for name in columns}
        self._write(touched, merged, np.concatenate(places))
        # Cases are written anew as often as they are touched: what they leave behind must not fill the memory.
        if self._pool.count > _SPARE and self._pool.count > 2 * self._alive:
            self._within = None
            self._tidy()

    def _write(self, touched: Times, columns: Columns, local: npt.NDArray[np.int32]) -> None:
        """Write the events of the cases anew, in order, and count them in; `local`: the place of each in `touched`."""
        ordering = order(local, len(touched), columns["start"], columns["end"])
        if len(ordering.ties):
            break_ties(ordering, columns["rows"], self.details)
        columns = {name: column.take(ordering.rows) for name, column in columns.items()}
        first = self._pool.append(columns)
        self._first[touched], self._last[touched] = first + ordering.offsets[:-1], first + ordering.offsets[1:]
        full = np.flatnonzero(np.diff(ordering.offsets))
        self._ended[touched[full]] = np.maximum.reduceat(ordering.end, ordering.offsets[full]) if len(full) else 0
        inside = np.zeros(len(touched), np.bool_)
        inside[full] = True if self._begin is None else self._ended[touched[full]] >= self._begin
        self._inside[touched] = inside
        self._count(columns, ordering.offsets, inside, 1)

    def _tally(self, cases: Times, sign: int) -> None:
        """Count cases in or out."""
        found = rows_of(self._first[cases], self._last[cases])
        self._count(self._pool.take(found.rows), found.offsets, np.ones(len(cases), np.bool_), sign)

    def _count(self, columns: Columns, offsets: Times, chosen: npt.NDArray[np.bool_], sign: int) -> None:
        """Count the chosen cases in or out; the events of case `i` stand at `offsets[i]:offsets[i + 1]`."""
        if not chosen.any():
            return
        tally(self.summary, self._part(columns, offsets[:-1][chosen], offsets[1:][chosen]), sign)

    def _part(self, columns: Columns, first: Times, last: Times) -> Part:
        """The events of cases, with codes of the summary."""
        codes: dict[str, Codes] = {n: self._summary_codes(n, columns[n]) for n in WORDS if n in columns}
        return Part(
            first=first,
            last=last,
            start=columns["start"],
            end=columns["end"],
            enabled=columns.get("enabled"),
            codes=codes,
            size={name: len(self._names[name]) for name in codes},
            error=columns["error"],
        )

    def _summary_codes(self, name: str, codes: Codes) -> Codes:
        """Codes of the summary for codes of the pool."""
        table = self._for_summary(name)
        if table.dtype == codes.dtype and np.array_equal(table[:-1], np.arange(len(table) - 1)):
            return codes
        return table[codes]

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
