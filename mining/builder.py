"""Takes event batches as they come and gives an arena: texts become numbers at once, nothing else is kept."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from mining.arena import NO_TIME, WORDS, Arena, Quality, Times
from mining.columns import integers
from mining.details import Details, TableDetails
from mining.dictionary import WordColumn, nothing, taken
from mining.kernels.first_match import first_match
from mining.kernels.intern import Interner, hashes
from mining.kernels.ordering import Ordering, order
from mining.kernels.overlaps import overlaps
from mining.kernels.repeats import repeats
from mining.kernels.text_order import text_order

NEGATIVE_NOTE: Final = "{count} events ended before they started; they count as events without length"
CASE: Final = "case_id"
"""Column of the case in batches of files."""
DETAILS: Final = ("event_id", "trace_id", "objects", "fields")


class Builder:
    """`add` all batches, then `finish` once. See `mining.build.build` for what is done."""

    def __init__(self, process: str, leading: str, details: Details | None = None) -> None:
        self._process, self._leading, self._details = process, leading, details
        self._cases = Interner()
        self._case: list[npt.NDArray[np.int32]] = []
        self._start: list[Times] = []
        self._end: list[Times] = []
        self._optional: dict[str, list[Times | int]] = {"enabled": [], "amount": []}
        self._words = {name: WordColumn() for name in (*WORDS, "outcome")}
        self._hashes: list[npt.NDArray[np.uint64]] = []
        self._tables: list[pa.Table] = []
        self._with_ids = False
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in one batch."""
        mine = of_process(batch, self._process)
        if mine is not None:
            batch = batch.filter(mine)
        count = len(batch)
        there = set(batch.schema.names)
        self._rows += count
        self._case.append(self._case_of(batch))
        self._start.append(integers(batch.column("start")))
        self._end.append(integers(batch.column("end")))
        for name, chunks in self._optional.items():
            column = batch.column(name) if name in there else None
            chunks.append(count if column is None or column.null_count == count else integers(column))
        for name, words in self._words.items():
            words.add(batch.column(name) if name in there else None, count)
        if "event_id" in there:
            self._with_ids = True
            self._hashes.append(hashes(batch.column("event_id")))
        if self._details is None:
            table = pa.Table.from_batches([batch.select([name for name in DETAILS if name in there])])
            self._tables.append(table.cast(pa.schema([EVENT_SCHEMA.field(name) for name in table.column_names])))

    def finish(self, links: Iterable[pa.RecordBatch], quality: Quality) -> Arena:
        """The arena of everything that was added."""
        details = self._details or TableDetails(self._table())
        case = _joined(self._case, np.int32)
        kept, duplicates = self._kept(details)
        self._link(case, kept, details, links)
        without_case = int(np.count_nonzero(case[kept] < 0)) if kept is not None else int(np.count_nonzero(case < 0))
        if without_case or kept is not None:
            kept = np.flatnonzero(case >= 0) if kept is None else kept[case[kept] >= 0]
            case = case[kept]
        case, case_ids = self._in_order(case)
        start, end = self._times(kept)
        negative = int(np.count_nonzero(end < start))
        if negative:
            end = np.maximum(start, end)
        ordering = order(case, len(case_ids), start, end)
        del case, start, end
        if self._with_ids and len(ordering.ties):
            break_ties(ordering, np.arange(self._rows) if kept is None else kept, details)
        rows = ordering.rows if kept is None else kept[ordering.rows]
        if "error" not in self._words["outcome"].dictionary.words:
            del self._words["outcome"]
        words = taken(self._words, self._rows, rows)
        self._words = {}
        outcome, outcomes = words.pop("outcome", (np.empty(0, np.int16), ()))
        arena = Arena(
            process=self._process,
            offsets=ordering.offsets,
            case_ids=case_ids,
            start=ordering.start,
            end=ordering.end,
            enabled=self._filled("enabled", rows),
            codes={name: codes for name, (codes, _) in words.items()},
            names={name: found for name, (_, found) in words.items()},
            error=np.asarray(outcome == outcomes.index("error"))
            if "error" in outcomes
            else np.zeros(len(rows), np.bool_),
            amount=self._filled("amount", rows),
            rows=rows,
            details=details,
        )
        notes = [NEGATIVE_NOTE.format(count=negative)] if negative else []
        return replace(
            arena,
            quality=replace(
                quality,
                duplicates=quality.duplicates + duplicates,
                without_case=quality.without_case + without_case,
                overlaps=overlaps(arena.offsets, arena.start, arena.end),
                notes=(*quality.notes, *notes),
            ),
        )

    def _case_of(self, batch: pa.RecordBatch) -> npt.NDArray[np.int32]:
        """Case number of each row by what it says itself; -1 without."""
        names = batch.schema.names
        if CASE in names:
            column = batch.column(CASE)
            if pa.types.is_dictionary(column.type):
                table = np.append(self._cases.codes(column.dictionary), np.int32(-1))
                indices = pc.fill_null(column.indices.cast(pa.int32()), len(table) - 1)
                return np.asarray(table.take(indices.to_numpy(zero_copy_only=False)))
            return self._cases.codes(column)
        return self._cases.codes(leading_objects(batch.column("objects"), self._leading))

    def _table(self) -> pa.Table:
        """What was kept of the batches for the details."""
        wanted = pa.schema([EVENT_SCHEMA.field(name) for name in DETAILS])
        tables = [table for table in self._tables if table.num_columns == len(wanted)]
        self._tables = []
        return pa.concat_tables(tables) if tables else wanted.empty_table()

    def _kept(self, details: Details) -> tuple[Times | None, int]:
        """Rows that count (None: all), and how many are corrected by a later row of the same event."""
        if not self._hashes:
            return None, 0
        found = repeats(_joined(self._hashes, np.uint64))
        if not len(found.row):
            return None, 0
        same = pc.equal(details.event_ids(found.row), details.event_ids(found.before))
        gone = found.before[np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)]
        keep = np.ones(self._rows, np.bool_)
        keep[gone] = False
        return np.flatnonzero(keep), len(gone)

    def _link(
        self, case: npt.NDArray[np.int32], kept: Times | None, details: Details, links: Iterable[pa.RecordBatch]
    ) -> None:
        """Give the rows that name no case the one by which the last link names them, in place."""
        missing = np.flatnonzero(case < 0) if kept is None else kept[case[kept] < 0]
        if not len(missing) or not self._with_ids:
            return
        ids = Interner()
        place = ids.codes(details.event_ids(missing))
        latest = np.full(len(ids), -1, np.int32)
        for batch in links:
            mine = of_process(batch, self._process)
            chosen = (batch if mine is None else batch.filter(mine)).cast(LINK_SCHEMA)
            named = ids.find(chosen.column("event_id"))
            wanted = np.flatnonzero(named >= 0)
            latest[named[wanted]] = self._cases.codes(chosen.column("case_id").take(pa.array(wanted)))
        case[missing] = latest[place]

    def _in_order(self, case: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], pa.StringArray]:
        """Cases numbered in order of their ids, without those that have no event, and the ids."""
        offsets, raw = self._cases.buffers()
        ordered = text_order(offsets, raw)
        used = np.bincount(case, minlength=len(self._cases)) > 0
        if not used.all():
            ordered = ordered[used[ordered]]
        rank = np.empty(len(self._cases), np.int32)
        rank[ordered] = np.arange(len(ordered), dtype=np.int32)
        ids = self._cases.texts().take(pa.array(ordered))
        self._cases = Interner()
        return rank.take(case), ids

    def _times(self, kept: Times | None) -> tuple[Times, Times]:
        start, end = _joined(self._start, np.int64), _joined(self._end, np.int64)
        return (start, end) if kept is None else (start[kept], end[kept])

    def _filled(self, name: str, rows: Times) -> Times:
        """A column that few events have; where none has it, it takes no memory."""
        chunks = self._optional.pop(name)
        if all(isinstance(chunk, int) for chunk in chunks):
            return nothing(np.int64(NO_TIME), len(rows))
        filled = [np.full(chunk, NO_TIME, np.int64) if isinstance(chunk, int) else chunk for chunk in chunks]
        return np.concatenate(filled).take(rows)


