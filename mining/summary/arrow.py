"""A summary as an Arrow table: what partitions send to where they are added up.

One row a count that is not 0: `kind` (string), `words` (list of strings, null where not known), `place` (int32: column
of the kind's counts, or bucket) and `value` (int64), in order of kind, words, place. So equal summaries have equal
tables, whatever the codes, the cases' order and the partitions were.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mining.summary.counters import Pairs
from mining.summary.histogram import Histogram, Rows
from mining.summary.numbering import BEGIN
from mining.summary.summary import CROSSED, HANDED, Names, Summary

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

SCHEMA: Final = pa.schema(
    [("kind", pa.string()), ("words", pa.list_(pa.string())), ("place", pa.int32()), ("value", pa.int64())]
)
_GROUPS: Final = b"groups"
"""Schema metadata: the columns grouped by, comma-separated."""
_SPREAD: Final = 1 << 16
"""Places of the case histogram are group * 65536 + bucket."""
_WORD: Final = 1 << 62


@dataclass(frozen=True)
class _Section:
    """Counts of one kind: per key (one code a column) and place a value."""

    kind: str
    columns: tuple[str, ...]
    codes: tuple[Codes, ...]
    place: Ints
    value: Ints


def schema_of(groups: Iterable[str]) -> pa.Schema:
    """SCHEMA, and in its metadata by which columns was grouped."""
    return SCHEMA.with_metadata({_GROUPS: ",".join(sorted(groups)).encode()})


def to_arrow(summary: Summary) -> pa.Table:
    """The summary as a table of SCHEMA."""
    columns = {"activity", *summary.groups, *HANDED, *(name for pair in CROSSED for name in pair)}
    ranks = {name: _ranked(summary.names.get(name, ())) for name in columns}
    tables = [_table(section, ranks) for section in _sections(summary)]
    table: pa.Table = pa.concat_tables([*tables, _variants(summary, ranks)])
    return table.replace_schema_metadata(schema_of(summary.groups).metadata).combine_chunks()


def from_arrow(table: pa.Table) -> Summary:
    """The summary that `to_arrow` made a table of; its names are the words that have a count."""
    metadata = table.schema.metadata or {}
    groups = [name for name in metadata.get(_GROUPS, b"").decode().split(",") if name]
    names: dict[str, list[str]] = {}
    parts = {}
    for kind in pc.unique(table["kind"]).to_pylist():
        part = table.filter(pc.equal(table["kind"], kind)).combine_chunks()
        parts[kind] = part
        columns = _columns(kind)
        for name in set(columns):
            words = [_at(part, columns, place) for place, column in enumerate(columns) if column == name]
            found = pc.unique(pa.concat_arrays(words)).drop_null().to_pylist()
            names[name] = sorted({*names.get(name, ()), *found})
    summary = Summary(names, groups)
    for kind, part in parts.items():
        _read(summary, kind, part, names)
    return summary


def _sections(summary: Summary) -> Iterator[_Section]:
    # A sum over cases may be longer than 64 bits: two rows for each.
    sums = np.array([divmod(value, _WORD) for value in summary.cases.sums.values()], np.int64).ravel()
    yield _Section("cases", (), (), np.arange(len(sums)), sums)
    spread = summary.cases.spread.rows()
    yield _Section("case", (), (), spread.group.astype(np.int64) * _SPREAD + spread.bucket, spread.count)
    yield _counts("activity", ("activity",), None, summary.activities.counts)
    yield _histogram("activity service", ("activity",), None, summary.activities.service)
    edges = summary.edges
    ends = edges.numbering.lefts, edges.numbering.rights
    yield _counts("edge", ("activity", "activity"), ends, edges.counts)
    yield _histogram("edge gap", ("activity", "activity"), ends, edges.gap)
    yield _histogram("edge shift", ("activity", "activity"), ends, edges.shift)
    for name in sorted(summary.groups):
        group = summary.groups[name]
        yield _counts(f"group {name}", (name,), None, group.counts)
        yield _histogram(f"group {name} service", (name,), None, group.service)
        yield _histogram(f"group {name} waiting", (name,), None, group.waiting)
    for pair in CROSSED:
        yield _pairs(" ".join(("pair", *pair)), pair, summary.pairs[pair])
    for name in HANDED:
        yield _pairs(f"handover {name}", (name, name), summary.handovers[name])
    yield _pairs("overlap", ("activity", "activity"), _ordered(summary))


def _pairs(kind: str, columns: tuple[str, str], pairs: Pairs) -> _Section:
    return _counts(kind, columns, (pairs.numbering.lefts, pairs.numbering.rights), pairs.counts[:, None])


def _ordered(summary: Summary) -> Pairs:
    """Overlaps with the word that comes first in the alphabet on the left, whatever its code."""
    words, found = summary.names.get("activity", ()), summary.overlaps
    numbering, size = found.numbering, len(words)
    _, rank = _ranked(words)
    turned = rank[numbering.lefts] > rank[numbering.rights]
    pairs = Pairs()
    left = np.where(turned, numbering.rights, numbering.lefts)
    right = np.where(turned, numbering.lefts, numbering.rights)
    pairs.add(left, right, size, size, found.counts[: numbering.size])
    return pairs


def _counts(kind: str, columns: tuple[str, ...], keys: tuple[Codes, ...] | None, counts: Ints) -> _Section:
    row, place = np.nonzero(counts)
    codes = (row.astype(np.int32),) if keys is None else tuple(key[row] for key in keys)
    return _Section(kind, columns, codes, place, counts[row, place])


def _histogram(kind: str, columns: tuple[str, ...], keys: tuple[Codes, ...] | None, histogram: Histogram) -> _Section:
    rows = histogram.rows()
    codes = (rows.group,) if keys is None else tuple(key[rows.group] for key in keys)
    return _Section(kind, columns, codes, rows.bucket.astype(np.int64), rows.count)


def _ranked(words: Sequence[str]) -> tuple[pa.StringArray, Codes]:
    """The words in order, and the rank of each code."""
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), np.int32)
    rank[order] = np.arange(len(words), dtype=np.int32)
    return pa.array([words[code] for code in order], pa.string()), rank


def _ranks(codes: Codes, rank: Codes) -> Codes:
    out = codes.copy()
    out[codes >= 0] = rank[codes[codes >= 0]]
    return out


def _table(section: _Section, names: dict[str, tuple[pa.StringArray, Codes]]) -> pa.Table:
    there = np.flatnonzero(section.value)
    place, value = section.place[there], section.value[there]
    ranks = [_ranks(codes[there], names[name][1]) for name, codes in zip(section.columns, section.codes, strict=True)]
    keys: list[npt.NDArray[np.signedinteger[Any]]] = [place, *reversed(ranks)]
    order = np.lexsort(keys)
    lengths = np.zeros(len(there), np.int64)
    for rank in ranks:
        lengths += rank != BEGIN
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[order])])
    words = names[section.columns[0]][0] if section.columns else pa.array([], pa.string())
    lists = pa.nulls(0, pa.string())
    if len(set(section.columns)) > 1:
        # Two dictionaries: the second one's words follow the first one's.
        words = pa.concat_arrays([names[name][0] for name in section.columns])
        ranks[1] = np.where(ranks[1] < 0, ranks[1], ranks[1] + len(names[section.columns[0]][0]))
    if ranks:
        flat = np.stack(ranks, axis=1)[order].ravel()
        flat = flat[flat != BEGIN]
        lists = words.take(pa.array(flat, mask=flat < 0))
    return _rows(section.kind, offsets, lists, place[order], value[order])


def _variants(summary: Summary, names: dict[str, tuple[pa.StringArray, Codes]]) -> pa.Table:
    there = np.flatnonzero(summary.variants.cases)
    offsets, steps = summary.variants.paths(there)
    if not len(there):
        return SCHEMA.empty_table()
    words, rank = names["activity"]
    # Big-endian bytes of ranks (1 and more, 0 is not known) compare like the words.
    raw = (_ranks(steps, rank) + 1).astype(">u4").tobytes()
    bounds = (offsets * 4).tolist()
    order = np.array(sorted(range(len(there)), key=lambda v: raw[bounds[v] : bounds[v + 1]]), np.int64)
    offsets, steps = summary.variants.paths(there[order])
    flat = _ranks(steps, rank)
    lists = words.take(pa.array(flat, mask=flat < 0))
    cases = summary.variants.cases[there[order]]
    return _rows("variant", offsets, lists, np.zeros(len(cases), np.int64), cases)


def _rows(kind: str, offsets: Ints, words: pa.StringArray, place: Ints, value: Ints) -> pa.Table:
    lists = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), words)
    kinds = pa.repeat(pa.scalar(kind), len(value))
    return pa.Table.from_arrays([kinds, lists, pa.array(place.astype(np.int32)), pa.array(value)], schema=SCHEMA)


def _columns(kind: str) -> tuple[str, ...]:
    """Whose words a kind's lists hold."""
    match kind.split(" "):
        case ["cases" | "case"]:
            return ()
        case ["activity", *_] | ["variant"]:
            return ("activity",)
        case ["edge", *_] | ["overlap"]:
            return ("activity", "activity")
        case ["group", name, *_]:
            return (name,)
        case ["pair", left, right]:
            return (left, right)
        case ["handover", name]:
            return (name, name)
        case _:
            raise ValueError(f"a summary has no counts of kind {kind!r}")


