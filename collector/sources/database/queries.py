"""What is asked of a table: pages behind a place, all keys, rows by their keys; for any dialect of SQLAlchemy."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    column,
    literal_column,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.types import NullType

from collector.settings import TableSettings

KEYS_AT_ONCE = 200


def bound(value: Any) -> BindParameter[Any]:
    """A value without a type of its own: the driver and the column decide (an enum, a uuid, a numeric key)."""
    return bindparam(None, value, type_=NullType(), unique=True)


def subquery(query: str, name: str, **values: Any) -> FromClause:
    """A query of the user's as something to select from; `values` are bound where it names them."""
    statement = text(query.strip().rstrip(";"))
    parameters = [bindparam(key, value, type_=NullType()) for key, value in values.items()]
    return statement.bindparams(*parameters).columns().subquery(name)


class Queries:
    """The statements of one table."""

    def __init__(self, settings: TableSettings) -> None:
        self._settings = settings
        self._key: list[ColumnElement[Any]] = [column(name) for name in settings.key]
        self._cursor: ColumnElement[Any] | None = column(settings.cursor) if settings.cursor is not None else None
        self.asks_for_cursor = settings.query is not None and settings.start is not None and ":cursor" in settings.query

    def page(self, lower: Any, after: Sequence[Any] | None, limit: int) -> Select[Any]:
        """Rows from the cursor `lower` on (None: all that have one), behind `after` (cursor, then key), in that order.

        Without a cursor column: all rows behind the key `after`.
        """
        if self._cursor is None:
            return self._ordered(self._all(None), self._key, after, limit)
        found = self._all(lower)
        found = found.where(self._cursor.is_not(None) if lower is None else self._cursor >= bound(lower))
        return self._ordered(found, [self._cursor, *self._key], after, limit)

    def without_cursor(self, after: Sequence[Any] | None, limit: int) -> Select[Any]:
        """Rows whose cursor is NULL, behind the key `after`, in its order."""
        assert self._cursor is not None
        return self._ordered(self._all(None).where(self._cursor.is_(None)), self._key, after, limit)

    def keys(self) -> Select[Any]:
        """The key of every row, in no order."""
        return select(*self._key).select_from(self._source(None))

    def rows(self, keys: Sequence[Sequence[Any]]) -> Select[Any]:
        """The rows with these keys, as far as they are there; at most KEYS_AT_ONCE."""
        if len(self._key) == 1:
            return self._all(None).where(self._key[0].in_([bound(key[0]) for key in keys]))
        return self._all(None).where(
            or_(*(and_(*(c == bound(v) for c, v in zip(self._key, key, strict=True))) for key in keys))
        )

    def _all(self, lower: Any) -> Select[Any]:
        return select(literal_column("*")).select_from(self._source(lower))

    def _source(self, lower: Any) -> FromClause:
        settings = self._settings
        if settings.query is None:
            schema, _, name = (settings.table or settings.name).rpartition(".")
            return table(name, schema=schema or None)
        values = {"cursor": settings.start if lower is None else lower} if self.asks_for_cursor else {}
        return subquery(settings.query, "houtai_rows", **values)

    def _ordered(
        self, found: Select[Any], columns: Sequence[ColumnElement[Any]], after: Sequence[Any] | None, limit: int
    ) -> Select[Any]:
        if after is not None:
            # Row values, (a, b) > (1, 2), are not known everywhere. The first condition is for the index.
            steps = [
                and_(*(columns[i] == bound(after[i]) for i in range(place)), columns[place] > bound(after[place]))
                for place in range(len(columns))
            ]
            found = found.where(columns[0] >= bound(after[0]), or_(*steps))
        return found.order_by(*columns).limit(limit)
