"""Numbers as people read them, in both languages."""

import math
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, get_currency_symbol

from collector.vocabulary.languages import Language, text

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86400.0


def duration(language: Language, seconds: float | None) -> str:
    """A duration in seconds with one meaningful digit after the point: 9.4 h, from two days on 2 d 3 h; – if null."""
    if seconds is None:
        return "–"
    if seconds < 0:
        return "-" + duration(language, -seconds)
    # 59.97 s would be shown as 60 s: that is the next unit's.
    if round(seconds, 1) < _MINUTE:
        return text(language, "{number} s", number=short(seconds))
    if round(seconds / _MINUTE, 1) < _HOUR / _MINUTE:
        return text(language, "{number} min", number=short(seconds / _MINUTE))
    if round(seconds / _HOUR, 1) < 2 * _DAY / _HOUR:
        return text(language, "{number} h", number=short(seconds / _HOUR))
    hours = round(seconds / _HOUR)
    days, rest = divmod(hours, 24)
    if days >= 30 or rest == 0:
        return text(language, "{days} d", days=whole(round(seconds / _DAY)))
    return text(language, "{days} d {hours} h", days=whole(days), hours=rest)


def exact(language: Language, seconds: float | None) -> str:
    """The same to the millisecond, for whoever wants it."""
    return "" if seconds is None else text(language, "{number} s", number=f"{seconds:,.3f}".rstrip("0").rstrip("."))


def whole(number: float) -> str:
    """A count with thousands parted."""
    return f"{round(number):,}"


def short(number: float) -> str:
    """At most one digit after the point, none from a thousand on."""
    if abs(number) >= 1000:
        return whole(number)
    shown = f"{number:.1f}"
    return shown.removesuffix(".0")


def percent(language: Language, share: float | None) -> str:
    """A share of 0..1; what is there but rounds to nothing is shown as < 0.1 %."""
    if share is None:
        return "–"
    sign = "%" if language == "zh-CN" else " %"
    if 0 < share < 0.0005:
        return f"< 0.1{sign}"
    return f"{short(share * 100)}{sign}"


def money(minor: int | None, currency: str | None, language: Language) -> str:
    """Minor units of a currency: ¥51,200."""
    if minor is None:
        return "–"
    code = currency or ""
    digits = get_currency_precision(code) if code else 2
    amount = whole(minor / 10**digits)
    if not code:
        return amount
    symbol = get_currency_symbol(code, locale="zh_CN" if language == "zh-CN" or code == "CNY" else "en")
    return f"{symbol}{amount}"


def moment(iso: str | None, zone: ZoneInfo, *, day: bool = False) -> str:
    """A UTC time of the report in `zone`, to the minute or the day."""
    if iso is None:
        return "–"
    local = datetime.fromisoformat(iso).astimezone(zone)
    return local.strftime("%Y-%m-%d" if day else "%Y-%m-%d %H:%M")


def total_hours(language: Language, seconds: float) -> str:
    """A sum of time: hours, as sums over many cases are compared in one unit."""
    hours = seconds / _HOUR
    return text(language, "{number} h", number=short(hours) if math.isfinite(hours) else "–")
