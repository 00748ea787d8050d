"""What is remembered of findings between runs: when first and last seen, their status and owner."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from collector.vocabulary.errors import PermanentError

STATUSES: Final = ("open", "acknowledged", "in_redesign", "resolved", "muted")

_metadata = sa.MetaData()
_findings = sa.Table(
    "findings",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("first_seen", sa.BigInteger, nullable=False),
    sa.Column("last_seen", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String, nullable=False, default="open"),
    sa.Column("owner", sa.String),
)


@dataclass(frozen=True)
class State:
    """What the register knows of one finding; times in µs UTC."""

    first_seen: int
    last_seen: int
    status: str
    owner: str | None


class Register:
    """Finding states in a small database (any SQLAlchemy URL)."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        _metadata.create_all(self._engine)

    def seen(self, ids: Iterable[str], now: int) -> dict[str, State]:
        """Note that the findings `ids` are there at `now` (µs UTC), and give the state of each."""
        wanted = sorted(set(ids))
        with self._engine.begin() as connection:
            known = {row.id for row in connection.execute(sa.select(_findings.c.id))}
            fresh = [i for i in wanted if i not in known]
            if fresh:
                rows = [{"id": i, "first_seen": now, "last_seen": now, "status": "open"} for i in fresh]
                connection.execute(sa.insert(_findings), rows)
            old = [i for i in wanted if i in known]
            if old:
                update = sa.update(_findings).where(_findings.c.id == sa.bindparam("key")).values(last_seen=now)
                connection.execute(update, [{"key": i} for i in old])
            states = {
                row.id: State(row.first_seen, row.last_seen, row.status, row.owner)
                for row in connection.execute(sa.select(_findings))
            }
        return {i: states[i] for i in wanted}

    def state(self, finding_id: str) -> State | None:
        """What is known of one finding."""
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(_findings).where(_findings.c.id == finding_id)).one_or_none()
        return None if row is None else State(row.first_seen, row.last_seen, row.status, row.owner)

    def change(self, finding_id: str, status: str | None = None, owner: str | None = None) -> tuple[State, State]:
        """Set status or owner (None leaves it); gives the state before and after.

        Raises PermanentError for an unknown finding or status.
        """
        if status is not None and status not in STATUSES:
            raise PermanentError(f"status: {status!r} is none of {', '.join(STATUSES)}")
        before = self.state(finding_id)
        if before is None:
            raise PermanentError(f"finding {finding_id}: not known")
        values = {k: v for k, v in (("status", status), ("owner", owner)) if v is not None}
        if values:
            with self._engine.begin() as connection:
                connection.execute(sa.update(_findings).where(_findings.c.id == finding_id).values(**values))
        after = self.state(finding_id)
        if after is None:
            raise PermanentError(f"finding {finding_id}: not known")
        return before, after

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
