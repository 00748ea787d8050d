"""What people said of the branches of processes, kept."""

from dataclasses import dataclass

import sqlalchemy as sa

from mining.reference.marks import MARKS, Branch, Mark

_metadata = sa.MetaData()
_marks = sa.Table(
    "marks",
    _metadata,
    sa.Column("process", sa.String, primary_key=True),
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("mark", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Marked:
    """One mark: what it says, who set it, when (µs UTC)."""

    mark: Mark
    who: str
    at: int


class MarkBook:
    """One row a branch in a small database (any SQLAlchemy URL). The beginning or end of cases is kept as ''."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        _metadata.create_all(self._engine)

    def set(self, process: str, branch: Branch, marked: Marked | None) -> None:
        """Put a mark in place of an earlier one; None takes it away."""
        row = {"process": process, "source": branch[0] or "", "target": branch[1] or ""}
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_marks).where(*(_marks.c[name] == value for name, value in row.items())))
            if marked is not None:
                more = {"mark": marked.mark, "who": marked.who, "time": marked.at}
                connection.execute(sa.insert(_marks).values(**row, **more))

    def of(self, process: str) -> dict[Branch, Marked]:
        """All marks of a process."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(_marks).where(_marks.c.process == process)).all()
        known = {mark: mark for mark in MARKS}
        return {(row.source or None, row.target or None): Marked(known[row.mark], row.who, row.time) for row in rows}

    def marks(self, process: str) -> dict[Branch, Mark]:
        """What they say."""
        return {branch: marked.mark for branch, marked in self.of(process).items()}

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
