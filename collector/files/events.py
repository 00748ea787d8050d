"""Raw lines become events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.files.amounts import parse_amounts
from collector.files.arrow import all_valid, as_text, constant, merged, stamps, taken, valid, words_of
from collector.files.columns import resolve
from collector.files.counts import Counts
from collector.files.lifecycle import NOTHING, Pairs, Rows, pair
from collector.files.line_times import LineTimes, line_times
from collector.files.lines import Lines
from collector.files.log import LogFile, RawLog, ReadOptions
from collector.files.streamed import Streamed, streamable
from collector.files.times import NO_TIME, Times

CASE: Final = "case_id"
NEVER_ENDS: Final = 5
"""An activity seen so often without any end has none."""

TOLD: Final = ("start", "complete")
"""Lifecycle transitions that make pairs."""
WORDS: Final[tuple[str, ...]] = ("actor", "role", "system", "module", "device", "channel", "platform", "shop")


def assemble(raw: RawLog, options: ReadOptions) -> LogFile:
    """The events of a raw log; PermanentError names file, place and column of a time that cannot be read."""
    found = resolve(raw, options)
    if streamable(raw, options, found):
        return Streamed(raw, options, found, events_of)
    events = events_of(raw, options, found)
    return Lines(
        process=options.process,
        columns=pa.table(events.columns),
        quality=events.counts.quality(raw, options, found),
        raw=raw,
        first=events.first,
        last=events.last,
        rest={raw.names[i]: i for i in range(len(raw.names)) if i not in found.values()},
        leading=options.leading if raw.leading is None else raw.leading,
        held=events.counts.held,
    )


@dataclass(frozen=True)
class Events:
    """Events made from lines."""

    columns: dict[str, pa.Array]
    """`case_id`, and those columns of EVENT_SCHEMA that the lines tell."""
    first: Rows | None
    """Of each event the line that began it; None: every line is an event."""
    last: Rows | None
    """The line that ended it; None as `first`."""
    counts: Counts


def events_of(raw: RawLog, options: ReadOptions, found: dict[str, int], told: bool | None = None) -> Events:
    """The events of some lines; `found`: meaning -> column. PermanentError as `assemble`.

    `told`: whether the lifecycle column tells start from complete, where the lines are only some; None: look here.
    """
    case, activity = words_of(raw.columns[found["case"]]), words_of(raw.columns[found["activity"]])
    times = line_times(raw, options, found)
    rows, counts = usable_lines(case, activity, times)
    two_columns = "start" in found and "end" in found
    pairs: Pairs | None = None
    if "lifecycle" in found and len(case):
        every = np.arange(len(case)) if rows is None else rows
        pairs, seen = _pairs(raw, options, found, every, times, (case, activity), told)
        counts += seen
    if options.growing:
        rows = np.arange(len(case)) if rows is None else rows
        pairs, held = _begun(pairs, rows, activity, times, two_columns)
        counts += Counts(held=held)
    first = last = rows
    if pairs is not None:
        lines = np.arange(len(case)) if rows is None else rows
        first, last = lines[pairs.first], lines[pairs.last]
        counts += Counts(paired=bool(np.any(first != last)), unfinished=pairs.without_end)
    if two_columns:
        counts += Counts(endless=_endless(times, rows, pairs, options))

    def column(index: int) -> pa.Array:
        return merged(words_of(raw.columns[index]), first, last)

    columns: dict[str, pa.Array] = {
        CASE: taken(case, first),
        "activity": taken(activity, first),
        "start": stamps(_at(times.begin, first)),
        "end": stamps(_at(times.finish, last)),
    }
    count = len(columns["start"])
    enabled = _enabled(times, rows, pairs)
    if enabled is not None:
        columns["enabled"] = stamps(enabled)
    columns |= {meaning: column(found[meaning]) for meaning in WORDS if meaning in found}
    columns["actor_kind"] = _actor_kind(columns, count)
    columns["outcome"] = constant("ok", count)
    if "amount" in found:
        columns["amount"], unreadable = parse_amounts(column(found["amount"]), options.minor_digits)
        counts += Counts(unreadable=unreadable)
    return Events(columns, first, last, counts)


def usable_lines(case: pa.Array, activity: pa.Array, times: LineTimes) -> tuple[Rows | None, Counts]:
    """Lines with case, activity and a time; None where all are."""
    counts = Counts(local=times.local)
    timed = times.known
    if timed is None and all_valid(case) and all_valid(activity):
        return None, counts
    with_case, named = valid(case), valid(activity)
    usable = named if timed is None else named & timed
    something = np.ones(len(case), np.bool_) if timed is None else named | timed
    rows = np.flatnonzero(with_case & usable)
    return None if len(rows) == len(case) else rows, counts + Counts(
        without_case=int(np.count_nonzero(~with_case & something)),
        dropped=int(np.count_nonzero(with_case & ~usable)),
    )


def _pairs(
    raw: RawLog,
    options: ReadOptions,
    found: dict[str, int],
    rows: Rows,
    times: LineTimes,
    keys: tuple[pa.Array, ...],
    told: bool | None,
) -> tuple[Pairs | None, Counts]:
    """Which of `rows` make one event each, as places in `rows`; None: each of them does."""
    if options.lifecycle == "all":
        return None, Counts(unread=bool(len(rows)))
    if not len(rows):
        return None, Counts()
    transitions = transitions_of(raw.columns[found["lifecycle"]])[rows]
    standard = np.isin(transitions, TOLD)
    if not (standard.any() if told is None else told):
        return None, Counts(unread=True)
    if "instance" in found:
        keys = (*keys, words_of(raw.columns[found["instance"]]))
    others = int(np.count_nonzero(~standard & (transitions != "schedule") & (transitions != "")))
    return pair(_groups(keys, rows), transitions, times.begin[rows]), Counts(transitions=others)


def transitions_of(column: pa.Array) -> npt.NDArray[np.str_]:
    """Lifecycle transitions in lower case, empty where there is none."""
    words = pc.utf8_lower(pc.fill_null(as_text(words_of(column)), ""))
    return np.asarray(words.to_numpy(zero_copy_only=False), dtype=np.str_)


def _begun(
    pairs: Pairs | None, rows: Rows, activity: pa.Array, times: LineTimes, two_columns: bool
) -> tuple[Pairs, int]:
    """The events of a growing file without those that will end, and how many these are."""
    if pairs is None:
        every = np.arange(len(rows), dtype=np.int64)
        pairs = Pairs(every, every, np.full(len(rows), NOTHING, dtype=np.int64), np.zeros(len(rows), dtype=np.bool_))
    unfinished = pairs.open | (times.end[rows[pairs.last]] == NO_TIME) if two_columns else pairs.open
    later = _ends_later(taken(activity, rows[pairs.first]), unfinished)
    return pairs.select(~later), int(np.count_nonzero(later))


def _ends_later(activity: pa.Array, unfinished: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the unfinished events will end: all but those of an activity that often occurs and never ends."""
    encoded = pc.dictionary_encode(as_text(activity))
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    ended = np.bincount(codes[~unfinished], minlength=len(encoded.dictionary))
    left = np.bincount(codes[unfinished], minlength=len(encoded.dictionary))
    return np.asarray(unfinished & ((ended > 0) | (left < NEVER_ENDS))[codes])


