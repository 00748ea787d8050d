"""Times of lines: begin, end, and since when the work could be done."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.files.arrow import as_text
from collector.files.log import RawLog, ReadOptions
from collector.files.times import NO_TIME, ParsedTimes, Times, parse_times, plain
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text


@dataclass(frozen=True)
class LineTimes:
    """Times of every line, microseconds UTC, NO_TIME where the line has none."""

    start: Times
    end: Times
    enabled: Times | None
    local: bool
    """Whether one stood without a zone."""

    @property
    def known(self) -> npt.NDArray[np.bool_] | None:
        """Which lines have a time; None where all do."""
        if any(times.min(initial=0) != NO_TIME for times in (self.start, self.end)):
            return None
        return np.asarray((self.start != NO_TIME) | (self.end != NO_TIME))

    @property
    def begin(self) -> Times:
        """The start, else the end."""
        return _either(self.start, self.end)

    @property
    def finish(self) -> Times:
        """The end, else the start."""
        return _either(self.end, self.start)


def line_times(raw: RawLog, options: ReadOptions, found: dict[str, int], piece: bool = False) -> LineTimes:
    """The times of lines; PermanentError names file, place and column of one that cannot be read.

    `piece`: there are more lines than these, so texts must tell by themselves what they mean.
    """
    parsed: dict[str, Times] = {}
    local = False
    for meaning in ("start", "end", "enabled"):
        if meaning not in found:
            continue
        index = found[meaning]
        column = raw.columns[index]
        if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            column = as_text(column)
        if piece and not plain(column):
            message = "{file}: does not fit into memory; then times must be written as 2024-01-31T10:00:00 ({column})"
            raise PermanentError(text(options.language, message, file=raw.path, column=raw.names[index]))
        result = parse_times(column, options.timezone)
        if result.bad is not None:
            raise _unreadable(raw, options, index, column, result)
        parsed[meaning] = result.times
        local |= result.local
    nothing = np.broadcast_to(np.int64(NO_TIME), len(next(iter(parsed.values()))))
    return LineTimes(
        start=parsed.get("start", nothing),
        end=parsed.get("end", nothing),
        enabled=parsed.get("enabled"),
        local=local,
    )


def _either(times: Times, others: Times) -> Times:
    missing = times == NO_TIME
    return np.where(missing, others, times) if missing.any() else times


def _unreadable(raw: RawLog, options: ReadOptions, index: int, column: pa.Array, result: ParsedTimes) -> PermanentError:
    row = result.bad or 0
    say = partial(
        text,
        options.language,
        file=raw.path,
        place=raw.place(row),
        column=raw.names[index],
        value=_shown(column[row])[:60],
    )
    if result.ambiguous:
        return PermanentError(
            say("{file}, {place}, column {column}: {value!r} could be month or day first; write it as 2024-01-31")
        )
    return PermanentError(say("{file}, {place}, column {column}: {value!r} is no time"))


def _shown(cell: pa.Scalar) -> str:
    try:
        return str(cell.as_py())
    except OverflowError:  # beyond Python's calendar
        return str(cell.value)
