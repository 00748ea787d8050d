"""Durations as people say them: one digit after the point, or two units."""

from typing import Final

from collector.vocabulary.languages import Language, text

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0


def humanise(seconds: float, language: Language) -> str:
    """`seconds` in words: "45 s", "12 min", "9.4 h", "2 d 3 h"; "9.4小时", "2天3小时". Negative ones get a minus."""
    if seconds < 0:
        return "−" + humanise(-seconds, language)
    if 0 < seconds < 0.95:
        return text(language, "{n} ms", n=round(seconds * 1000))
    if seconds < 10 and round(seconds, 1) != round(seconds):
        return text(language, "{n} s", n=_short(seconds))
    if seconds < 59.5:
        return text(language, "{n} s", n=round(seconds))
    if seconds < 9.95 * MINUTE:
        return text(language, "{n} min", n=_short(seconds / MINUTE))
    if seconds < 59.5 * MINUTE:
        return text(language, "{n} min", n=round(seconds / MINUTE))
    if seconds < 23.95 * HOUR:
        return text(language, "{n} h", n=_short(seconds / HOUR))
    days, hours = divmod(round(seconds / HOUR), 24)
    if days >= 10:
        return text(language, "{n} d", n=round(seconds / DAY))
    if hours == 0:
        return text(language, "{n} d", n=days)
    return text(language, "{d} d {h} h", d=days, h=hours)


def hours(number: float, language: Language) -> str:
    """A sum of hours, as "about 180 h a week" needs it: two or three digits that count."""
    return text(language, "{n} h", n=_short(number) if number < 10 else f"{_rounded(number):,}")


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _rounded(number: float) -> int:
    if number < 200:
        return round(number)
    step = 10 if number < 10_000 else 100
    return round(number / step) * step