def _endless(times: LineTimes, rows: Rows | None, pairs: Pairs | None, options: ReadOptions) -> int:
    """Lines without an end; of a growing file only those of events that are not held back."""
    if options.growing and pairs is not None and rows is not None:
        rows = rows[np.union1d(pairs.first, pairs.last)]
    return int(np.count_nonzero(_at(times.end, rows) == NO_TIME))


def _enabled(times: LineTimes, rows: Rows | None, pairs: Pairs | None) -> Times | None:
    """The recorded enabling time of each event, else when it was scheduled; None where no line has either."""
    if pairs is None:
        return None if times.enabled is None else _at(times.enabled, rows)
    if times.enabled is None and not np.any(pairs.scheduled != NOTHING):
        return None
    recorded = np.full(len(pairs.first), NO_TIME, np.int64)
    begin = _at(times.begin, rows)
    if times.enabled is not None:
        enabled = _at(times.enabled, rows)
        recorded = np.where(enabled[pairs.last] == NO_TIME, enabled[pairs.first], enabled[pairs.last])
    scheduled = (recorded == NO_TIME) & (pairs.scheduled != NOTHING)
    recorded[scheduled] = begin[pairs.scheduled[scheduled]]
    return recorded


def _at(times: Times, rows: Rows | None) -> Times:
    return times if rows is None else times[rows]


def _actor_kind(columns: dict[str, pa.Array], count: int) -> pa.Array:
    """Who has an actor or a role is staff; the rest is the system's doing."""
    staff = np.zeros(count, dtype=np.bool_)
    for meaning in ("actor", "role"):
        if meaning in columns:
            staff |= valid(columns[meaning])
    return pa.DictionaryArray.from_arrays(pa.array((~staff).astype(np.int32)), pa.array(["staff", "system"]))


def _groups(keys: Sequence[pa.Array], rows: Rows) -> Rows:
    """A number for each row, equal where all keys are."""
    number = np.zeros(len(rows), dtype=np.int64)
    for key in keys:
        codes = pc.dictionary_encode(as_text(key.take(pa.array(rows))), null_encoding="encode").indices
        values = np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)
        combined = number * (int(values.max(initial=0)) + 1) + values
        number = np.unique(combined, return_inverse=True)[1].astype(np.int64)
    return number
