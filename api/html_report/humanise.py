"""Numbers as people read them, in both languages."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, get_currency_symbol

from collector.vocabulary.languages import Language, text
from mining.story.durations import humanise


def duration(language: Language, seconds: float | None) -> str:
    """A duration in seconds as the stories say it: 9.4 h, 2 d 3 h; – where it is not known."""
    if seconds is None:
        return "–"
    return humanise(seconds, language) if seconds else text(language, "{n} s", n=0)


def exact(language: Language, seconds: float | None) -> str:
    """The same to the millisecond, for whoever wants it."""
    return "" if seconds is None else text(language, "{n} s", n=f"{seconds:,.3f}".rstrip("0").rstrip("."))


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
