"""Parts of sentences that stories share: shares, dates, fields."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from collector.vocabulary.languages import Language, has_text, text, word
from mining.findings.facts import Where

Figures = Mapping[str, float | int | str | None]
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(figures: Figures, name: str) -> float:
    """A figure as a number, 0 where it is missing."""
    value = figures.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def words(figures: Figures, name: str) -> str:
    """A figure as text, empty where it is missing."""
    value = figures.get(name)
    return "" if value is None else str(value)


def percent(share: float, language: Language) -> str:
    """A share as a percentage with as many digits as help: 71 %, 3.4 %, 0.25 %; without the space in Chinese."""
    value, sign = 100 * share, "%" if language == "zh-CN" else " %"
    if value == 0:
        return "0" + sign
    if value < 1:
        return f"{value:.2f}".rstrip("0").rstrip(".") + sign
    return (f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:.0f}") + sign


def count(value: float) -> str:
    """A whole number with separators."""
    return f"{round(value):,}"


def times(ratio: float) -> str:
    """A ratio with one digit after the point while it is small."""
    return f"{ratio:.1f}".removesuffix(".0") if ratio < 10 else f"{ratio:.0f}"


def day(moment: int, zone: ZoneInfo, language: Language) -> str:
    """The local day of a moment (µs UTC): "12 Oct", "10月12日"."""
    when = datetime.fromtimestamp(moment / 1e6, tz=UTC).astimezone(zone)
    return text(language, "{day} {month}", day=when.day, month=MONTHS[when.month - 1], number=when.month)


def clock(moment: int, zone: ZoneInfo, language: Language) -> str:
    """Local day and time of a moment (µs UTC): "12 Oct 14:05"; only the day where it is midnight."""
    when = datetime.fromtimestamp(moment / 1e6, tz=UTC).astimezone(zone)
    if (when.hour, when.minute) == (0, 0):
        return day(moment, zone, language)
    return day(moment, zone, language) + f" {when:%H:%M}"


def field(name: str, language: Language) -> str:
    """The name of a column as people say it; further fields stay as they are."""
    return word(language, "term", name) if has_text(language, name, "term") else name


def located(segment: Where, language: Language) -> tuple[str, str]:
    """Field and value of a segment as people say them, what holds besides with the value."""
    (name, value), also = segment[:2], segment[5] if len(segment) == 6 else ()
    # In Chinese the sentences put the value between 「 and 」.
    join = "」+ {}「{}" if language == "zh-CN" else " + {} {}"
    return field(name, language), value + "".join(join.format(field(more, language), each) for more, each in also)


def iso(moment: int) -> str:
    """ISO 8601 UTC with `Z`."""
    when = datetime.fromtimestamp(moment / 1e6, tz=UTC)
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")
