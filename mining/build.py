"""Event batches become an arena."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from mining.arena import WORDS, Arena, Codes, Quality
from mining.columns import field_columns, integers, last_index, string_buffers, whole, words
from mining.kernels.first_match import first_match
from mining.kernels.first_of_each import first_of_each
from mining.kernels.ordering import order
from mining.kernels.overlaps import overlaps

NEGATIVE_NOTE: Final = "{count} events ended before they started; they count as events without length"
FIELDS_NOTE: Final = "{count} further fields are too many to look at; the most frequent were kept"
BAD_SEGMENTS_NOTE: Final = "{count} stored files could not be read; what stood in them is missing (`houtai doctor`)"
MOST_FIELDS: Final = 256


def build(
    batches: Iterable[pa.RecordBatch],
    process: str,
    leading: str,
    links: Iterable[pa.RecordBatch] = (),
    quality: Quality = Quality(),  # noqa: B008
) -> Arena:
    """The arena of `process` from batches of EVENT_SCHEMA in any order; events of other processes are skipped.

    The case of an event is the id of its first object of type `leading`, else the last row of `links` (LINK_SCHEMA)
    that names it; without either it is left out and counted in `quality.without_case`. Of several events with one id
    the first to arrive is kept and the others are counted. An event that ends before it starts is taken as one without
    length, and a note says how many there were. What the reader counted before comes in as `quality`; counts are added.
    """
    table = _gather(batches, process)
    rows = np.flatnonzero(first_of_each(*string_buffers(whole(table, "event_id"))))
    duplicates = len(table) - len(rows)
    case, case_ids = _cases(table, rows, process, leading, links)
    without_case = int(np.count_nonzero(case < 0))
    rows, case = rows[case >= 0], case[case >= 0]

    start = integers(whole(table, "start"))[rows]
    end = integers(whole(table, "end"))[rows]
    negative = int(np.count_nonzero(end < start))
    end = np.maximum(start, end)
    event_ids = whole(table, "event_id").take(pa.array(rows))
    ordering = order(case, len(case_ids), start, end, *string_buffers(event_ids))
    start, end, rows = start[ordering.rows], end[ordering.rows], rows[ordering.rows]

    codes: dict[str, Codes] = {}
    names: dict[str, tuple[str, ...]] = {}
    for name in WORDS:
        codes[name], names[name] = words(whole(table, name), rows)
    outcome, outcomes = words(whole(table, "outcome"), rows)
    at = pa.array(rows)
    fields, left_out = field_columns(whole(table, "fields").take(at), MOST_FIELDS)
    notes = [note.format(count=count) for note, count in ((NEGATIVE_NOTE, negative), (FIELDS_NOTE, left_out)) if count]
    return Arena(
        process=process,
        offsets=ordering.offsets,
        case_ids=case_ids,
        start=start,
        end=end,
        enabled=integers(whole(table, "enabled"))[rows],
        codes=codes,
        names=names,
        error=outcome == (outcomes.index("error") if "error" in outcomes else len(outcomes)),
        amount=integers(whole(table, "amount"))[rows],
        event_ids=event_ids.take(pa.array(ordering.rows)),
        trace_ids=whole(table, "trace_id").take(at),
        fields=fields,
        objects=whole(table, "objects").take(at),
        quality=replace(
            quality,
            duplicates=quality.duplicates + duplicates,
            without_case=quality.without_case + without_case,
            overlaps=overlaps(ordering.offsets, start, end),
            notes=(*quality.notes, *notes),
        ),
    )


def _gather(batches: Iterable[pa.RecordBatch], process: str) -> pa.Table:
    """All events of the process as one table of at most one chunk, in order of arrival."""
    kept: list[pa.Table] = []
    for batch in batches:
        mine = pc.equal(batch.column("process"), process)
        count = pc.sum(mine).as_py() or 0
        if count:
            table = pa.Table.from_batches([batch if count == len(batch) else batch.filter(mine)])
            kept.append(
                table if table.schema.equals(EVENT_SCHEMA) else table.select(EVENT_SCHEMA.names).cast(EVENT_SCHEMA)
            )
    table = pa.concat_tables(kept) if kept else EVENT_SCHEMA.empty_table()
    return table.unify_dictionaries().combine_chunks()


def _cases(
    table: pa.Table, rows: npt.NDArray[np.int64], process: str, leading: str, links: Iterable[pa.RecordBatch]
) -> tuple[npt.NDArray[np.int64], pa.StringArray]:
    """Case number of each row (-1 without one) and the case ids by number, in order of their text."""
    objects = whole(table, "objects")
    flat = objects.values
    named = first_match(
        objects.offsets.to_numpy(),
        pc.equal(flat.field("type"), leading).fill_null(False).to_numpy(zero_copy_only=False),
    )[rows]
    linked = np.full(len(rows), -1, np.int64)
    missing = np.flatnonzero(named < 0)
    link_table = pa.Table.from_batches([batch.cast(LINK_SCHEMA) for batch in links], LINK_SCHEMA)
    link_table = link_table.filter(pc.equal(link_table.column("process"), process)).combine_chunks()
    if len(missing) and len(link_table):
        ids = whole(table, "event_id").take(pa.array(rows[missing]))
        linked[missing] = last_index(ids, whole(link_table, "event_id"))
    has_object, has_link = np.flatnonzero(named >= 0), np.flatnonzero(linked >= 0)
    texts = pa.concat_arrays(
        [
            flat.field("id").take(pa.array(named[has_object])),
            whole(link_table, "case_id").take(pa.array(linked[has_link])),
        ]
    ).dictionary_encode()
    by_text = pc.sort_indices(texts.dictionary).to_numpy()
    rank = np.empty(len(by_text), np.int64)
    rank[by_text] = np.arange(len(by_text))
    case = np.full(len(rows), -1, np.int64)
    case[np.concatenate([has_object, has_link])] = rank[texts.indices.to_numpy()]
    return case, texts.dictionary.take(pa.array(by_text))
