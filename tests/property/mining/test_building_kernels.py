"""The kernels that make an arena, beside slow and obvious versions."""

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mining.kernels.id_map import NOTHING, IdMap
from mining.kernels.intern import Interner, hashes
from mining.kernels.ordering import order
from mining.kernels.ranges import copy_ranges, rows_of
from mining.kernels.repeats import repeats
from mining.kernels.taking import recode, take_codes, used_codes
from mining.kernels.text_order import text_order
from mining.kernels.text_place import text_place
from mining.kernels.warm_building import warm_building

warm_building()  # compiled before hypothesis takes the time

pieces = st.sampled_from(["a", "b", "\0", "é", "订单", "order-0000", "x" * 9])
texts = st.lists(st.one_of(st.none(), st.lists(pieces, max_size=5).map("".join), st.text(max_size=20)), max_size=60)


@given(st.lists(texts, max_size=4), texts)
def test_equal_texts_have_one_number_in_order_of_first_sight(columns: list[list[str | None]], asked: list[str]) -> None:
    known = Interner()
    order_of_sight: dict[str, int] = {}
    for column in columns:
        codes = known.codes(pa.array(column, pa.string())).tolist()
        for text in column:
            if text is not None:
                order_of_sight.setdefault(text, len(order_of_sight))
        assert codes == [-1 if text is None else order_of_sight[text] for text in column]
    assert known.texts().to_pylist() == list(order_of_sight)
    assert len(known) == len(order_of_sight)
    found = known.find(pa.array(asked, pa.string())).tolist()
    assert found == [-1 if text is None else order_of_sight.get(text, -1) for text in asked]


def test_a_slice_of_a_column_is_read_as_such_and_tables_grow() -> None:
    known = Interner()
    column = pa.array([f"{number % 70_000:x}" for number in range(200_000)])
    assert known.codes(column.slice(150_000)).tolist() == [n % 50_000 for n in range(50_000)]
    codes = known.codes(column)
    assert len(known) == 70_000
    assert known.texts().take(pa.array(codes)).equals(column)
    assert known.bytes < 10_000_000


@given(texts)
def test_texts_in_order(column: list[str | None]) -> None:
    known = Interner()
    known.codes(pa.array(column, pa.string()))
    offsets, raw = known.buffers()
    found = known.texts().take(pa.array(text_order(offsets, raw))).to_pylist()
    assert found == sorted({text for text in column if text is not None})


def test_equal_texts_keep_their_order() -> None:
    raw = np.frombuffer(b"bbabb", np.uint8)
    assert text_order(np.array([0, 1, 2, 3, 4, 5]), raw).tolist() == [2, 0, 1, 3, 4]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-4, 4), st.integers(-2, 3)), max_size=120))
def test_rows_in_order_of_case_start_end_and_arrival(events: list[tuple[int, int, int]]) -> None:
    case = np.array([each[0] for each in events], np.int32)
    start, end = (np.array([each[i] for each in events], np.int64) for i in (1, 2))
    found = order(case, 5, start, end)
    expected = sorted(range(len(events)), key=lambda row: (events[row], row))
    assert found.rows.tolist() == expected
    assert found.start.tolist() == [events[row][1] for row in expected]
    assert found.end.tolist() == [events[row][2] for row in expected]
    assert np.diff(found.offsets).tolist() == [sum(each[0] == number for each in events) for number in range(5)]
    pairs = itertools.pairwise(expected)
    assert found.ties.tolist() == [place + 1 for place, (a, b) in enumerate(pairs) if events[a] == events[b]]


@given(texts)
def test_what_comes_again(column: list[str | None]) -> None:
    known = [text or "" for text in column]
    found = repeats(hashes(pa.array(known, pa.string())))
    expected: list[tuple[int, int]] = []
    last: dict[str, int] = {}
    for row, text in enumerate(known):
        if text in last:
            expected.append((row, last[text]))
        last[text] = row
    assert list(zip(found.row.tolist(), found.before.tolist(), strict=True)) == expected


@given(st.data())
def test_codes_are_taken_and_named_anew(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([np.int16, np.int32]))
    told = data.draw(st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 2)), min_size=1, max_size=30))
    table = np.array(told, kind)
    rows = np.array(data.draw(st.lists(st.integers(0, len(table) - 1), max_size=40)), np.int64)
    found = take_codes(table, rows, [10, 3])
    assert found.codes.dtype == kind
    assert found.codes.tolist() == table[rows].T.tolist()
    for column, used in enumerate(found.used):
        assert np.flatnonzero(used).tolist() == sorted({int(code) for code in table[rows, column]} - {-1})
    codes = found.codes[0]
    recode(codes, np.arange(10, 20).astype(kind))
    assert codes.tolist() == [-1 if code < 0 else code + 10 for code in table[rows, 0].tolist()]


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2, 2**63, 2**64 - 1, 1 << 40]), st.integers(0, 9)), max_size=40))
def test_the_last_number_under_a_hash_counts(told: list[tuple[int, int]]) -> None:
    numbers, known = IdMap(), dict[int, int]()
    for low in range(0, len(told), 7):
        part = told[low : low + 7]
        before = []
        for key, number in part:
            before.append(known.get(key, NOTHING))
            known[key] = number
        keys = np.array([key for key, _ in part], np.uint64)
        assert numbers.put(keys, np.array([number for _, number in part], np.int64)).tolist() == before
    assert len(numbers) == len(known)
    asked = [0, 7, 2**64 - 1, 2**63]
    assert numbers.get(np.array(asked, np.uint64)).tolist() == [known.get(key, NOTHING) for key in asked]


def test_many_numbers_are_found_again() -> None:
    numbers = IdMap()
    keys = np.random.default_rng(1).integers(0, 2**63, 100_000).astype(np.uint64)
    assert (numbers.put(keys, np.arange(100_000)) == NOTHING).all()
    assert numbers.get(keys).tolist() == list(range(100_000))
    assert numbers.bytes < 8_000_000


ranges = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=15)


@given(ranges, st.sampled_from([np.int64, np.int16, np.int32, np.bool_]))
def test_ranges_of_rows(told: list[tuple[int, int]], kind: type[np.int64]) -> None:
    first = np.array([a for a, _ in told], np.int64)
    last = first + np.array([n for _, n in told], np.int64)
    expected = [row for a, n in told for row in range(a, a + n)]
    found = rows_of(first, last)
    assert found.rows.tolist() == expected
    assert np.diff(found.offsets).tolist() == [n for _, n in told]
    source = np.arange(25).astype(kind)
    into = np.zeros(100, kind)
    assert copy_ranges(source, first, last, into) == len(expected)
    assert into[: len(expected)].tolist() == source[expected].tolist()


@given(texts, texts)
def test_where_texts_belong(ordered: list[str | None], fresh: list[str | None]) -> None:
    known = Interner()
    first = known.codes(pa.array(sorted({text for text in ordered if text is not None}), pa.string()))
    asked = [text for text in fresh if text is not None]
    second = known.codes(pa.array(asked, pa.string()))
    offsets, raw = known.buffers()
    found = text_place(offsets, raw, first.astype(np.int64), second.astype(np.int64))
    assert found.tolist() == [sum(text is not None and text < each for text in set(ordered)) for each in asked]


@given(st.lists(st.integers(-1, 9), max_size=30))
def test_which_codes_are_used(codes: list[int]) -> None:
    for kind in (np.int16, np.int32):
        assert np.flatnonzero(used_codes(np.array(codes, kind), 10)).tolist() == sorted(set(codes) - {-1})
