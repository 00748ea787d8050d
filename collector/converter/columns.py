"""Rows gathered column by column, and made an Arrow table at the end."""

import pyarrow as pa

from collector.converter.span import Source, Span
from collector.store.schema import LOG_SCHEMA, SPAN_SCHEMA
from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA


class _Maps:
    """A column of map<string, string>."""

    def __init__(self) -> None:
        self._offsets, self._keys, self._values = [0], list[str](), list[str]()

    def add(self, pairs: dict[str, str]) -> None:
        self._keys.extend(pairs)
        self._values.extend(pairs.values())
        self._offsets.append(len(self._keys))

    def array(self) -> pa.Array:
        return pa.MapArray.from_arrays(
            pa.array(self._offsets, pa.int32()), pa.array(self._keys, pa.string()), pa.array(self._values, pa.string())
        )


class SpanColumns:
    """Rows of SPAN_SCHEMA."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._attributes = _Maps()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, span: Span, status: str, attributes: dict[str, str]) -> None:
        """One span, with all its attributes."""
        links = [{"trace_id": trace.hex(), "span_id": linked.hex()} for trace, linked in span.links]
        self._rows.append(
            (
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent.hex() if span.parent else None,
                span.name,
                span.kind,
                span.source.service,
                span.start,
                span.end,
                status,
                links,
                span.source.json,
            )
        )
        self._attributes.add(attributes)

    def table(self) -> pa.Table:
        """All rows."""
        return _table(SPAN_SCHEMA, self._rows, {"attributes": self._attributes})


class LogColumns:
    """Rows of LOG_SCHEMA."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._attributes = _Maps()

    def add(
        self,
        time: int,
        ids: tuple[str, str],
        severity: int,
        name: str,
        body: str,
        attributes: list[tuple[str, str]],
        source: Source,
    ) -> None:
        """One log record; `time` in µs UTC, 0 where it has none; `ids` of trace and span, empty where it has none."""
        row = (time or None, ids[0] or None, ids[1] or None, severity, name, source.service, body, source.json)
        self._rows.append(row)
        self._attributes.add(dict(attributes))

    def table(self) -> pa.Table:
        """All rows."""
        return _table(LOG_SCHEMA, self._rows, {"attributes": self._attributes})


class EventColumns:
    """Rows of EVENT_SCHEMA."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._fields = _Maps()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: tuple[object, ...], fields: dict[str, str]) -> None:
        """One event: every column but `fields`, in the order of the schema."""
        self._rows.append(row)
        self._fields.add(fields)

    def table(self) -> pa.Table:
        """All rows."""
        return _table(EVENT_SCHEMA, self._rows, {"fields": self._fields})


def links_table(rows: list[tuple[str, str, str]]) -> pa.Table:
    """Rows of LINK_SCHEMA."""
    return _table(LINK_SCHEMA, list(rows), {})


def _table(schema: pa.Schema, rows: list[tuple[object, ...]], maps: dict[str, _Maps]) -> pa.Table:
    columns = iter(zip(*rows, strict=True)) if rows else iter(() for _ in schema)
    arrays = [maps[f.name].array() if f.name in maps else pa.array(next(columns), f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)
