"""What was delivered to whom: kept in SQLite, so that a restart says nothing twice."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from alerts.settings import Urgency
from collector.vocabulary.languages import Language

_metadata = sa.MetaData()
_said = sa.Table(
    "said",
    _metadata,
    sa.Column("finding", sa.String, primary_key=True),
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("process", sa.String, nullable=False),
    sa.Column("urgency", sa.String, nullable=False),
    sa.Column("titles", sa.String, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.BigInteger),
    sa.Column("over", sa.BigInteger),
)
_digests = sa.Table(
    "digests",
    _metadata,
    sa.Column("process", sa.String, primary_key=True),
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("day", sa.String, nullable=False),
)


_reports = sa.Table(
    "reports",
    _metadata,
    sa.Column("process", sa.String, primary_key=True),
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("moment", sa.String, nullable=False),
)


@dataclass(frozen=True)
class Said:
    """One finding as said to one target; times in µs UTC."""

    finding: str
    target: str
    """Hash of the URL: the URL itself is a secret."""
    process: str
    urgency: Urgency
    titles: Mapping[Language, str]
    first: int
    last: int
    """When it was last said."""
    gone: int | None = None
    """Since when the finding is not there."""
    over: int | None = None
    """When it was said, or silently noted, that it is over."""


class Ledger:
    """The rows, in a small database."""

    def __init__(self, path: Path | None) -> None:
        """`path` of the SQLite file; None keeps them in memory."""
        if path is None:
            memory = {"check_same_thread": False}
            self._engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args=memory)
        else:
            self._engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
        _metadata.create_all(self._engine)

    def rows(self) -> dict[tuple[str, str], Said]:
        """All rows by (finding, target)."""
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(_said)).mappings().all()
        return {(row["finding"], row["target"]): Said(**{**row, "titles": json.loads(row["titles"])}) for row in found}

    def write(self, rows: Iterable[Said]) -> None:
        """Put rows in, in place of those of the same finding and target."""
        values = [{**vars(row), "titles": json.dumps(dict(row.titles), ensure_ascii=False)} for row in rows]
        if values:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_said).prefix_with("OR REPLACE"), values)

    def forget(self, before: int) -> None:
        """Let go of what was over before (µs UTC)."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_said).where(_said.c.over < before))

    def digest_day(self, process: str, target: str) -> str | None:
        """The local day (ISO) of the last digest."""
        query = sa.select(_digests.c.day).where(_digests.c.process == process, _digests.c.target == target)
        with self._engine.begin() as connection:
            day: str | None = connection.execute(query).scalar_one_or_none()
        return day

    def note_digest(self, process: str, target: str, day: str) -> None:
        """A digest was sent, or there was nothing to send, on `day`."""
        values = {"process": process, "target": target, "day": day}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_digests).prefix_with("OR REPLACE"), values)

    def report_moment(self, process: str, target: str) -> str | None:
        """The due moment of the last weekly report that was sent or passed over."""
        query = sa.select(_reports.c.moment).where(_reports.c.process == process, _reports.c.target == target)
        with self._engine.begin() as connection:
            moment: str | None = connection.execute(query).scalar_one_or_none()
        return moment

    def note_report(self, process: str, target: str, moment: str) -> None:
        """The report due at `moment` was sent, or is not to be."""
        values = {"process": process, "target": target, "moment": moment}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_reports).prefix_with("OR REPLACE"), values)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
