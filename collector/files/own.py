"""Houtai's own tables of events (`houtai export events` as CSV, XLSX, Parquet, JSON lines) come back as they went."""

from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.files.log import EventTable, FileQuality, RawLog, ReadOptions
from collector.files.rest import shown
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text
from collector.vocabulary.schema import EVENT_SCHEMA, OBJECT_TYPE

COLUMNS: Final = ("event_id", "process", "case_id", *EVENT_SCHEMA.names[2:])
"""Of such a table, in this order."""
ESCAPED: Final = r"^'([=+\-@\t\r'＝＋－＠])"
"""A sign before texts that a spreadsheet would take for a formula (or that begin with that sign)."""
_BATCH_ROWS: Final = 1 << 17
_NESTED: Final = {"objects": pa.list_(OBJECT_TYPE), "fields": pa.map_(pa.string(), pa.string())}
_KINDS: Final[dict[str, pa.DataType]] = {
    "case_id": pa.string(),
    **{
        field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        for field in EVENT_SCHEMA
    },
}


class _Object(msgspec.Struct):
    type: str
    id: str
    qualifier: str | None = None


def is_own(names: tuple[str, ...]) -> bool:
    """Whether these are the columns of an export with all of them."""
    return names == COLUMNS


def own_parquet(path: Path) -> pa.Table | None:
    """The table in a Parquet file if it is an export with all columns; None for any other, or a damaged one."""
    try:
        if tuple(pq.read_schema(path).names) != COLUMNS:
            return None
        table = pq.read_table(path, partitioning=None)
        return pa.table([_plain(table[name]).cast(_KINDS[name]) for name in COLUMNS], names=list(COLUMNS))
    except (pa.ArrowException, OSError, UnicodeError):
        return None


def from_texts(raw: RawLog, options: ReadOptions, *, escaped: bool) -> EventTable:
    """The events of an export in texts; PermanentError names row and column.

    `escaped`: texts have the sign against formulas.
    """
    columns = {}
    for name, column in zip(raw.names, raw.columns, strict=True):
        texts = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        if escaped:
            texts = pc.replace_substring_regex(texts, ESCAPED, r"\1")
        columns[name] = _Parsed(raw, options, name).column(texts)
    return events(pa.table([columns[name] for name in COLUMNS], names=list(COLUMNS)), raw.path, options, raw.place)


def events(table: pa.Table, path: Path, options: ReadOptions, place: object = None) -> EventTable:
    """The events of an export, the object of its case first among an event's objects."""
    say = text
    where = place if callable(place) else lambda i: say(options.language, "row {row}", row=i + 1)
    for name in ("activity", "start", "end"):
        if table[name].null_count:
            row = int(np.argmax(pc.is_null(table[name]).to_numpy()))
            message = say(
                options.language, "{file}, {place}: column {column} is empty", file=path, place=where(row), column=name
            )
            raise PermanentError(message)
    processes = pc.unique(table["process"]).to_pylist()
    if len(processes) > 1:
        listed = ", ".join(sorted(str(each) for each in processes)[:5])
        message = "{file}: holds several processes ({names}): export one at a time with --process"
        raise PermanentError(say(options.language, message, file=path, names=listed))
    rows = len(table)
    objects, leading = _case_first(table, options)
    made = {name: table[name] for name in EVENT_SCHEMA.names}
    made |= {
        "event_id": pa.array([f"{i:012d}" for i in range(rows)], pa.string()),
        "process": pa.array([options.process], pa.string()).take(pa.array(np.zeros(rows, np.int32))),
        "actor_kind": pc.fill_null(table["actor_kind"], "system"),
        "outcome": pc.fill_null(table["outcome"], "ok"),
        "objects": objects,
        "fields": pc.if_else(pc.is_null(table["fields"]), pa.scalar([], _NESTED["fields"]), table["fields"]),
    }
    whole = pa.table(
        [_encoded(made[field.name], field.type) for field in EVENT_SCHEMA], schema=EVENT_SCHEMA
    ).combine_chunks()
    quality = FileQuality(without_case=table["case_id"].null_count)
    return EventTable(tuple(whole.to_batches(max_chunksize=_BATCH_ROWS)), quality, leading=leading)


def _case_first(table: pa.Table, options: ReadOptions) -> tuple[pa.Array, str]:
    """The objects of each event with that of its case first, and the type of that."""
    objects = table["objects"].combine_chunks() if len(table) else pa.array([], _NESTED["objects"])
    cases = table["case_id"].to_pylist()
    first = pc.list_slice(objects, 0, 1)
    lengths = np.asarray(pc.fill_null(pc.list_value_length(first), 0).to_numpy(zero_copy_only=False))
    if len(table) and lengths.all():
        heads = first.flatten()
        kinds = pc.unique(heads.field("type"))
        if len(kinds) == 1 and pc.all(pc.equal(heads.field("id"), table["case_id"].combine_chunks())).as_py():
            return objects, kinds[0].as_py()
    rows = [each or [] for each in objects.to_pylist()]
    counts: dict[str, int] = {}
    cases = [case if case is None else _told(case) for case in cases]
    for row, case in zip(rows, cases, strict=True):
        for each in row:
            if _told(each["id"]) == case:
                counts[each["type"]] = counts.get(each["type"], 0) + 1
    leading = max(counts, key=lambda kind: (counts[kind], kind)) if counts else options.leading
    for row, case in zip(rows, cases, strict=True):
        if case is not None:
            at = next((i for i, each in enumerate(row) if each["type"] == leading and _told(each["id"]) == case), None)
            row.insert(0, {"type": leading, "id": case, "qualifier": None} if at is None else row.pop(at))
    return pa.array(rows, _NESTED["objects"]), leading


def _told(name: str) -> str:
    """An id as any of the formats may have it: trimmed, without what it cannot hold."""
    return shown(name).strip()


class _Parsed:
    """One column of texts."""

    def __init__(self, raw: RawLog, options: ReadOptions, name: str) -> None:
        self._raw, self._options, self._name = raw, options, name

    def column(self, texts: pa.Array) -> pa.Array:
        """The values; PermanentError names the first cell that is none."""
        kind = _KINDS[self._name]
        if pa.types.is_string(kind):
            return texts
        if not pa.types.is_nested(kind):
            try:
                return pc.cast(texts, kind)
            except pa.ArrowInvalid:
                raise self._refusal(texts, lambda each: pc.cast(pa.array([each]), kind)) from None
        decoder = msgspec.json.Decoder(list[_Object] if self._name == "objects" else dict[str, str])
        values = []
        for each in texts.to_pylist():
            try:
                found = decoder.decode(each) if each is not None else ()
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                raise self._refusal(texts, decoder.decode) from None
            values.append(list(found.items()) if isinstance(found, dict) else [msgspec.to_builtins(o) for o in found])
        return pa.array(values, kind)

    def _refusal(self, texts: pa.Array, parse: object) -> PermanentError:
        assert callable(parse)
        for row, each in enumerate(texts.to_pylist()):
            try:
                if each is not None:
                    parse(each)
            except (pa.ArrowInvalid, msgspec.MsgspecError, UnicodeError, RecursionError):
                message = "{file}, {place}, column {column}: {value!r} is not what an export has there"
                return PermanentError(
                    text(
                        self._options.language,
                        message,
                        file=self._raw.path,
                        place=self._raw.place(row),
                        column=self._name,
                        value=each[:60],
                    )
                )
        raise AssertionError("no such cell")


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _encoded(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_dictionary(kind):
        column = pc.dictionary_encode(column)
    return column.cast(kind)
