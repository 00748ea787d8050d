"""Times as people and programs write them, to microseconds UTC; whole columns at once."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.files.written_times import ParsedTimes, parse_written
from collector.files.zones import FIRST, LAST, NO_TIME, Times, localised

__all__ = ["NO_TIME", "ParsedTimes", "Times", "parse_times"]


def plain(column: pa.Array) -> bool:
    """Whether the column is of timestamps or dates, or all its texts are ISO 8601: other texts tell only together."""
    if not (pa.types.is_string(column.type) or pa.types.is_dictionary(column.type)):
        return True
    try:
        _iso(_trimmed(column))
    except pa.ArrowInvalid:
        return False
    return True


def parse_times(column: pa.Array, zone: str) -> ParsedTimes:
    """A column of texts, timestamps or dates as times; those without a zone are in `zone` (IANA name).

    Read are ISO 8601 in all usual spellings, the same with slashes or dots, 2024年1月2日 15时04分, day or month first
    where the column tells which, 2-Jan-2024, AM and PM, 20240102 and 20240102030405, Unix time of 10, 13 or 16 digits.
    """
    parsed = _parse(column, zone)
    times = parsed.times
    if parsed.bad is not None or (times.min(initial=0) >= FIRST and times.max(initial=0) <= LAST):
        return parsed
    outside = (times != NO_TIME) & ((times < FIRST) | (times > LAST))
    return replace(parsed, bad=int(np.argmax(outside))) if outside.any() else parsed


def _parse(column: pa.Array, zone: str) -> ParsedTimes:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
        values = _micros(column)
        if zoned:
            return ParsedTimes(values, local=False)
        return ParsedTimes(localised(values, zone), local=column.null_count < len(column))
    column = _trimmed(column)
    try:
        stamps = _iso(column)
    except pa.ArrowInvalid:
        return parse_written(column, zone)
    values = _micros(stamps)
    return ParsedTimes(values, local=False) if stamps.type.tz else ParsedTimes(localised(values, zone), local=True)


def _trimmed(column: pa.Array) -> pa.Array:
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _iso(column: pa.Array) -> pa.Array:
    """Arrow's own parser takes whole clean columns of ISO 8601; it refuses a column with a single other row."""
    try:
        return pc.cast(column, pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return pc.cast(column, pa.timestamp("us"))


def _micros(column: pa.Array) -> Times:
    stamps = pc.cast(column, pa.timestamp("us", getattr(column.type, "tz", None)), safe=False)
    values = pc.cast(stamps, pa.int64()).fill_null(int(NO_TIME))
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64)
