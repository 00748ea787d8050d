"""What XES and OCEL have no word for, kept beside it in one attribute, so that an export comes back as it was.

An export shows what others can read under the names they know; whatever these names cannot tell exactly (who of which
kind, outcome, further objects, texts with spaces around them or characters that XML has not) stands in REST as JSON.
"""

import json
import re
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.files.columns import USUAL, XES, plain
from collector.files.log import EventTable, LogFile
from collector.files.zones import FIRST, LAST
from collector.vocabulary.schema import ACTOR_KINDS, EVENT_SCHEMA, OUTCOMES

REST: Final = "houtai:rest"
_OURS: Final = (REST, "ocel:eid")
"""What an export has among the fields that is no field."""
WORDS: Final = ("actor", "role", "system", "module", "device", "channel", "platform", "shop")
NOT_IN_XML: Final = re.compile("[^\t\n\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REPLACEMENT: Final = "\ufffd"
_RESERVED: Final = {plain(name) for usual in (USUAL, XES) for names in usual.values() for name in names}
_PLAIN: Final = ("activity", *WORDS, "error_type", "trace_id", "span_id", "outcome", "actor_kind")
_MOST: Final = (1 << 63) - 1
_TIMES: Final = ("start", "end", "enabled")

Row = dict[str, Any]
"""An event as `to_pylist` of EVENT_SCHEMA gives it, times as microseconds, with `case_id`."""


def shown(text: str) -> str:
    """The same text with U+FFFD for each character that XML 1.0 has not."""
    return NOT_IN_XML.sub(REPLACEMENT, text)


def exact(text: str) -> bool:
    """Whether a reader that trims cells and knows XML finds the text as it is."""
    return bool(text) and text == text.strip() and not text.startswith('="') and NOT_IN_XML.search(text) is None


def split(row: Row, leading: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The fields of an event that can stand there by their names, and what must stand in REST.

    `leading` is the object type of its case.
    """
    rest: dict[str, Any] = {}
    if not exact(row["activity"]):
        rest["activity"] = row["activity"]
    for name in WORDS:
        if row[name] is not None and not exact(row[name]):
            rest[name] = row[name]
    people = [row[name] for name in ("actor", "role") if row[name]]
    if row["actor_kind"] != ("staff" if people else "system") or not all(map(exact, people)):
        rest["actor_kind"] = row["actor_kind"]
    if row["outcome"] != "ok":
        rest["outcome"] = row["outcome"]
    for name in ("error_type", "trace_id", "span_id", "amount", "enabled"):
        if row[name] is not None:
            rest[name] = row[name]
    if row["end"] < row["start"]:
        rest["start"], rest["end"] = row["start"], row["end"]
    objects = objects_of(row, leading)
    if objects != [("case", row["case_id"], None)] or not exact(row["case_id"]):
        rest["objects"] = objects
    fields: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, value in row["fields"]:
        usable = exact(name) and plain(name) not in _RESERVED and not name.startswith(("houtai:", "ocel"))
        (fields if usable and exact(value) and name != "case:concept:name" else others)[name] = value
    if others:
        rest["fields"] = others
    return fields, rest


def objects_of(row: Row, leading: str) -> list[tuple[str, str, str | None]]:
    """Type, id and qualifier of the objects of an event, that of its case first."""
    found = [(each["type"], each["id"], each["qualifier"]) for each in row["objects"]]
    case = row["case_id"]
    if case is None:
        return found
    at = next((i for i, each in enumerate(found) if each[:2] == (leading, case)), None)
    first = (leading, case, None) if at is None else found.pop(at)
    return [first, *found]


def packed(rest: dict[str, Any]) -> str:
    """As JSON in ASCII, which every format can hold."""
    return json.dumps(rest, separators=(",", ":"))


def unpack(log: LogFile) -> LogFile:
    """The events with what stands in REST in its place."""
    table = pa.Table.from_batches(log.batches, EVENT_SCHEMA).combine_chunks()
    if not len(table):
        return log
    found = _rest(table["fields"].chunk(0))
    columns = {name: table[name] for name in table.column_names}
    for name in (*_PLAIN, "amount", *_TIMES):
        there = [_fits(name, each.get(name)) for each in found]
        if any(there):
            kind = EVENT_SCHEMA.field(name).type
            plain_kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            values = pa.array(
                [each.get(name) if is_there else None for each, is_there in zip(found, there, strict=True)]
            )
            old = columns[name].cast(plain_kind)
            columns[name] = pc.if_else(pa.array(there), values.cast(plain_kind), old).cast(kind)
    objects = [_objects(each.get("objects")) for each in found]
    leading = log.leading
    if any(each is not None for each in objects):
        old_objects = columns["objects"].to_pylist()
        merged = [old if new is None else new for old, new in zip(old_objects, objects, strict=True)]
        leading = next((str(each[0]["type"]) for each in objects if each), leading)
        for each in merged:
            if each and each[0]["type"] == log.leading:
                each[0]["type"] = leading
        columns["objects"] = pa.array(merged, EVENT_SCHEMA.field("objects").type)
    columns["fields"] = _without(table["fields"].chunk(0), [each.get("fields") for each in found])
    made = pa.table([columns[field.name] for field in EVENT_SCHEMA], schema=EVENT_SCHEMA)
    return EventTable(tuple(made.to_batches(max_chunksize=1 << 17)), log.quality, leading, log.held)


def _rest(fields: pa.MapArray) -> list[dict[str, Any]]:
    """What stands in REST of each event; a text that is none of ours counts as nothing."""
    found: list[dict[str, Any]] = []
    for each in pc.map_lookup(fields, REST, "first").to_pylist():
        try:
            value = json.loads(each) if each is not None else {}
        except (ValueError, RecursionError):
            value = {}
        found.append(value if isinstance(value, dict) else {})
    return found


def _fits(name: str, value: object) -> bool:
    """Whether a value can stand in a column; the file may have been written by anybody."""
    match value:
        case bool():
            return False
        case int():
            low, high = (int(FIRST), int(LAST)) if name in _TIMES else (-_MOST, _MOST)
            return (name == "amount" or name in _TIMES) and low <= value <= high
        case str():
            if name == "amount" or name in _TIMES:
                return False
            return value in {"outcome": OUTCOMES, "actor_kind": ACTOR_KINDS}.get(name, (value,)) and _encodes(value)
        case _:
            return False


def _encodes(value: str) -> bool:
    """JSON can hold halves of characters, which UTF-8 cannot."""
    return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)


def _objects(told: object) -> list[dict[str, str | None]] | None:
    if not isinstance(told, list):
        return None
    found: list[dict[str, str | None]] = []
    for each in told:
        match each:
            case [str(kind), str(name), (str() | None) as qualifier] if _encodes(kind + name + (qualifier or "")):
                found.append({"type": kind, "id": name, "qualifier": qualifier})
            case _:
                return None
    return found


def _texts(told: object) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    return {key: value for key, value in told.items() if isinstance(value, str) and _encodes(key + value)}


def _without(fields: pa.MapArray, others: list[Any]) -> pa.Array:
    """The fields without those of the export itself, and with those that could not stand there."""
    kind = EVENT_SCHEMA.field("fields").type
    if any(others):
        rows = [
            {**{k: v for k, v in row if k not in _OURS}, **_texts(more)}
            for row, more in zip(fields.to_pylist(), others, strict=True)
        ]
        return pa.array([list(row.items()) for row in rows], kind)
    keep = np.asarray(pc.invert(pc.is_in(fields.keys, pa.array(_OURS))).to_numpy(zero_copy_only=False))
    offsets = np.r_[0, np.cumsum(keep)].astype(np.int32)[fields.offsets.to_numpy()]
    kept = pa.array(np.flatnonzero(keep))
    return pa.MapArray.from_arrays(pa.array(offsets), fields.keys.take(kept), fields.items.take(kept), type=kind)
