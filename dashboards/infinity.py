"""Queries of the Infinity data source on Houtai's API: history, tables, maps. Grafana's SDK has no type for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

INFINITY = "yesoreyeram-infinity-datasource"
API = DataSourceRef(type_val=INFINITY, uid="${api}")
PROCESS_PATH = "/api/v1/processes/${process:percentencode}"

ColumnType = Literal["string", "number", "timestamp"]


@dataclass(frozen=True)
class Column:
    """A column of a table: where its value stands, how it is headed."""

    selector: str
    text: str
    type: ColumnType = "string"


@dataclass(frozen=True)
class InfinityQuery(Dataquery):
    """One GET of the API, its answer as a table or as one half of a node graph.

    `root` and the selectors of columns are gjson paths: `items.#(kind=="role")#` are the items of that kind.
    """

    url: str
    root: str
    columns: tuple[Column, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    format: Literal["table", "node-graph-nodes", "node-graph-edges"] = "table"
    ref: str = "A"

    def to_json(self) -> dict[str, object]:
        """As the panel model holds it."""
        return {
            "refId": self.ref,
            "datasource": {"type": INFINITY, "uid": "${api}"},
            "type": "json",
            "source": "url",
            "parser": "backend",
            "format": self.format,
            "url": self.url,
            "url_options": {
                "method": "GET",
                "data": "",
                "params": [{"key": key, "value": value} for key, value in self.params.items()],
            },
            "root_selector": self.root,
            "columns": [{"selector": c.selector, "text": c.text, "type": c.type} for c in self.columns],
            "filters": [],
        }


class InfinityTarget(Builder[Dataquery]):
    """What the panel builders take."""

    def __init__(self, query: InfinityQuery) -> None:
        self._query = query

    def build(self) -> Dataquery:
        """The query."""
        return self._query
