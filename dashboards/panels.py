"""Panels: each has a title, a description and a unit; texts are messages of the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, heatmap, nodegraph, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from collector.vocabulary.languages import Language, text, word
from dashboards.infinity import API, Column, InfinityQuery, InfinityTarget
from mining import names

PROMETHEUS: Final = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")
CODES: Final = {
    "Severity": ("severity", {"critical": "red", "warning": "orange", "info": "text"}),
    "Status": ("status", dict.fromkeys(("open", "acknowledged", "in_redesign", "resolved", "muted"), "text")),
}
"""Columns of the API that hold a code: context of its words, and code -> colour."""
CAUSE_COLOURS: Final = {**names.CAUSE_COLOURS, "unknown": "#8E8E8E"}
"""A cause looks the same on every page."""

WAITING_COLOUR, REST_COLOUR = "#E69F00", "#D9D9D9"
"""Of the ring of a node: its share of the worst wait, and the rest."""


class _PanelBuilder(Protocol):
    def title(self, title: str, /) -> Self: ...
    def description(self, description: str, /) -> Self: ...
    def unit(self, unit: str, /) -> Self: ...
    def datasource(self, datasource: common_models.DataSourceRef, /) -> Self: ...
    def height(self, h: int, /) -> Self: ...
    def span(self, w: int, /) -> Self: ...
    def with_target(self, target: Builder[Dataquery], /) -> Self: ...
    def build(self) -> models.Panel: ...


P = TypeVar("P", bound=_PanelBuilder)


@dataclass(frozen=True)
class About:
    """What every panel says of itself, and its place: `span` of 24 columns, `height` in rows of 30 px."""

    title: str
    description: str
    unit: str
    span: int
    height: int = 8


def _begin(panel: P, about: About, language: Language, datasource: common_models.DataSourceRef = PROMETHEUS) -> P:
    return (
        panel.title(text(language, about.title))
        .description(text(language, about.description))
        .unit(about.unit)
        .datasource(datasource)
        .span(about.span)
        .height(about.height)
    )


def _ask(expr: str, ref: str, legend: str = "", instant: bool = False, form: str = "time_series") -> Builder[Dataquery]:
    query = prometheus.Dataquery().datasource(PROMETHEUS).expr(expr).ref_id(ref).legend_format(legend or "__auto")
    query = query.format(PromQueryFormat(form))
    return query.instant() if instant else query.range()


def number(
    about: About, language: Language, expr: str, limits: Sequence[tuple[float, str]] = ()
) -> Builder[models.Panel]:
    """One figure, with its course behind it; `limits` are (from this value on, colour), ascending."""
    steps = [models.Threshold(value=None, color="text"), *(models.Threshold(value=v, color=c) for v, c in limits)]
    thresholds = builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
    return (
        _begin(stat.Panel(), about, language)
        .with_target(_ask(expr, "A"))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(common_models.BigValueGraphMode.AREA)
        .color_mode(common_models.BigValueColorMode.VALUE)
        .thresholds(thresholds)
        .no_value("–")
    )


def course(
    about: About,
    language: Language,
    lines: Mapping[str, str],
    stacked: bool = False,
    colours: Mapping[str, str] | None = None,
) -> Builder[models.Panel]:
    """Lines over time; `lines` are legend -> expression, `colours` cause -> colour."""
    panel = (
        _begin(timeseries.Panel(), about, language)
        .fill_opacity(60 if stacked else 8)
        .line_width(1)
        .min(0)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    for place, (legend, expr) in enumerate(lines.items()):
        panel = panel.with_target(_ask(expr, chr(ord("A") + place), text(language, legend)))
    for cause, colour in (colours or {}).items():
        fixed = models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})
        said = models.DynamicConfigValue(id_val="displayName", value=word(language, "cause", cause))
        panel = panel.override_by_name(cause, [fixed, said])
    return panel


def ranking(about: About, language: Language, expr: str, legend: str) -> Builder[models.Panel]:
    """Bars, the longest first."""
    shade = builders.FieldColor().mode(models.FieldColorModeId.CONTINUOUS_BLUES)
    return (
        _begin(bargauge.Panel(), about, language)
        .with_target(_ask(f"sort_desc({expr})", "A", legend, instant=True))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .color_scheme(shade)
        .min(0)
        .no_value("–")
    )


def spread(about: About, language: Language, expr: str) -> Builder[models.Panel]:
    """A heat map of a histogram's buckets; `expr` is summed by `le`."""
    return (
        _begin(heatmap.Panel(), about, language)
        .with_target(_ask(expr, "A", "{{le}}", form="heatmap"))
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").steps(32))
        .y_axis(heatmap.YAxisConfig().unit(about.unit))
    )


def rows(
    about: About, language: Language, query: InfinityQuery, units: Mapping[str, str] | None = None
) -> Builder[models.Panel]:
    """A table from the API; column titles are messages too, `units` are by untranslated title."""
    columns = tuple(Column(c.selector, text(language, c.text), c.type) for c in query.columns)
    said = InfinityQuery(query.url, query.root, columns, query.params, query.format, query.ref)
    panel = (
        _begin(table.Panel(), about, language, API).with_target(InfinityTarget(said)).show_header(True).no_value("–")
    )
    for column, (context, codes) in CODES.items():
        if column in {c.text for c in query.columns}:
            options = {
                code: {"text": word(language, context, code), "color": colour, "index": place}
                for place, (code, colour) in enumerate(codes.items())
            }
            mapped = models.DynamicConfigValue(id_val="mappings", value=[{"type": "value", "options": options}])
            coloured = models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})
            panel = panel.override_by_name(text(language, column), [mapped, coloured])
    for column, unit in (units or {}).items():
        panel = panel.override_by_name(text(language, column), [models.DynamicConfigValue(id_val="unit", value=unit)])
    return panel


def live_map(about: About, language: Language, nodes: str, edges: str) -> Builder[models.Panel]:
    """A node graph from two instant table queries; the names of the queries tell Grafana which is which."""
    return (
        _begin(nodegraph.Panel(), about, language)
        .with_target(_ask(nodes, "nodes", instant=True, form="table"))
        .with_target(_ask(edges, "edges", instant=True, form="table"))
        .nodes(nodegraph.NodeOptions().main_stat_unit(about.unit))
        .edges(nodegraph.EdgeOptions().main_stat_unit(about.unit))
    )


def drawn_map(about: About, language: Language, url: str, params: Mapping[str, str]) -> Builder[models.Panel]:
    """A node graph from the API's `map?format=nodegraph`."""
    arcs = [nodegraph.ArcOption().field("arc__waiting").color(WAITING_COLOUR)]
    arcs.append(nodegraph.ArcOption().field("arc__rest").color(REST_COLOUR))
    panel = _begin(nodegraph.Panel(), about, language, API).nodes(nodegraph.NodeOptions().arcs(arcs))
    for root, form in (("nodes", "node-graph-nodes"), ("edges", "node-graph-edges")):
        query = InfinityQuery(url, root, params=params, format=form, ref=root)  # type: ignore[arg-type]
        panel = panel.with_target(InfinityTarget(query))
    return panel
