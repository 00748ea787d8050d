"""Times as people and programs write them, to microseconds UTC; whole columns at once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Times = npt.NDArray[np.int64]
NO_TIME: Final = np.iinfo(np.int64).min
"""Stands for an empty cell."""

_SECOND: Final = 1_000_000
_SLOT: Final = 15 * 60 * _SECOND
_TWO_DAYS: Final = 2 * 86_400 * _SECOND
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are what is counted from it

_FIRST: Final = (datetime(1, 1, 2) - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001
_LAST: Final = (datetime(9999, 12, 30) - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001

_CHINESE: Final = (
    ("年", "-"),
    ("月", "-"),
    ("日", " "),
    ("时", ":"),
    ("点", ":"),
    ("分", ":"),
    ("秒", ""),
    ("：", ":"),
)
_COMPACT: Final = r"^(\d{4})(\d{2})(\d{2})[T ]?(\d{2})(\d{2})(\d{2})(\D.*)?$"
_COMPACT_DAY: Final = r"^(\d{4})(\d{2})(\d{2})$"
_WRITTEN: Final = (
    r"^(?P<a>\d{1,4})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{1,4})"
    r"(?:(?:T|\s)\s*(?P<before>上午|下午|AM|PM|am|pm)?\s*(?P<hour>\d{1,2}):(?P<minute>\d{1,2})"
    r"(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?:?\s*(?P<after>AM|PM|am|pm)?"
    r"\s*(?:UTC|GMT)?\s*(?P<zone>Z|z|[+-]\d{1,2}(?::?\d{2})?)?(?P<utc>UTC|GMT)?)?$"
)


@dataclass(frozen=True)
class ParsedTimes:
    """A column of times."""

    times: Times
    """Microseconds UTC, NO_TIME where the cell is empty."""
    local: bool
    """Whether a time stood without a zone and was taken to be local."""
    bad: int | None = None
    """First row whose text is no time."""
    ambiguous: bool = False
    """That row could be month first or day first, and nothing in the column tells."""


def parse_times(column: pa.Array, zone: str) -> ParsedTimes:
    """A column of texts, timestamps or dates as times; those without a zone are in `zone` (IANA name).

    Read are ISO 8601 in all usual spellings, the same with slashes or dots, 2024年1月2日 15时04分, day or month first
    where the column tells which, AM and PM, 20240102 and 20240102030405, and Unix time of 10, 13 or 16 digits.
    """
    parsed = _parse(column, zone)
    outside = (parsed.times != NO_TIME) & ((parsed.times < _FIRST) | (parsed.times > _LAST))
    if parsed.bad is None and outside.any():
        return replace(parsed, bad=int(np.argmax(outside)))
    return parsed


def _parse(column: pa.Array, zone: str) -> ParsedTimes:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
        values = _micros(column)
        if zoned:
            return ParsedTimes(values, local=False)
        return ParsedTimes(_localised(values, zone), local=column.null_count < len(column))
    column = pc.utf8_trim_whitespace(column)
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    # Arrow's own parser takes whole clean columns of ISO 8601; it refuses a column with a single other row.
    try:
        return ParsedTimes(_micros(pc.cast(column, pa.timestamp("us", "UTC"))), local=False)
    except pa.ArrowInvalid:
        pass
    try:
        return ParsedTimes(_localised(_micros(pc.cast(column, pa.timestamp("us"))), zone), local=True)
    except pa.ArrowInvalid:
        return _parse_written(column, zone)


def _micros(column: pa.Array) -> Times:
    stamps = pc.cast(column, pa.timestamp("us", getattr(column.type, "tz", None)), safe=False)
    values = pc.cast(stamps, pa.int64()).fill_null(int(NO_TIME))
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64)


def _parse_written(column: pa.Array, zone: str) -> ParsedTimes:
    known = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))
    epoch, is_epoch = _unix(column)
    for word, sign in _CHINESE:
        column = pc.replace_substring(column, word, sign)
    column = pc.replace_substring_regex(column, _COMPACT, r"\1-\2-\3 \4:\5:\6\7")
    column = pc.replace_substring_regex(column, _COMPACT_DAY, r"\1-\2-\3")
    column = pc.utf8_trim_whitespace(column)
    parts = pc.extract_regex(column, _WRITTEN)
    read = np.asarray(pc.is_valid(parts).to_numpy(zero_copy_only=False))

    def part(name: str) -> Times:
        texts = pc.struct_field(parts, name)
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        numbers = pc.cast(texts, pa.int64()).fill_null(0)
        return np.asarray(numbers.to_numpy(zero_copy_only=False))

    def texts(name: str) -> pa.Array:
        return pc.fill_null(pc.struct_field(parts, name), "")

    a, b, c = part("a"), part("b"), part("c")
    length = _lengths(texts("a"))
    year_first = read & (length == 4)
    year_last = read & (length <= 2) & (_lengths(texts("c")) == 4)
    day_first = bool(np.any(year_last & (a > 12)))
    month_first = bool(np.any(year_last & (b > 12)))
    unclear = year_last & (day_first == month_first) & (a != b)
    year = np.where(year_first, a, c)
    month = np.where(year_first, b, np.where(month_first, a, b))
    day = np.where(year_first, c, np.where(month_first, b, a))

    half = pc.utf8_upper(pc.binary_join_element_wise(texts("before"), texts("after"), ""))
    morning = _is(half, ("AM", "上午"))
    evening = _is(half, ("PM", "下午"))
    hour = part("hour")
    twelve = morning | evening
    valid_hour = np.where(twelve, (hour >= 1) & (hour <= 12), hour < 24)
    hour = np.where(twelve, hour % 12 + np.where(evening, 12, 0), hour)
    minute, second = part("minute"), part("second")
    fraction = pc.cast(pc.utf8_slice_codeunits(pc.utf8_rpad(texts("fraction"), 6, "0"), 0, 6), pa.int64()).to_numpy(
        zero_copy_only=False
    )

    days, valid_day = _days(year, month, day)
    values = ((days * 24 + hour) * 60 + minute) * 60 * _SECOND + second * _SECOND + fraction
    offset, zoned, valid_zone = _offsets(texts("zone"))
    zoned |= _is(texts("utc"), ("UTC", "GMT")) | np.asarray(
        pc.match_substring_regex(pc.fill_null(column, ""), "(UTC|GMT)").to_numpy(zero_copy_only=False)
    )
    good = (year_first | year_last) & ~unclear & valid_day & valid_hour & (minute < 60) & (second < 60) & valid_zone
    values = np.where(good, values, 0)
    values = np.where(zoned, values - offset, _localised(values, zone))
    values = np.where(is_epoch, epoch, values)
    wrong = known & ~good & ~is_epoch
    bad = int(np.argmax(wrong)) if wrong.any() else None
    return ParsedTimes(
        np.where(known, values, NO_TIME),
        local=bool(np.any(good & ~zoned & ~is_epoch)),
        bad=bad,
        ambiguous=bad is not None and bool(unclear[bad]),
    )


def _lengths(texts: pa.Array) -> Times:
    return np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False), dtype=np.int64)


def _is(texts: pa.Array, words: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_in(texts, value_set=pa.array(words)).to_numpy(zero_copy_only=False))


def _days(year: Times, month: Times, day: Times) -> tuple[Times, npt.NDArray[np.bool_]]:
    """Days since the epoch, and whether there is such a day."""
    valid = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    return first.astype(np.int64) + day - 1, valid & (day <= length)


def _offsets(texts: pa.Array) -> tuple[Times, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Microseconds east of UTC, whether a zone is given, and whether it is one; few differ, so each is read once."""
    encoded = pc.dictionary_encode(texts)
    offsets, given, valid = [], [], []
    for written in encoded.dictionary.to_pylist():
        minutes, ok = 0, True
        if written and written not in "Zz":
            digits = written[1:].replace(":", "")
            hours, rest = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
            minutes = (int(hours) * 60 + int(rest)) * (-1 if written[0] == "-" else 1)
            ok = int(hours) <= 15 and int(rest) < 60
        offsets.append(minutes * 60 * _SECOND)
        given.append(bool(written))
        valid.append(ok)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return (
        np.asarray(offsets, dtype=np.int64)[codes],
        np.asarray(given, dtype=np.bool_)[codes],
        np.asarray(valid, dtype=np.bool_)[codes],
    )


