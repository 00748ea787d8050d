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
from collector.files.arrow import as_text, constant, merged, stamps, taken, valid, words_of
from collector.files.columns import resolve
from collector.files.lifecycle import NOTHING, Pairs, Rows, pair
from collector.files.lines import Lines
from collector.files.log import FileQuality, RawLog, ReadOptions
from collector.files.times import NO_TIME, ParsedTimes, Times, parse_times
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

CASE: Final = "case_id"
NEVER_ENDS: Final = 5
"""An activity seen so often without any end has none."""

_WORDS: Final[tuple[str, ...]] = ("actor", "role", "system", "module", "device", "channel", "platform", "shop")


def assemble(raw: RawLog, options: ReadOptions) -> Lines:
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
        later = _ends_later(taken(activity, rows[pairs.first]), unfinished)
        held = int(np.count_nonzero(later))
        pairs = pairs.select(~later)
        rows_left = np.union1d(pairs.first, pairs.last)
        without_end = 0 if one_column else int(np.count_nonzero(times.end[rows[rows_left]] == NO_TIME))
    first, last = rows[pairs.first], rows[pairs.last]
    paired = bool(np.any(first != last))
    without_end += pairs.without_end if paired else 0

    def column(index: int) -> pa.Array:
        return merged(words_of(raw.columns[index]), first, last)

    columns: dict[str, pa.Array] = {
        CASE: taken(case, first),
        "activity": taken(activity, first),
        "start": stamps(times.begin[first]),
        "end": stamps(times.finish[last]),
    }
    enabled = _enabled(times, rows, pairs)
    if enabled is not None:
        columns["enabled"] = stamps(enabled)
    columns |= {meaning: column(found[meaning]) for meaning in _WORDS if meaning in found}
    columns["actor_kind"] = pc.dictionary_encode(_actor_kind(columns, len(first)))
    columns["outcome"] = constant("ok", len(first))
    unreadable = 0
    if "amount" in found:
        columns["amount"], unreadable = parse_amounts(column(found["amount"]), options.minor_digits)
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
    return Lines(
        process=options.process,
        columns=pa.table(columns),
        quality=quality,
        raw=raw,
        first=first,
        last=last,
        rest={raw.names[i]: i for i in range(len(raw.names)) if i not in found.values()},
        leading=options.leading if raw.leading is None else raw.leading,
        held=held,
    )


@dataclass(frozen=True)
class _LineTimes:
    """Times of every line, microseconds UTC, NO_TIME where the line has none."""

    start: Times
    end: Times
    enabled: Times | None
    local: bool
    """Whether one stood without a zone."""

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which lines have a time."""
        return np.asarray((self.start != NO_TIME) | (self.end != NO_TIME))

    @property
    def begin(self) -> Times:
        """The start, else the end."""
        return _either(self.start, self.end)

    @property
    def finish(self) -> Times:
        """The end, else the start."""
        return _either(self.end, self.start)


def _either(times: Times, others: Times) -> Times:
    missing = times == NO_TIME
    return np.where(missing, others, times) if missing.any() else times


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
    nothing = np.broadcast_to(np.int64(NO_TIME), len(next(iter(parsed.values()))))
    return _LineTimes(
        start=parsed.get("start", nothing),
        end=parsed.get("end", nothing),
        enabled=parsed.get("enabled"),
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
    words = pc.utf8_lower(pc.fill_null(as_text(words_of(raw.columns[found["lifecycle"]])), "")).take(pa.array(rows))
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
    encoded = pc.dictionary_encode(as_text(activity))
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    ended = np.bincount(codes[~unfinished], minlength=len(encoded.dictionary))
    left = np.bincount(codes[unfinished], minlength=len(encoded.dictionary))
    return np.asarray(unfinished & ((ended > 0) | (left < NEVER_ENDS))[codes])


def _enabled(times: _LineTimes, rows: Rows, pairs: Pairs) -> Times | None:
    """The recorded enabling time of each event, else when it was scheduled; None where no line has either."""
    if times.enabled is None and not np.any(pairs.scheduled != NOTHING):
        return None
    recorded = np.full(len(pairs.first), NO_TIME, np.int64)
    if times.enabled is not None:
        recorded = times.enabled[rows[pairs.last]]
        recorded = np.where(recorded == NO_TIME, times.enabled[rows[pairs.first]], recorded)
    scheduled = (recorded == NO_TIME) & (pairs.scheduled != NOTHING)
    recorded[scheduled] = times.begin[rows[pairs.scheduled[scheduled]]]
    return recorded


def _actor_kind(columns: dict[str, pa.Array], count: int) -> pa.Array:
    """Who has an actor or a role is staff; the rest is the system's doing."""
    staff = np.zeros(count, dtype=np.bool_)
    for meaning in ("actor", "role"):
        if meaning in columns:
            staff |= valid(columns[meaning])
    return pc.if_else(pa.array(staff), "staff", "system")


def _groups(keys: Sequence[pa.Array], rows: Rows) -> Rows:
    """A number for each row, equal where all keys are."""
    number = np.zeros(len(rows), dtype=np.int64)
    for key in keys:
        codes = pc.dictionary_encode(as_text(key.take(pa.array(rows))), null_encoding="encode").indices
        values = np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)
        combined = number * (int(values.max(initial=0)) + 1) + values
        number = np.unique(combined, return_inverse=True)[1].astype(np.int64)
    return number
