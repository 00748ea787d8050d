"""Reading the store: which segments count."""

from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from collector.store.segment import Kind, Segment
from collector.store.tables import SEGMENTS, open_database


class Store:
    """The committed segments of a data folder; read-only, in any process, while the converter writes."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "segments"
        self._path = data / "manifest.sqlite"
        self._engine: Engine | None = None

    def segments(self, kind: Kind, after: int = 0) -> list[Segment]:
        """Committed segments of `kind` with an id above `after`, by id; none while there is no manifest yet."""
        if not self._path.exists():
            return []
        if self._engine is None:
            self._engine = open_database(self._path, readonly=True)
        query = select(SEGMENTS).where(SEGMENTS.c.kind == kind, SEGMENTS.c.id > after).order_by(SEGMENTS.c.id)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
        except OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):
                return []
            raise
        return [
            Segment(row.id, kind, self._folder / row.name, row.first, row.last, row.rows, row.committed) for row in rows
        ]
