"""What a log's XML holds, before it is seen as a table."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from collector.files.columns import TRACE

CASE: Final = f"{TRACE}concept:name"
_ALWAYS: Final = (CASE, "concept:name", "time:timestamp")
"""Columns that every log has, even without any event."""


@dataclass(frozen=True)
class Found:
    """Columns of texts, one row an event."""

    columns: dict[str, pa.Array]
    """By name; names of traces' attributes begin with `case:`. In order of their first value."""
    unnamed: int
    """Traces without a name: their position, from 1, stands in CASE."""

    def ordered(self) -> tuple[tuple[str, ...], tuple[pa.Array, ...]]:
        """Names and columns: the case, what else traces have, what events have."""
        columns = self.columns
        if not any(len(column) for column in columns.values()):
            columns = {name: pa.array([], pa.string()) for name in _ALWAYS}
        names = sorted(columns, key=lambda name: (name != CASE, not name.startswith(TRACE)))
        return tuple(names), tuple(columns[name] for name in names)
