"""An OCEL 2.0 SQLite database as JSON, event by event."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import IO, Any

from collector.files.writing.ocel_rows import attributes, event_tables, events, objects


def write_json(log: sqlite3.Connection, file: IO[bytes]) -> None:
    """Write the whole log."""
    file.write(b'{"objectTypes":')
    _list(file, ({"name": kind, "attributes": []} for kind in _types(log)))
    file.write(b',"eventTypes":')
    _list(
        file,
        (
            {"name": kind, "attributes": [{"name": name, "type": "string"} for name in attributes(log, table)]}
            for kind, table in event_tables(log).items()
        ),
    )
    file.write(b',"objects":')
    _list(file, ({"id": name, "type": kind, "attributes": []} for name, kind in objects(log)))
    file.write(b',"events":')
    _list(
        file,
        (
            {
                "id": each.name,
                "type": each.kind,
                "time": each.time,
                "attributes": [{"name": key, "value": value} for key, value in each.values.items()],
                "relationships": [{"objectId": name, "qualifier": qualifier} for name, qualifier in each.objects],
            }
            for each in events(log)
        ),
    )
    file.write(b"}\n")


def _types(log: sqlite3.Connection) -> Iterator[str]:
    for (kind,) in log.execute("SELECT ocel_type FROM object_map_type"):
        yield kind


def _list(file: IO[bytes], items: Iterable[dict[str, Any]]) -> None:
    before = b"[\n"
    for each in items:
        file.write(before + json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode())
        before = b",\n"
    file.write(b"]" if before == b",\n" else b"[]")