def leading_objects(objects: pa.ListArray, leading: str) -> pa.StringArray:
    """Of each list of OBJECT_TYPE the id of its first object of type `leading`, null without one."""
    flat = objects.values
    fits = pc.fill_null(pc.equal(flat.field("type"), leading), False)
    named = first_match(objects.offsets.to_numpy(), fits.to_numpy(zero_copy_only=False))
    return flat.field("id").take(pa.array(named, mask=named < 0))


def of_process(batch: pa.RecordBatch, process: str) -> pa.Array | None:
    """Which rows are of the process; None where all are, or the batch does not say."""
    if "process" not in batch.schema.names:
        return None
    column = batch.column("process")
    encoded = pa.types.is_dictionary(column.type) and column.null_count == 0
    if encoded and column.dictionary.to_pylist() == [process]:
        return None
    mine = pc.fill_null(pc.equal(column, process), False)
    return None if pc.all(mine).as_py() else mine


def _joined(chunks: list[npt.NDArray[Any]], kind: type[Any]) -> npt.NDArray[Any]:
    """All chunks as one array; they are let go."""
    whole = np.concatenate(chunks) if chunks else np.empty(0, kind)
    chunks.clear()
    return whole


def break_ties(ordering: Ordering, numbers: Times, details: Details) -> None:
    """Put events of one case with equal start and end in order of their ids, in place.

    `numbers` are the places in `details` of the rows that were put in order.
    """
    ties = ordering.ties
    places = np.union1d(ties, ties - 1)
    rows = ordering.rows[places]
    ids = Interner()
    codes = ids.codes(details.event_ids(numbers[rows]))
    ranked = text_order(*ids.buffers())
    rank = np.empty(len(ranked), np.int64)
    rank[ranked] = np.arange(len(ranked))
    fresh = np.ones(len(places), np.bool_)
    fresh[np.searchsorted(places, ties)] = False
    ordering.rows[places] = rows[np.lexsort((rank[codes], np.cumsum(fresh)))]
