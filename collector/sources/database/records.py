"""Delete records: who took a row away, when and why, from an operation log in the same database."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, String, cast, column, literal_column, select

from collector.settings import RecordSettings, TableSettings
from collector.sources.database.events import DeleteRecord
from collector.sources.database.queries import KEYS_AT_ONCE, bound, subquery
from collector.sources.database.state import Known
from collector.sources.database.values import canonical, json_row, json_value, micros_of, row_hash, unpack
from collector.vocabulary.errors import PermanentError

SLACK: Final = 1_000_000
"""A record may be so much (µs) older than the row's last change: columns of whole seconds."""
InUtc = Callable[[Any], frozenset[str]]


def explained(
    connection: Connection, source: str, settings: TableSettings, zone: ZoneInfo, in_utc: InUtc, rows: Sequence[Known]
) -> dict[str, DeleteRecord]:
    """The record of each of these rows, by key, where there is one.

    A record that has explained an earlier deletion of the row, or is older than its last change, does not count; of
    several the last one does.
    """
    recorded = settings.deletions.recorded if settings.deletions is not None else None
    if recorded is None:
        return {}
    by_key = {tuple(_text(value, zone) for value in unpack(each.key)): each for each in rows}
    found: dict[str, DeleteRecord] = {}
    firsts = sorted({key[0] for key in by_key})
    for start in range(0, len(firsts), KEYS_AT_ONCE):
        for key, record in _read(connection, source, settings, recorded, zone, in_utc, firsts[start : start + 200]):
            row = by_key.get(key)
            if row is None or record.hash == row.record:
                continue
            if row.at is not None and record.at is not None and record.at < row.at - SLACK:
                continue
            if row.key not in found or (found[row.key].at or 0) <= (record.at or 0):
                found[row.key] = record
    return found


def _read(
    connection: Connection,
    source: str,
    settings: TableSettings,
    recorded: RecordSettings,
    zone: ZoneInfo,
    in_utc: InUtc,
    firsts: Sequence[str],
) -> list[tuple[tuple[str, ...], DeleteRecord]]:
    # An operation log has the keys of all tables in one column, as text.
    first: ColumnElement[str] = cast(column(recorded.key[0]), String(255))
    statement: Select[Any] = (
        select(literal_column("*"))
        .select_from(subquery(recorded.query, "houtai_records"))
        .where(first.in_([bound(each) for each in firsts]))
    )
    result = connection.execute(statement)
    names = list(result.keys())
    for name in (*recorded.key, recorded.by, recorded.at, recorded.reason):
        if name is not None and name not in names:
            raise PermanentError(
                f"{source}, table {settings.name}: its delete records have no column {name!r} "
                f"(columns: {', '.join(names)})"
            )
    utc = in_utc(result)
    records = []
    for each in result.mappings():
        row = json_row(dict(each), zone, utc)
        key = tuple(_text(each[name], zone) for name in recorded.key)
        at_zone = ZoneInfo("UTC") if recorded.at in utc else zone
        at = micros_of(each[recorded.at], at_zone) if recorded.at is not None else None
        by = row.get(recorded.by) if recorded.by is not None else None
        reason = row.get(recorded.reason) if recorded.reason is not None else None
        records.append((key, DeleteRecord(by, at, reason, row_hash(canonical(row)))))
    return records


def _text(value: Any, zone: ZoneInfo) -> str:
    return str(json_value(value, zone)).strip()
