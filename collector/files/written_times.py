"""Times in other spellings than plain ISO 8601, taken apart by patterns."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.files.zones import NO_TIME, SECOND, Times, localised

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
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
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


def parse_written(column: pa.Array, zone: str) -> ParsedTimes:
    """A column of trimmed texts, null where empty; see `collector.files.times.parse_times` for what is read."""
    known = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))
    epoch, is_epoch = _unix(column)
    for word, sign in _CHINESE:
        column = pc.replace_substring(column, word, sign)
    column = _months(column)
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
    values = ((days * 24 + hour) * 60 + minute) * 60 * SECOND + second * SECOND + fraction
    offset, zoned, valid_zone = _offsets(texts("zone"))
    zoned |= _is(texts("utc"), ("UTC", "GMT")) | np.asarray(
        pc.match_substring_regex(pc.fill_null(column, ""), "(UTC|GMT)").to_numpy(zero_copy_only=False)
    )
    good = (year_first | year_last) & ~unclear & valid_day & valid_hour & (minute < 60) & (second < 60) & valid_zone
    values = np.where(good, values, 0)
    values = np.where(zoned, values - offset, localised(values, zone))
    values = np.where(is_epoch, epoch, values)
    wrong = known & ~good & ~is_epoch
    bad = int(np.argmax(wrong)) if wrong.any() else None
    return ParsedTimes(
        np.where(known, values, NO_TIME),
        local=bool(np.any(good & ~zoned & ~is_epoch)),
        bad=bad,
        ambiguous=bad is not None and bool(unclear[bad]),
    )


def _months(column: pa.Array) -> pa.Array:
    """2-Jan-2024 and Jan 2, 2024 as 2024-01-2; every month is looked for only if there is one."""
    if not pc.any(pc.match_substring_regex(column, f"(?i)({'|'.join(_MONTHS)})")).as_py():
        return column
    for number, month in enumerate(_MONTHS, start=1):
        name = rf"{month}[a-z]*\.?"
        column = pc.replace_substring_regex(
            column, rf"(?i)^(\d{{1,2}})[-\s./]+{name}[-\s,./]+(\d{{4}})", rf"\2-{number}-\1"
        )
        column = pc.replace_substring_regex(column, rf"(?i)^{name}\s+(\d{{1,2}}),?\s+(\d{{4}})", rf"\2-{number}-\1")
    return column


def _lengths(texts: pa.Array) -> Times:
    return np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False), dtype=np.int64)


def _is(texts: pa.Array, words: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_in(texts, value_set=pa.array(words)).to_numpy(zero_copy_only=False))


def _days(year: Times, month: Times, day: Times) -> tuple[Times, npt.NDArray[np.bool_]]:
    """Days since the epoch, and whether there is such a day."""
    valid = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    length = ((months + np.timedelta64(1, "M")).astype("datetime64[D]") - first).astype(np.int64)
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
        offsets.append(minutes * 60 * SECOND)
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
    factor = np.select([lengths == 10, lengths == 13], [SECOND, 1000], 1)
    return np.where(digits, numbers * factor, 0), digits
