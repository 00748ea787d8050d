"""Raw lines become event batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.files.amounts import parse_amounts
from collector.files.arrow import as_text, case_objects, constant, merged, rest_fields, stamps, valid, words_of
from collector.files.columns import resolve
from collector.files.lifecycle import NOTHING, Pairs, Rows, pair
from collector.files.log import FileQuality, LogFile, RawLog, ReadOptions
from collector.files.times import NO_TIME, ParsedTimes, Times, parse_times
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text
from collector.vocabulary.schema import EVENT_SCHEMA

BATCH_ROWS: Final = 1 << 17
NEVER_ENDS: Final = 5
"""An activity seen so often without any end has none."""

_WORDS: Final[tuple[str, ...]] = ("actor", "role", "system", "module", "device", "channel", "platform", "shop")


def assemble(raw: RawLog, options: ReadOptions) -> LogFile:
    """The events of a raw log; PermanentError names file, place and column of a time that cannot be read."""
    found = resolve(raw, options)
    case, activity = words_of(raw.columns[found["case"]]), words_of(raw.columns[found["activity"]])
    times = _times(raw, options, found)
    with_case, named, timed = valid(case), valid(activity), times.known
    rows = np.flatnonzero(with_case & named & timed)
    without_case = int(np.count_nonzero(~with_case & (named | timed)))
    dropped = int(np.count_nonzero(with_case & ~(named & timed)))

    one_column = "start" not in found or "end" not in found
    without_end = 0 if one_column else int(np.count_nonzero(times.end[rows] == NO_TIME))
    pairs, pairing_notes = _pairs(raw, options, found, rows, times, (case, activity))
    held = 0
    if options.growing:
        unfinished = pairs.open if one_column else pairs.open | (times.end[rows[pairs.last]] == NO_TIME)
        later = _ends_later(activity.take(pa.array(rows[pairs.first])), unfinished)
        held = int(np.count_nonzero(later))
        pairs = pairs.select(~later)
        rows_left = np.union1d(pairs.first, pairs.last)
        without_end = 0 if one_column else int(np.count_nonzero(times.end[rows[rows_left]] == NO_TIME))
    first, last = rows[pairs.first], rows[pairs.last]
    paired = bool(np.any(first != last))
    without_end += pairs.without_end if paired else 0

    def column(index: int) -> pa.Array:
        return merged(words_of(raw.columns[index]), first, last)

    words = {meaning: column(found[meaning]) for meaning in _WORDS if meaning in found}
    amount, unreadable = pa.nulls(len(first), pa.int64()), 0
    if "amount" in found:
        amount, unreadable = parse_amounts(column(found["amount"]), options.minor_digits)
    rest = [i for i in range(len(raw.names)) if i not in found.values()]
    columns: dict[str, pa.Array] = {
        "event_id": pa.array([f"{i:012d}" for i in first.tolist()], pa.string()),
        "process": constant(options.process, len(first)),
        "activity": pc.dictionary_encode(activity.take(pa.array(first))),
        "start": stamps(times.begin[first]),
        "end": stamps(times.finish[last]),
        "enabled": stamps(_enabled(times, rows, pairs)),
        "actor_kind": pc.dictionary_encode(_actor_kind(words, len(first))),
        **{meaning: pc.dictionary_encode(values) for meaning, values in words.items()},
        "outcome": constant("ok", len(first)),
        "amount": amount,
        "objects": case_objects(case.take(pa.array(first)), options.leading)
        if raw.objects is None
        else raw.objects.take(pa.array(first)),
        "fields": rest_fields([raw.names[i] for i in rest], [column(i) for i in rest], len(first)),
    }
    table = pa.table(
        [
            pc.cast(columns[field.name], field.type) if field.name in columns else pa.nulls(len(first), field.type)
            for field in EVENT_SCHEMA
        ],
        schema=EVENT_SCHEMA,
    )
    notes = [*raw.notes]
    say = partial(text, options.language)
    if times.local:
        notes.append(say("Times without a zone were read as {zone}.", zone=options.timezone))
    if one_column and not paired:
        name = raw.names[found["start"] if "start" in found else found["end"]]
        notes.append(say("There is one time column only ({column}): events have no length.", column=name))
    notes += pairing_notes
    if dropped:
        notes.append(say("{count} lines without an activity or a time were left out.", count=dropped))
    if without_end:
        notes.append(say("{count} events began and have no end: they have no length.", count=without_end))
    if held:
        notes.append(say("{count} events have begun and not ended: they are taken in once they have.", count=held))
    if unreadable:
        notes.append(say("{count} amounts could not be read and were left out.", count=unreadable))
    quality = FileQuality(dropped=dropped, without_case=without_case, without_end=without_end, notes=tuple(notes))
    return LogFile(
        tuple(table.to_batches(max_chunksize=BATCH_ROWS)),
        quality,
        leading=options.leading if raw.leading is None else raw.leading,
        held=held,
    )


@dataclass(frozen=True)
class _LineTimes:
    """Times of every line, microseconds UTC, NO_TIME where the line has none."""

    start: Times
    end: Times
    enabled: Times
    local: bool
    """Whether one stood without a zone."""

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which lines have a time."""
        return np.asarray((self.start != NO_TIME) | (self.end != NO_TIME))

    @property
    def begin(self) -> Times:
        """The start, else the end."""
        return np.where(self.start == NO_TIME, self.end, self.start)

    @property
    def finish(self) -> Times:
        """The end, else the start."""
        return np.where(self.end == NO_TIME, self.start, self.end)


