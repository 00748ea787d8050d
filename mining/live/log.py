"""A process's events as they come, leave and are corrected: only the cases that are touched are looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.schema import LINK_SCHEMA
from mining.arena import Arena, Quality, Times
from mining.builder import NEGATIVE_NOTE, break_ties, leading_objects, of_process
from mining.columns import integers
from mining.details import Details, Rows
from mining.keeping import Kept
from mining.kernels.id_map import NOTHING, Numbers
from mining.kernels.intern import hashes
from mining.kernels.ordering import order
from mining.kernels.ranges import rows_of
from mining.live.arrivals import GONE, NO_CASE, Arrivals
from mining.live.cases import Cases
from mining.live.counting import Counting
from mining.live.loose import Loose
from mining.live.pool import Columns, Pool
from mining.summary.summary import Summary

MOST_WAITING: Final = 4_000_000
"""Events that may wait to be put into cases that have some already."""
_COLUMNS: Final = ("numbers", "rows", "case")
_NOTED: Final = ("begin", "duplicates", "backwards")
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
        self._cases = Cases()
        self._arrivals = Arrivals()
        self._pool = Pool()
        self._counting = Counting(groups)
        self._within: Times | None = None
        """Cases of the arena in order, while the pool stands as it was given out."""
        self._loose = Loose()
        self._waiting: list[tuple[_Come, _Gone]] = []
        self._settled = 0
        """Events that arrived before this number stand where they belong."""
        self._begin: int | None = None
        self._duplicates = self._backwards = 0
        self._gained: list[Numbers] = []

    @property
    def summary(self) -> Summary:
        """Of the cases in the window."""
        return self._counting.summary

    def kept(self) -> Kept:
        """All that `restored` needs, but for the details: views of what is held, of use until the next change."""
        self.settle()
        within = self._tidy()
        tables: dict[str, Mapping[str, npt.NDArray[Any] | pa.Array]] = {
            **self._arrivals.kept(),
            **self._cases.kept(),
            "pool": self._pool.columns(),
            "within": {"case": within},
            "loose": {"number": self._loose.numbers, "row": self._loose.rows},
            "gained": {"number": np.concatenate([*self._gained, np.empty(0, np.int64)])},
            "summary": self._counting.kept(),
        }
        notes = {name: getattr(self, f"_{name}") for name in _NOTED}
        groups = sorted(self.summary.groups)
        return Kept(tables, {**notes, "groups": groups, "words": self._pool.words, "used": self._pool.used})

    @classmethod
    def restored(cls, process: str, leading: str, details: D, kept: Kept) -> "LiveLog[D]":
        """What gave `kept`, in a process where it was a file. Raises KeyError or TypeError for other tables."""
        notes = kept.notes
        found = cls(process, leading, details, notes["groups"])
        found._cases, found._arrivals = Cases.restored(kept), Arrivals.restored(kept)
        pool = {name: kept.numbers("pool", name) for name in kept.tables["pool"]}
        found._pool = Pool.restored(pool, notes["words"], notes["used"])
        found._counting = Counting.restored(kept.tables["summary"], notes["groups"])
        found._within = kept.numbers("within", "case")
        found._loose.numbers, found._loose.rows = (kept.numbers("loose", name) for name in ("number", "row"))
        found._settled = found._arrivals.count
        found._gained = [kept.numbers("gained", "number")]
        for name in _NOTED:
            setattr(found, f"_{name}", notes[name])
        return found

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        parts = (self._pool, self._arrivals, self._loose, self._cases, self._counting)
        return sum(part.bytes for part in parts)

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
        own = self._cases.ids.codes(leading_objects(batch.column("objects"), self._leading))
        numbers, before = self._arrivals.add(hashes(batch.column("event_id")), own, end < start)
        first = self._pool.append(self._pool.encoded(batch, start, np.maximum(start, end), numbers))
        corrected = self._corrected(numbers, before)
        case = self._arrivals.cases(numbers)
        self._gained.append(numbers[case >= 0])
        loose = np.flatnonzero(case == NO_CASE)
        self._loose.add(numbers[loose], first + loose)
        if len(self._cases):
            placed = np.flatnonzero(case >= 0)
            self._waiting.append((_Come(numbers[placed], first + placed, case[placed]), corrected))
        if not more or (self._waiting and self.arrived - self._settled >= MOST_WAITING):
            self.settle()
        return len(batch)

    def settle(self) -> None:
        """Put what waits into its cases."""
        waiting, self._waiting = self._waiting, []
        if not len(self._cases) and len(self._cases.ids):
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
            cases.append(self._cases.ids.codes(chosen.column("case_id")))
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
        cases = self._cases
        going = np.flatnonzero(cases.inside & (cases.ended < begin))
        self._tally(going, -1)
        cases.inside[going] = False
        self._within = None if len(going) else self._within
        return len(going)

    def forget(self, before: int) -> None:
        """Forget the cases that have been let go and ended before `before` (µs UTC), and events without a case."""
        self.settle()
        cases = self._cases
        gone = np.flatnonzero(~cases.inside & cases.there & (cases.ended < before))
        rows = rows_of(cases.first[gone], cases.last[gone]).rows
        numbers = self._pool.column("rows")[rows]
        self._backwards -= self._arrivals.backwards(numbers)
        self._arrivals.set_case(numbers, GONE)
        cases.first[gone] = cases.last[gone] = 0
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
        self._within = None
        self._tidy()
        rows = self._pool.column("rows")
        kept = np.sort(rows)
        self.details = self.details.renumbered(kept)
        gained = np.concatenate([*self._gained, kept[:0]])
        self._gained = [np.searchsorted(kept, gained[np.isin(gained, kept)])]
        self._loose.numbers = np.searchsorted(kept, self._loose.numbers)
        self._within = None
        self._cases.reserve()
        cases = np.flatnonzero(self._arrivals.renumber(kept, self._cases.there))
        table = np.full(len(self._cases) + 1, NO_CASE, np.int32)
        table[cases] = np.arange(len(cases))
        self._arrivals.rename_cases(table)
        self._cases.keep(cases, table)
        self._pool.renumber(np.searchsorted(kept, rows))
        self._settled = self._arrivals.count
        self._counting = self._counting.cleared()
        self._tally(np.flatnonzero(self._cases.inside), 1)
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
        count = int((self._cases.last[within] - self._cases.first[within]).sum())
        offsets = np.append(self._cases.first[within], count)
        codes, names, others = self._pool.arena_columns(count)
        notes = (NEGATIVE_NOTE.format(count=self._backwards),) if self._backwards else ()
        return Arena(
            process=self._process,
            offsets=offsets,
            case_ids=self._cases.ids.texts().take(pa.array(within)),
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
        return int((self._cases.last - self._cases.first).sum()) + len(self._loose)

    def _tidy(self) -> Times:
        """Put the pool in order: the cases in the window, the others, the events without; gives the first."""
        if self._within is not None:
            return self._within
        cases = self._cases
        cases.reserve()
        ordered = cases.in_order()
        ordered = ordered[cases.there[ordered]]
        inside = cases.inside[ordered]
        within = ordered[inside]
        kept = np.concatenate([within, ordered[~inside]])
        first = np.concatenate([cases.first[kept], self._loose.rows])
        last = np.concatenate([cases.last[kept], self._loose.rows + 1])
        self._pool.reorder(first, last, len(within))
        self._counting.words_moved()
        offsets = np.zeros(len(first) + 1, np.int64)
        np.cumsum(last - first, out=offsets[1:])
        cases.first[kept], cases.last[kept] = offsets[: len(kept)], offsets[1 : len(kept) + 1]
        self._loose.rows = offsets[len(kept) : -1]
        self._within = within
        return within

    def _fill(self) -> None:
        """Put the first events into their cases, all at once: that leaves everything in order."""
        cases, pool = self._cases, self._pool
        cases.reserve()
        ordered = cases.in_order()
        place = np.empty(len(ordered) + 2, np.int32)  # the last two: NO_CASE, GONE
        place[ordered] = np.arange(len(ordered), dtype=np.int32)
        place[NO_CASE] = place[GONE] = NO_CASE
        numbers, start, end = (pool.column(name) for name in ("rows", "start", "end"))
        case = place.take(self._arrivals.cases(numbers), mode="wrap")
        held = None if case.min() >= 0 else np.flatnonzero(case >= 0)
        if held is not None:
            case, numbers, start, end = case[held], numbers[held], start[held], end[held]
        ordering = order(case, len(ordered), start, end)
        if len(ordering.ties):
            break_ties(ordering, numbers, self.details)
        self._backwards += self._arrivals.backwards(numbers)
        del case, numbers, start, end
        rows = ordering.rows if held is None else held.take(ordering.rows)
        within = cases.put(ordered, ordering.offsets, ordering.end, 0)
        del ordering
        cases.inside[within] = True if self._begin is None else cases.ended[within] >= self._begin
        pool.rearrange(np.append(rows, self._loose.rows) if len(self._loose) else rows, len(rows))
        self._loose.rows = np.arange(len(rows), len(rows) + len(self._loose))
        self._counting.words_moved()
        inside = within[cases.inside[within]]
        self._within = within if len(inside) == len(within) else None
        self._counting.count_many(pool.columns(), pool.words, cases.first[inside], cases.last[inside])

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
        self._cases.reserve()
        corrected = gone.numbers[self._arrivals.cases(gone.numbers) == GONE]
        self._backwards += self._arrivals.backwards(come.numbers) - self._arrivals.backwards(corrected)
        target = self._arrivals.cases(moved)
        local_of = np.full(len(self._cases), -1, np.int32)
        for cases in (come.case, gone.case, target):
            local_of[cases] = 0
        touched = np.flatnonzero(local_of == 0)
        if not len(touched):
            return
        self._within = None
        local_of[touched] = np.arange(len(touched), dtype=np.int32)
        old = rows_of(self._cases.first[touched], self._cases.last[touched])
        columns = self._pool.take(old.rows)
        self._count(columns, old.offsets, self._cases.inside[touched], -1)
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
        full = self._cases.put(touched, ordering.offsets, ordering.end, first)
        self._cases.inside[touched] = False
        self._cases.inside[full] = True if self._begin is None else self._cases.ended[full] >= self._begin
        self._count(columns, ordering.offsets, self._cases.inside[touched], 1)

    def _tally(self, cases: Times, sign: int) -> None:
        """Count cases in or out."""
        found = rows_of(self._cases.first[cases], self._cases.last[cases])
        self._count(self._pool.take(found.rows), found.offsets, np.ones(len(cases), np.bool_), sign)

    def _count(self, columns: Columns, offsets: Times, chosen: npt.NDArray[np.bool_], sign: int) -> None:
        """Count the chosen cases in or out; the events of case `i` stand at `offsets[i]:offsets[i + 1]`."""
        self._counting.count(columns, self._pool.words, offsets[:-1][chosen], offsets[1:][chosen], sign)


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
