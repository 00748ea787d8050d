"""Reading the store: which segments count."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, Row, Select, select
from sqlalchemy.exc import OperationalError

from collector.store.segment import Kind, Segment
from collector.store.tables import POSITION, SEGMENTS, STATE, open_database

GENERATION: Final = "generation"
BAD_SEGMENT: Final = "bad_segment:"


class Store:
    """The committed segments of a data folder; read-only, in any process, while the converter writes."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._folder = data / "segments"
        self._path = data / "manifest.sqlite"
        self._engine: Engine | None = None

    def segments(self, kind: Kind, after: int = 0) -> list[Segment]:
        """Committed segments of `kind` with an id above `after`, by id; none while there is no manifest yet."""
        query = select(SEGMENTS).where(SEGMENTS.c.kind == kind, SEGMENTS.c.id > after).order_by(SEGMENTS.c.id)
        return [
            Segment(row.id, kind, self._folder / row.name, row.first, row.last, row.rows, row.committed)
            for row in self._rows(query)
        ]

    def state(self, prefix: str = "") -> dict[str, str]:
        """What sources and services left behind (`collector.store.tables.STATE`) under names that begin so."""
        rows = self._rows(select(STATE).where(STATE.c.name.startswith(prefix, autoescape=True)).order_by(STATE.c.name))
        return {row.name: row.value for row in rows}

    def position(self) -> int:
        """The last position of the write-ahead log that is converted and committed; 0 before the first."""
        return max((int(row.last) for row in self._rows(select(POSITION.c.last))), default=0)

    def generation(self) -> int:
        """How often something that may have been read already was changed: whoever follows then begins anew."""
        return int(self.state(GENERATION).get(GENERATION, 0))

    def bad(self) -> dict[str, str]:
        """Names of segment files that cannot be read, with what is wrong."""
        return {name.removeprefix(BAD_SEGMENT): reason for name, reason in self.state(BAD_SEGMENT).items()}

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        if not self._path.exists():
            return []
        if self._engine is None:
            self._engine = open_database(self._path, readonly=True)
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).all()
        except OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):
                return []
            raise
