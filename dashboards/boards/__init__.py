"""The dashboards. A new one is a file with one function of the same name, and one line here."""

from collections.abc import Callable
from typing import Final

from grafana_foundation_sdk.models.dashboard import Dashboard

from collector.vocabulary.languages import Language
from dashboards.boards.bottlenecks import bottlenecks
from dashboards.boards.on_call import on_call
from dashboards.boards.roles import roles

Board = Callable[[Language], Dashboard]
BOARDS: Final[tuple[Board, ...]] = (bottlenecks, on_call, roles)

__all__ = ["BOARDS", "Board"]
