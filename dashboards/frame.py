"""What all dashboards have in common: variables, links, ids, places."""

from collections.abc import Iterable
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from collector.vocabulary.languages import Language, text
from dashboards.infinity import INFINITY
from dashboards.panels import PROMETHEUS
from mining import names

TAG: Final = "houtai"


class _Numbered(Builder[models.Panel]):
    """A panel with an id: the SDK leaves it empty, and links to a panel need it."""

    def __init__(self, panel: Builder[models.Panel], number: int) -> None:
        self._panel, self._number = panel, number

    def build(self) -> models.Panel:
        """The panel."""
        made = self._panel.build()
        made.id_val = self._number
        return made


def frame(
    uid: str, title: str, description: str, since: str, language: Language, panels: Iterable[Builder[models.Panel]]
) -> models.Dashboard:
    """A dashboard of `panels`, laid out left to right in 24 columns; `since` begins its usual range ("now-7d")."""
    board = (
        builders.Dashboard(text(language, title))
        .uid(uid)
        .description(text(language, description))
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .time(since, "now")
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables(_variables(language))
        .annotation(_alerts(language))
        .link(
            builders.DashboardLink(text(language, "More dashboards"))
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )
    for number, panel in enumerate(panels, start=1):
        board = board.with_panel(_Numbered(panel, number))
    made = board.build()
    for shown in (*(made.links or ()), *(made.annotations.list_val if made.annotations else ())):
        # The SDK puts them into a menu that only the newest Grafana has.
        shown.placement = None
    return made


def _variables(language: Language) -> list[Builder[models.VariableModel]]:
    return [
        builders.DatasourceVariable("datasource").label(text(language, "Metrics")).type("prometheus"),
        builders.DatasourceVariable("api").label(text(language, "History")).type(INFINITY),
        builders.QueryVariable("process")
        .label(text(language, "Process"))
        .datasource(PROMETHEUS)
        .query(f"label_values({names.MINING_EVENTS_HELD}, process)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC),
    ]


def _alerts(language: Language) -> Builder[models.AnnotationQuery]:
    return (
        builders.AnnotationQuery()
        .name(text(language, "Alerts"))
        .datasource(PROMETHEUS)
        .enable(True)
        .icon_color("red")
        .expr('ALERTS{alertstate="firing",alertname!="Watchdog",process=~"$process|"}')
        .title_format("{{alertname}}")
        .text_format("{{process}} {{severity}}")
        .step("60s")
    )
