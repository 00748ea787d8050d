"""The record of who did what in Houtai itself: rows are added and never changed."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

Value = str | int | float | bool | None

_metadata = sa.MetaData()
_operations: Final = sa.Table(
    "operations",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sqlite_autoincrement=True,
)
_TRIGGERS: Final = tuple(
    f"CREATE TRIGGER IF NOT EXISTS operations_no_{verb.lower()} BEFORE {verb} ON operations "
    "BEGIN SELECT RAISE(ABORT, 'the record of operations is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)


@dataclass(frozen=True)
class Operation:
    """One thing somebody did; `time` in µs UTC, `before` and `after` null where there was or is nothing."""

    id: int
    time: int
    who: str
    what: str
    subject: str
    before: dict[str, Value] | None
    after: dict[str, Value] | None


class Operations:
    """The append-only table. `clock` gives µs UTC."""

    def __init__(self, url: str, clock: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self.url = url
        self._clock = clock
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        _metadata.create_all(self._engine)
        if self._engine.dialect.name == "sqlite":
            with self._engine.begin() as connection:
                for trigger in _TRIGGERS:
                    connection.execute(sa.text(trigger))

    def record(
        self,
        who: str,
        what: str,
        subject: str,
        before: Mapping[str, Value] | None,
        after: Mapping[str, Value] | None,
    ) -> Operation:
        """Add a row and give it back as it was written."""
        row = {
            "time": self._clock(),
            "who": who,
            "what": what,
            "subject": subject,
            "before": _dump(before),
            "after": _dump(after),
        }
        with self._engine.begin() as connection:
            key = connection.execute(sa.insert(_operations).values(**row)).inserted_primary_key
        return self._one(int(key[0]) if key else 0)

    def latest(self, limit: int, before_id: int | None = None) -> Sequence[Operation]:
        """The newest operations first, at most `limit`, those older than `before_id` where it is given."""
        query = sa.select(_operations).order_by(_operations.c.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(_operations.c.id < before_id)
        with self._engine.connect() as connection:
            return [_operation(row) for row in connection.execute(query)]

    def of(self, subject: str, limit: int = 20) -> Sequence[Operation]:
        """What was done to `subject`, newest first."""
        query = (
            sa.select(_operations)
            .where(_operations.c.subject == subject)
            .order_by(_operations.c.id.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [_operation(row) for row in connection.execute(query)]

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _one(self, key: int) -> Operation:
        with self._engine.connect() as connection:
            return _operation(connection.execute(sa.select(_operations).where(_operations.c.id == key)).one())


def _operation(row: sa.Row[tuple[object, ...]]) -> Operation:
    return Operation(row.id, row.time, row.who, row.what, row.subject, _load(row.before), _load(row.after))


def _dump(values: Mapping[str, Value] | None) -> str | None:
    return None if values is None else json.dumps(dict(values), ensure_ascii=False, sort_keys=True)


def _load(values: str | None) -> dict[str, Value] | None:
    return None if values is None else dict(json.loads(values))
