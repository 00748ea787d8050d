"""Values of PostgreSQL: times that Python has none for, and values from text as the driver gives them."""

import re
from collections.abc import Callable
from typing import Any

from psycopg import DataError, postgres, pq
from psycopg.adapt import Transformer
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader


class _LenientDate(DateLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


class _LenientTimestamp(TimestampLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


class _LenientTimestamptz(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


def lenient_times(connection: Any, _record: object) -> None:
    """`infinity` and years before Christ as text: one such row must not keep a whole table out."""
    adapters = connection.adapters
    for name, loader in (
        ("date", _LenientDate),
        ("timestamp", _LenientTimestamp),
        ("timestamptz", _LenientTimestamptz),
    ):
        adapters.register_loader(name, loader)


def text_values(connection: Any) -> Callable[[str, str], Any]:
    """Gives a value from its type's name and its text, exactly as psycopg does for a column of this connection."""
    transformer = Transformer(connection)
    loaders: dict[str, Callable[[Any], Any] | None] = {}

    def loader(kind: str) -> Callable[[Any], Any] | None:
        # numeric(12,2) and character varying(20)[] by their bare names
        name = re.sub(r"\([^)]*\)", "", kind)
        known = postgres.types.get(name.removesuffix("[]"))
        if known is None:
            return None
        oid = known.array_oid if name.endswith("[]") else known.oid
        return transformer.get_loader(oid, pq.Format.TEXT).load

    def value(kind: str, text: str) -> Any:
        if kind not in loaders:
            loaders[kind] = loader(kind)
        load = loaders[kind]
        try:
            return load(text.encode()) if load is not None else text
        except (DataError, ValueError):
            return text

    return value