def _at(part: pa.Table, columns: tuple[str, ...], place: int) -> pa.StringArray:
    """The words of one column; of a list that begins late (BEGIN) the first is missing. A variant's: all of them."""
    lists = part["words"].combine_chunks()
    if len(columns) < 2:
        return pc.list_flatten(lists)
    lengths, starts = (np.asarray(a) for a in (pc.list_value_length(lists), lists.offsets))
    flat = lists.values
    at = starts[1:] - len(columns) + place
    return flat.take(pa.array(at, mask=(lengths < len(columns)) & (place == 0)))


def _codes(part: pa.Table, columns: tuple[str, ...], place: int, names: Names) -> Codes:
    words = _at(part, columns, place)
    found = pc.index_in(words, value_set=pa.array(names[columns[place]], pa.string()))
    codes: Codes = np.asarray(found.fill_null(-1)).astype(np.int32)
    if len(columns) > 1 and place == 0:
        codes[np.asarray(pc.list_value_length(part["words"].combine_chunks())) < len(columns)] = BEGIN
    return codes


def _read(summary: Summary, kind: str, part: pa.Table, names: Names) -> None:
    columns = _columns(kind)
    place, value = (np.asarray(part[name].combine_chunks()).astype(np.int64) for name in ("place", "value"))
    sizes = [len(names[name]) for name in columns]
    if kind == "cases":
        for at, count in zip(place.tolist(), value.tolist(), strict=True):
            summary.cases.sums[summary.cases.FIELDS[at // 2]] += count if at % 2 else count * _WORD
        return
    if kind == "case":
        rows = Rows((place // _SPREAD).astype(np.int32), (place % _SPREAD).astype(np.int16), value)
        summary.cases.spread.add_rows(rows, 1)
        return
    if kind == "variant":
        lists = part["words"].combine_chunks()
        offsets = np.asarray(lists.offsets).astype(np.int64)
        summary.variants.add(offsets - offsets[0], _codes(part, columns, 0, names), value, 1)
        return
    codes = [_codes(part, columns, at, names) for at in range(len(columns))]
    match kind.split(" "):
        case ["activity", *more]:
            summary.activities.reserve(sizes[0])
            _put(summary.activities.counts, summary.activities.service, codes[0], place, value, bool(more))
        case ["edge", *more]:
            edges = summary.edges
            numbers = edges.numbers(codes[0], codes[1], sizes[0])
            _put(edges.counts, edges.gap if more == ["gap"] else edges.shift, numbers, place, value, bool(more))
        case ["group", name, *more]:
            group = summary.groups[name]
            group.reserve(sizes[0])
            histogram = group.service if more == ["service"] else group.waiting
            _put(group.counts, histogram, codes[0], place, value, bool(more))
        case ["pair", left, right]:
            summary.pairs[left, right].add(codes[0], codes[1], sizes[0], sizes[1], value)
        case ["handover", name]:
            summary.handovers[name].add(codes[0], codes[1], sizes[0], sizes[1], value)
        case ["overlap"]:
            pair = np.minimum(*codes), np.maximum(*codes)
            summary.overlaps.add(*pair, sizes[0], sizes[1], value)


def _put(counts: Ints, histogram: Histogram, keys: Codes, place: Ints, value: Ints, buckets: bool) -> None:
    if buckets:
        histogram.add_rows(Rows(keys, place.astype(np.int16), value), 1)
    else:
        counts[keys, place] = value
