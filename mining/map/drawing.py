"""The map as SVG of our own: classes for a page's stylesheet, and a style of its own where it stands alone."""

import math
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from collector.vocabulary.languages import Language, text, word
from mining.map.layout import FONT, LINE, SMALL, Layout, PlacedEdge, PlacedNode, layout, weights
from mining.map.routes import Point
from mining.map.words import width
from mining.report import Node, Report
from mining.story.durations import humanise

if TYPE_CHECKING:
    from mining.reference.marks import Mark, Marks

STYLE: Final = (Path(__file__).parent / "map.css").read_text(encoding="utf-8")
"""For a page that shows maps; its colours are variables (`--map-...`) with values for light and dark."""
SHADES: Final = 5
SIGNS: Final[Mapping["Mark", str]] = {"intended": "✓", "exception": "◇", "wrong": "✕"}
"""Of marked branches, beside their figures."""
BranchLink = Callable[[str | None, str | None], str | None]


def svg(
    report: Report,
    language: Language = "en",
    *,
    max_nodes: int = 25,
    coverage: float = 0.8,
    placed: Layout | None = None,
    link: Callable[[str], str] | None = None,
    standalone: bool = True,
    marks: "Marks | None" = None,
    branch_link: BranchLink | None = None,
) -> str:
    """The process map of a report as one `<svg>` element.

    `link` gives the address a click on an activity leads to, `branch_link` that of a line (None: nowhere). `marks` is
    what people said of branches. `standalone` puts `STYLE` inside; a page whose policy forbids inline styles serves
    `STYLE` itself and says False. Widths of edges are logarithmic, shades of activities
    linear in the waiting before them.
    """
    placed = placed or layout(report, max_nodes, coverage)
    nodes = {node.activity: node for node in report.nodes}
    counts = weights(report)
    waits = {(t.source, t.target): t.waiting_s for t in report.transitions}
    gaps = {(e.source, e.target): e.gap_s for e in report.edges}
    most = max((counts.get((e.source, e.target), 0) for e in placed.edges), default=1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="process-map" viewBox="0 0 {placed.width:g} {placed.height:g}" '
        f'width="{placed.width:g}" height="{placed.height:g}" role="group" '
        f'aria-label="{escape(text(language, "Process map of {process}", process=report.process))}" '
        f'font-family="system-ui, -apple-system, Segoe UI, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif">'
    ]
    if standalone:
        parts.append(f"<style>{STYLE}</style>")
    labels = []
    # The heaviest last, so that the main path lies on top.
    for edge in reversed(placed.edges):
        pair = (edge.source, edge.target)
        spread = waits.get(pair) or gaps.get(pair)  # type: ignore[arg-type]
        median = spread.p50 if spread else None
        line, label = _edge(edge, counts.get(pair, 0), most, median, language, (marks or {}).get(pair))
        address = branch_link(*pair) if branch_link is not None else None
        if address is not None:
            told = escape(_title(edge, counts.get(pair, 0), median, language))
            # The label is what a finger and the keyboard reach; the line is for the mouse.
            wide = f'<path class="reach" d="{edge.path}" fill="none" stroke-width="14"/>'
            line = f'<a href="{escape(address)}" tabindex="-1" aria-hidden="true">{wide}{line}</a>'
            label = f'<a href="{escape(address)}" aria-label="{told}">{label}</a>'
        parts.append(line)
        labels.append(label)
    heaviest = max((node.waiting_s.total for node in report.nodes), default=0.0)
    parts += [_node(node, nodes, heaviest, language, link) for node in placed.nodes]
    return "".join([*parts, *labels, "</svg>"])


def shade(waiting: float, heaviest: float) -> int:
    """0 (none) to 5: how much of the heaviest waiting this is."""
    return math.ceil(SHADES * waiting / heaviest - 1e-9) if heaviest > 0 else 0


def _edge(
    edge: PlacedEdge, count: int, most: int, median: float | None, language: Language, mark: "Mark | None"
) -> tuple[str, str]:
    thick = 1.0 + 4.0 * math.log1p(count) / math.log1p(most or 1)
    kinds = "".join(f" {name}" for name in ("main", "back", "deviating") if getattr(edge, name))
    kinds += f" {mark}" if mark is not None else ""
    ends = f'data-from="{escape(edge.source or "")}" data-to="{escape(edge.target or "")}"'
    inner = edge.source is not None and edge.target is not None
    words = f"{count:,}" + (f" · {humanise(median, language)}" if inner and median is not None else "")
    title = _title(edge, count, median, language)
    if mark is not None:
        words = f"{SIGNS[mark]} {words}"
        title += f" · {word(language, 'mark', mark)}"
    line = (
        f'<g class="edge{kinds}" {ends}><title>{escape(title)}</title>'
        f'<path class="line" d="{edge.path}" fill="none" stroke-width="{thick:.1f}"/>'
        f'<path class="head" d="{_head(edge.head, 3.2 + thick)}"/></g>'
    )
    x, y = edge.label
    wide = width(words, SMALL) + 6
    label = (
        f'<g class="label{kinds}" {ends}><rect x="{x - wide / 2:.1f}" y="{y - SMALL * 0.64:.1f}" width="{wide:.1f}" '
        f'height="{SMALL * 1.28:.1f}" rx="3"/><text x="{x:g}" y="{y + SMALL * 0.36:.1f}" font-size="{SMALL:g}" '
        f'text-anchor="middle">{escape(words)}</text></g>'
    )
    return line, label


