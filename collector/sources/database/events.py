"""CloudEvents 1.0 of rows that came, changed and vanished, and the bodies in which they go into the log."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from isal import igzip

from collector.settings import TableSettings
from collector.sources.database.state import Known
from collector.sources.database.values import Row, iso_of, readable
from collector.vocabulary.ids import stable_id

BODY_BYTES: Final = 4 * 1024 * 1024
"""About so large is a batch before it is compressed."""
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """What a delete record says. `at` in µs since 1970; `hash` stands for the record itself."""

    by: Any
    at: int | None
    reason: Any
    hash: bytes


def created(source: str, settings: TableSettings, row: Row, known: Known, at: int, *, restored: bool) -> Event:
    """A row was seen for the first time, or again after it had been deleted."""
    data = _columns(settings, row)
    if restored:
        data.setdefault("restored", True)
    return _event(source, settings, "created", known, at, data)


def updated(source: str, settings: TableSettings, row: Row, before: Row, known: Known, at: int) -> Event:
    """A row has changed: `changed` lists the columns, `before.<column>` is what stood there, if anything did."""
    changed = sorted(name for name in row.keys() | before.keys() if row.get(name) != before.get(name))
    data = _columns(settings, row)
    data.setdefault("changed", [_name(settings, name) for name in changed])
    for name in changed:
        if name in before:
            data.setdefault(f"before.{_name(settings, name)}", before[name])
    return _event(source, settings, "updated", known, at, data)


def deleted(
    source: str, settings: TableSettings, row: Row, known: Known, at: int, record: DeleteRecord | None
) -> Event:
    """A row has vanished; `row` is how it was last seen."""
    data = _columns(settings, row)
    data["deleted.recorded"] = record is not None
    if record is not None:
        when = iso_of(record.at) if record.at is not None else None
        told = {"deleted.by": record.by, "deleted.at": when, "deleted.reason": record.reason}
        data |= {name: value for name, value in told.items() if value is not None}
    return _event(source, settings, "deleted", known, at, data)


def bodies(source: str, first: int, events: Iterable[Event], limit: int = BODY_BYTES) -> Iterator[bytes]:
    """The events as bodies of the log's EVENTS records, compressed; batch numbers count from `first`."""
    pieces: list[str] = []
    size = 0
    for event in events:
        piece = _COMPACT.encode(event)
        if pieces and size + len(piece) > limit:
            yield _body(source, first, pieces)
            first, pieces, size = first + 1, [], 0
        pieces.append(piece)
        size += len(piece)
    if pieces:
        yield _body(source, first, pieces)


def _body(source: str, number: int, pieces: list[str]) -> bytes:
    head = f'{{"source":{json.dumps(source)},"batch":{number},"events":['
    return bytes(igzip.compress((head + ",".join(pieces) + "]}").encode("utf-8", "replace"), 1))


def _event(
    source: str,
    settings: TableSettings,
    operation: Literal["created", "updated", "deleted"],
    known: Known,
    at: int,
    data: Row,
) -> Event:
    kind = f"{settings.name}.{operation}"
    if settings.event is not None and operation != "deleted":
        kind = settings.event
    return {
        "specversion": "1.0",
        "id": stable_id(source, settings.name, known.key, str(known.version), operation, known.hash.hex()),
        "source": source,
        "type": kind,
        "subject": readable(known.key),
        "time": iso_of(at),
        "table": settings.name,
        "operation": operation,
        "datacontenttype": "application/json",
        "data": data,
    }


def _columns(settings: TableSettings, row: Mapping[str, Any]) -> Row:
    return {_name(settings, name): value for name, value in row.items()}


def _name(settings: TableSettings, name: str) -> str:
    return name if settings.prefix is None else f"{settings.prefix}.{name}"
