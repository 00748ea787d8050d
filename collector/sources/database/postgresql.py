"""PostgreSQL's times that Python has none for."""

from typing import Any

from psycopg import DataError
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