def _unix(column: pa.Array) -> tuple[Times, npt.NDArray[np.bool_]]:
    lengths = _lengths(pc.fill_null(column, ""))
    digits = np.asarray(
        pc.match_substring_regex(pc.fill_null(column, ""), r"^\d{10}(\d{3}){0,2}$").to_numpy(zero_copy_only=False)
    )
    numbers = pc.cast(pc.if_else(pa.array(digits), column, "0"), pa.int64()).to_numpy(zero_copy_only=False)
    factor = np.select([lengths == 10, lengths == 13], [_SECOND, 1000], 1)
    return np.where(digits, numbers * factor, 0), digits


def _localised(values: Times, zone: str) -> Times:
    """Local microseconds to UTC. Of a time that comes twice the first is meant, as `fold=0` has it in PEP 495."""
    if zone == "UTC" or not len(values):
        return values
    known = values != NO_TIME
    where = ZoneInfo(zone)
    values = np.where(known, np.clip(values, _FIRST - _TWO_DAYS, _LAST + _TWO_DAYS), NO_TIME)
    # Offsets change on quarters of an hour, so one look-up per quarter that occurs is enough.
    slots, inverse = np.unique(values[known] // _SLOT, return_inverse=True)
    offsets = np.empty(len(slots), dtype=np.int64)
    for i, slot in enumerate(np.clip(slots, _FIRST // _SLOT + 1, _LAST // _SLOT - 1).tolist()):
        local = (_EPOCH + timedelta(microseconds=slot * _SLOT)).replace(tzinfo=where)
        offset = local.utcoffset() or timedelta()
        offsets[i] = (offset.days * 86400 + offset.seconds) * _SECOND
    values[known] -= offsets[inverse]
    return values