def _times(raw: RawLog, options: ReadOptions, found: dict[str, int]) -> _LineTimes:
    parsed: dict[str, Times] = {}
    local = False
    for meaning in ("start", "end", "enabled"):
        if meaning not in found:
            continue
        index = found[meaning]
        column = raw.columns[index]
        if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            column = as_text(column)
        result = parse_times(column, options.timezone)
        if result.bad is not None:
            raise _unreadable(raw, options, index, result)
        parsed[meaning] = result.times
        local |= result.local
    nothing = np.full(len(raw.columns[found["case"]]), NO_TIME, dtype=np.int64)
    return _LineTimes(
        start=parsed.get("start", nothing),
        end=parsed.get("end", nothing),
        enabled=parsed.get("enabled", nothing),
        local=local,
    )


def _unreadable(raw: RawLog, options: ReadOptions, index: int, result: ParsedTimes) -> PermanentError:
    row = result.bad or 0
    say = partial(
        text,
        options.language,
        file=raw.path,
        place=raw.place(row),
        column=raw.names[index],
        value=str(raw.columns[index][row].as_py())[:60],
    )
    if result.ambiguous:
        return PermanentError(
            say("{file}, {place}, column {column}: {value!r} could be month or day first; write it as 2024-01-31")
        )
    return PermanentError(say("{file}, {place}, column {column}: {value!r} is no time"))


def _pairs(
    raw: RawLog,
    options: ReadOptions,
    found: dict[str, int],
    rows: Rows,
    times: _LineTimes,
    keys: tuple[pa.Array, ...],
) -> tuple[Pairs, list[str]]:
    """Which of `rows` make one event each, as places in `rows`, and what must be said about it."""
    every = np.arange(len(rows), dtype=np.int64)
    single = Pairs(every, every, np.full(len(rows), NOTHING, dtype=np.int64), np.zeros(len(rows), dtype=np.bool_))
    if "lifecycle" not in found or not len(rows):
        return single, []
    words = pc.utf8_lower(pc.fill_null(words_of(raw.columns[found["lifecycle"]]), "")).take(pa.array(rows))
    transitions = np.asarray(words.to_numpy(zero_copy_only=False), dtype=np.str_)
    standard = np.isin(transitions, ("start", "complete"))
    say = partial(text, options.language)
    if options.lifecycle == "all":
        return single, [say("Every line counts as an event, whatever its lifecycle transition.")]
    if not standard.any():
        return single, [say("No lifecycle transition is start or complete: every line counts as an event.")]
    if "instance" in found:
        keys = (*keys, words_of(raw.columns[found["instance"]]))
    others = int(np.count_nonzero(~standard & (transitions != "schedule") & (transitions != "")))
    notes = []
    if others:
        notes.append(
            say("{count} lines with a lifecycle transition other than start and complete are no events.", count=others)
        )
    return pair(_groups(keys, rows), transitions, times.begin[rows]), notes


def _ends_later(activity: pa.Array, unfinished: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the unfinished events will end: all but those of an activity that often occurs and never ends."""
    encoded = pc.dictionary_encode(activity)
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    ended = np.bincount(codes[~unfinished], minlength=len(encoded.dictionary))
    left = np.bincount(codes[unfinished], minlength=len(encoded.dictionary))
    return np.asarray(unfinished & ((ended > 0) | (left < NEVER_ENDS))[codes])


def _enabled(times: _LineTimes, rows: Rows, pairs: Pairs) -> Times:
    """The recorded enabling time of each event, else when it was scheduled."""
    recorded = times.enabled[rows[pairs.last]]
    recorded = np.where(recorded == NO_TIME, times.enabled[rows[pairs.first]], recorded)
    scheduled = (recorded == NO_TIME) & (pairs.scheduled != NOTHING)
    recorded[scheduled] = times.begin[rows[pairs.scheduled[scheduled]]]
    return recorded


def _actor_kind(words: dict[str, pa.Array], count: int) -> pa.Array:
    """Who has an actor or a role is staff; the rest is the system's doing."""
    staff = np.zeros(count, dtype=np.bool_)
    for meaning in ("actor", "role"):
        if meaning in words:
            staff |= valid(words[meaning])
    return pc.if_else(pa.array(staff), "staff", "system")


def _groups(keys: Sequence[pa.Array], rows: Rows) -> Rows:
    """A number for each row, equal where all keys are."""
    number = np.zeros(len(rows), dtype=np.int64)
    for key in keys:
        codes = pc.dictionary_encode(key.take(pa.array(rows)), null_encoding="encode").indices
        values = np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)
        combined = number * (int(values.max(initial=0)) + 1) + values
        number = np.unique(combined, return_inverse=True)[1].astype(np.int64)
    return number
