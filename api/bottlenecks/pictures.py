"""The report's small pictures as SVG: colours as attributes for files, classes for a page's light and dark."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from api.bottlenecks.material import moment
from api.html_report.humanise import whole
from collector.vocabulary.languages import Language, text
from mining.bottlenecks.load import Load
from mining.bottlenecks.spectrum import Lines
from mining.map.words import width as wide
from mining.story.durations import humanise

QUARTERS: Final = ("#fdbb63", "#ec953f", "#b8590a", "#5c2503")
"""From the shortest quarter of the waits to the longest: light to dark, as on the map."""
INK, SOFT, RULE, BLUE, GREY = "#1b2330", "#56606e", "#dde2e8", "#1f5fbf", "#c3cad3"
FONT: Final = "system-ui, -apple-system, Segoe UI, Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei"
WIDTH: Final = 680
LEFT, RIGHT = 8, 8
SMALL: Final = 11.0
DAY: Final = 86_400_000_000


def sparkline(values: Sequence[float], label: str) -> str:
    """A trend of a few weeks, from 0 to its largest; empty for fewer than three."""
    if len(values) < 3:
        return ""
    most = max(values) or 1.0
    step = 92 / (len(values) - 1)
    points = [(2 + step * n, 24 - 20 * value / most) for n, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="trend" viewBox="0 0 98 28" width="98" height="28" role="img" '
        f'aria-label="{escape(label)}"><title>{escape(label)}</title>'
        f'<path class="zero" d="M2 25.5H96" stroke="{RULE}"/>'
        f'<polyline class="run" points="{line}" fill="none" stroke="{BLUE}" stroke-width="1.6"/>'
        f'<circle class="last" cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{BLUE}"/></svg>'
    )


def spectrum(lines: Lines, source: str, target: str, zone: ZoneInfo, language: Language) -> str:
    """Each case a line from leaving `source` (above) to reaching `target` (below)."""
    top, bottom, height = 44.0, 168.0, 190
    drawn = lines.drawn
    across = _scale(drawn)
    paths = []
    for quarter, colour in enumerate(QUARTERS):
        chosen = lines.quartile == quarter
        ends = zip(across(lines.begin[chosen]), across(lines.end[chosen]), strict=True)
        steps = "".join(f"M{x:.1f} {top}L{y:.1f} {bottom}" for x, y in ends)
        paths.append(
            f'<path class="q{quarter}" d="{steps}" stroke="{colour}" stroke-width="1" fill="none" opacity=".75"/>'
        )
    first, median, third = (humanise(value, language) for value in lines.quartiles_s)
    legend = _legend(
        [
            ("q0", QUARTERS[0], f"≤ {first}"),
            ("q1", QUARTERS[1], f"≤ {median}"),
            ("q2", QUARTERS[2], f"≤ {third}"),
            ("q3", QUARTERS[3], f"> {third}"),
        ],
        12,
    )
    label = text(language, "Performance spectrum from {source} to {target}", source=source, target=target)
    inside = (
        legend
        + _ticks(drawn, zone, top, bottom, height - 6)
        + "".join(paths)
        + f'<path class="axis" d="M{LEFT} {top}H{WIDTH - RIGHT}M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="{INK}"/>'
        + _text(LEFT, top - 5, source, "name", INK)
        + _text(LEFT, bottom - 5, target, "name", INK, halo=True)
    )
    return _svg("spectrum", height, label, inside)


def load(load: Load, target: str, zone: ZoneInfo, language: Language) -> str:
    """Above: what came and what was done each day against capacity; below: how many waited at the end of the day."""
    top, middle, under, bottom, height = 34.0, 118.0, 138.0, 188.0, 210
    drawn = int(load.bounds[0]), int(load.bounds[-1])
    across = _scale(drawn)
    edges = across(load.bounds)
    most = float(max(load.arrived.max(initial=0), load.started.max(initial=0), load.capacity, 1))
    queue = float(max(load.queued.max(initial=0), 1))
    bars = "".join(
        f"M{a:.1f} {middle}V{middle - (middle - top) * n / most:.1f}H{b - 0.5:.1f}V{middle}Z"
        for a, b, n in zip(edges[:-1], edges[1:], load.started.tolist(), strict=True)
    )
    came = "".join(
        f"{'M' if n == 0 else 'L'}{a:.1f} {middle - (middle - top) * v / most:.1f}H{b:.1f}"
        for n, (a, b, v) in enumerate(zip(edges[:-1], edges[1:], load.arrived.tolist(), strict=True))
    )
    waits = f"M{edges[0]:.1f} {bottom}" + "".join(
        f"L{a:.1f} {bottom - (bottom - under) * v / queue:.1f}H{b:.1f}"
        for a, b, v in zip(edges[:-1], edges[1:], load.queued.tolist(), strict=True)
    )
    level = middle - (middle - top) * load.capacity / most
    label = text(language, "{target}: arrivals, work done and queue by day", target=target)
    capacity = text(language, "capacity {n} a day", n=whole(load.capacity))
    inside = (
        _legend(
            [
                ("came", BLUE, text(language, "arrived")),
                ("done", GREY, text(language, "started")),
                ("capacity", INK, capacity),
                ("queue", QUARTERS[1], text(language, "waiting at the end of the day, at most {n}", n=whole(queue))),
            ],
            12,
        )
        + _ticks(drawn, zone, top, bottom, height - 6)
        + f'<path class="done" d="{bars}" fill="{GREY}"/>'
        + f'<path class="came" d="{came}" fill="none" stroke="{BLUE}" stroke-width="1.5"/>'
        + f'<path class="capacity" d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="5 4"/>'
        + f'<path class="queue" d="{waits}V{bottom}Z" fill="{QUARTERS[1]}"/>'
        + _unknown(across(np.array([load.known], np.int64))[0], top, bottom, language)
        + f'<path class="axis" d="M{LEFT} {middle}H{WIDTH - RIGHT}M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="{INK}"/>'
    )
    return _svg("load", height, label, inside)


def _unknown(x: float, top: float, bottom: float, language: Language) -> str:
    """A veil over the days of which not all that came has been begun; none where it would be a hair."""
    if x > WIDTH - RIGHT - 12:
        return ""
    said = text(language, "not all begun yet")
    fits = x + 3 + wide(said, SMALL) <= WIDTH - RIGHT
    return (
        f'<path class="veil" d="M{x:.1f} {top}V{bottom}H{WIDTH - RIGHT}V{top}Z" fill="#ffffff" opacity=".6"/>'
        f'<path class="capacity" d="M{x:.1f} {top}V{bottom}" stroke="{SOFT}" stroke-dasharray="2 3"/>'
        + _text(x + 3 if fits else x - 3 - wide(said, SMALL), bottom - 60, said, "said", SOFT)
    )


def _svg(name: str, height: int, label: str, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart {name}" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="{escape(label)}" font-family="{FONT}" font-size="{SMALL:g}">'
        f"<title>{escape(label)}</title>{inside}</svg>"
    )


def _scale(drawn: tuple[int, int]) -> Callable[[npt.NDArray[np.int64]], list[float]]:
    begin, end = drawn
    per = (WIDTH - LEFT - RIGHT) / max(end - begin, 1)

    def across(times: npt.NDArray[np.int64]) -> list[float]:
        placed = LEFT + (np.clip(times, begin, end) - begin) * per
        return [float(each) for each in placed]

    return across


def _ticks(drawn: tuple[int, int], zone: ZoneInfo, top: float, bottom: float, foot: float) -> str:
    """Lines at midnights, at most eight, with their day."""
    begin, end = drawn
    days = max(1, round((end - begin) / DAY))
    step = next(each for each in (1, 2, 7, 14, 28, 91, 364, 10**6) if days / each <= 8)
    first = moment(begin).astimezone(zone)
    day = datetime(first.year, first.month, first.day, tzinfo=zone) + timedelta(days=1)
    if step >= 7:
        day += timedelta(days=-day.weekday() % 7)
    found = []
    across = _scale(drawn)
    while day <= moment(end):
        x = across(np.array([round(day.timestamp() * 1e6)], np.int64))[0]
        found.append(f'<path class="tick" d="M{x:.1f} {top}V{bottom}" stroke="{RULE}"/>')
        if x < WIDTH - 40:
            found.append(_text(x + 2, foot, f"{day:%m-%d}", "day", SOFT))
        day += timedelta(days=step)
    return "".join(found)


def _legend(parts: Sequence[tuple[str, str, str]], y: float) -> str:
    x, found = float(LEFT), []
    for name, colour, said in parts:
        found.append(
            f'<rect class="swatch {name}" x="{x:.1f}" y="{y - 9:.1f}" width="10" height="10" rx="2" fill="{colour}"/>'
        )
        found.append(_text(x + 14, y, said, "said", SOFT))
        x += 30 + wide(said, SMALL)
    return "".join(found)


def _text(x: float, y: float, said: str, name: str, colour: str, halo: bool = False) -> str:
    behind = ""
    if halo:
        behind = (
            f'<rect class="halo" x="{x - 2:.1f}" y="{y - 10:.1f}" width="{wide(said, SMALL) + 6:.1f}" height="13" '
            f'fill="#ffffff" opacity=".85"/>'
        )
    return f'{behind}<text class="{name}" x="{x:.1f}" y="{y:.1f}" fill="{colour}">{escape(said)}</text>'