def _title(edge: PlacedEdge, count: int, median: float | None, language: Language) -> str:
    if edge.source is None:
        return text(language, "{count} cases start with {activity}", count=f"{count:,}", activity=edge.target)
    if edge.target is None:
        return text(language, "{count} cases end with {activity}", count=f"{count:,}", activity=edge.source)
    ends = {"source": edge.source, "target": edge.target, "count": f"{count:,}"}
    if median is None:
        return text(language, "{source} → {target}: {count} times", **ends)
    wait = humanise(median, language)
    return text(language, "{source} → {target}: {count} times, median wait {wait}", **ends, wait=wait)


def _head(head: tuple[Point, Point], size: float) -> str:
    (x, y), (bx, by) = head
    length = math.hypot(x - bx, y - by) or 1.0
    dx, dy = (x - bx) / length, (y - by) / length
    ax, ay = x - dx * size * 1.25, y - dy * size * 1.25
    left, right = (ax - dy * size * 0.62, ay + dx * size * 0.62), (ax + dy * size * 0.62, ay - dx * size * 0.62)
    return f"M{x:.1f},{y:.1f} L{left[0]:.1f},{left[1]:.1f} L{right[0]:.1f},{right[1]:.1f} Z"


def _node(
    placed: PlacedNode,
    nodes: Mapping[str, Node],
    heaviest: float,
    language: Language,
    link: Callable[[str], str] | None,
) -> str:
    x, y = placed.x, placed.y
    if placed.activity is None:
        title = text(language, "Start of cases") if placed.kind == "start" else text(language, "End of cases")
        inside = (
            f'<path class="mark" d="M{x - 3:g},{y - 5:g} L{x + 5.5:g},{y:g} L{x - 3:g},{y + 5:g} Z"/>'
            if placed.kind == "start"
            else f'<rect class="mark" x="{x - 4:g}" y="{y - 4:g}" width="8" height="8"/>'
        )
        return (
            f'<g class="terminal {placed.kind}"><title>{escape(title)}</title>'
            f'<circle cx="{x:g}" cy="{y:g}" r="{placed.width / 2:g}"/>{inside}</g>'
        )
    node = nodes[placed.activity]
    top = y - placed.height / 2
    rows = [
        f'<text class="name" x="{x:g}" y="{top + 6 + LINE * (i + 0.75):.1f}" font-size="{FONT:g}" '
        f'text-anchor="middle">{escape(line)}</text>'
        for i, line in enumerate(placed.lines)
    ]
    service = node.service_s.p50
    figures = text(language, "{count} cases", count=f"{node.cases:,}")
    if service:
        figures += f" · {humanise(service, language)}"
    rows.append(
        f'<text class="figures" x="{x:g}" y="{top + 6 + LINE * (len(placed.lines) + 0.72):.1f}" '
        f'font-size="{SMALL:g}" text-anchor="middle">{escape(figures)}</text>'
    )
    title = text(
        language,
        "{activity}: {cases} cases, median handling {service}, median wait before it {wait}, {total} of waiting in all",
        activity=node.activity,
        cases=f"{node.cases:,}",
        service=_or_dash(service, language),
        wait=_or_dash(node.waiting_s.p50, language),
        total=humanise(node.waiting_s.total, language),
    )
    box = (
        f'<rect x="{x - placed.width / 2:.1f}" y="{top:.1f}" '
        f'width="{placed.width:g}" height="{placed.height:g}" rx="8"/>'
    )
    drawn = (
        f'<g class="node w{shade(node.waiting_s.total, heaviest)}" data-activity="{escape(placed.activity)}">'
        f"<title>{escape(title)}</title>{box}{''.join(rows)}</g>"
    )
    return f'<a href="{escape(link(placed.activity))}">{drawn}</a>' if link else drawn


def _or_dash(seconds: float | None, language: Language) -> str:
    return "–" if seconds is None else humanise(seconds, language)
