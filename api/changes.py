"""Releases, configuration and rule changes: those that somebody told us of, and releases seen by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa
import structlog

import mining.findings.facts as findings

Kind = Literal["release", "configuration", "rule"]

_metadata = sa.MetaData()
_changes: Final = sa.Table(
    "changes",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("time", sa.BigInteger, nullable=False, index=True),
    sa.Column("system", sa.String, nullable=False),
    sa.Column("version", sa.String),
    sa.Column("author", sa.String),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("seen", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_autoincrement=True,
)
_GIVEN_NEAR: Final = 24 * 3600 * 1_000_000
"""So near (µs) to a release that somebody told us of, the same version's first span is not noted once more."""


_TOLD: Final = 1000
"""Changes that findings are held against; older ones have no part in the window any more."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Change:
    """One change; `time` in µs UTC, when it took effect."""

    id: int
    time: int
    system: str
    version: str | None
    author: str | None
    kind: str
    description: str | None
    seen: bool = False
    """Whether nobody told us: the service's version moved."""


class Changes:
    """The table of changes in a small database (any SQLAlchemy URL)."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        _metadata.create_all(self._engine)
        if "seen" not in {column["name"] for column in sa.inspect(self._engine).get_columns("changes")}:
            # The table is of a version that saw none by itself.
            with self._engine.begin() as connection:
                connection.execute(sa.text("ALTER TABLE changes ADD COLUMN seen BOOLEAN NOT NULL DEFAULT FALSE"))

    def add(
        self, time: int, system: str, kind: Kind, version: str | None, author: str | None, description: str | None
    ) -> Change:
        """Note a change and give it back with its id."""
        values = {"time": time, "system": system, "kind": kind}
        values |= {"version": version, "author": author, "description": description}
        with self._engine.begin() as connection:
            key = connection.execute(sa.insert(_changes).values(**values)).inserted_primary_key
        return Change(int(key[0]) if key else 0, time, system, version, author, kind, description)

    def see(self, time: int, system: str, version: str) -> bool:
        """Note a release that was seen, unless it is noted already, or somebody told us of it; gives whether it was."""
        same = sa.and_(_changes.c.system == system, _changes.c.version == version, _changes.c.kind == "release")
        given = sa.and_(~_changes.c.seen, _changes.c.time.between(time - _GIVEN_NEAR, time + _GIVEN_NEAR))
        there = sa.or_(given, sa.and_(_changes.c.seen, _changes.c.time == time))
        values = {"time": time, "system": system, "version": version, "kind": "release", "seen": True}
        with self._engine.begin() as connection:
            if connection.execute(sa.select(_changes.c.id).where(same, there).limit(1)).first() is not None:
                return False
            connection.execute(sa.insert(_changes).values(**values))
        return True

    def latest(self, limit: int, before: tuple[int, int] | None = None) -> Sequence[Change]:
        """The newest changes first, at most `limit`; `before` is (time, id) of the last one already seen."""
        query = sa.select(_changes).order_by(_changes.c.time.desc(), _changes.c.id.desc()).limit(limit)
        if before is not None:
            time, key = before
            older = sa.or_(_changes.c.time < time, sa.and_(_changes.c.time == time, _changes.c.id < key))
            query = query.where(older)
        with self._engine.connect() as connection:
            return [
                Change(row.id, row.time, row.system, row.version, row.author, row.kind, row.description, row.seen)
                for row in connection.execute(query)
            ]

    def for_findings(self) -> Sequence[findings.Change]:
        """The newest changes as findings tell of them; none where they cannot be read, which is logged."""
        try:
            return [findings.Change(c.time, c.system, c.version or c.description or c.kind) for c in self.latest(_TOLD)]
        except sa.exc.SQLAlchemyError:
            log.exception("changes.failed")
            return ()

    def remove(self, key: int) -> None:
        """Take a change back that could not be put on the record."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_changes).where(_changes.c.id == key))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
