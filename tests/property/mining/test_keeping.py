"""What is kept comes back as it was; what is damaged never comes back at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from collector.vocabulary.errors import RetryableError
from mining.keeping import MAGIC, Kept, Unusable, load, save

NAME = st.text("abcé.1", min_size=1, max_size=4)
KINDS = st.sampled_from([np.int16, np.int32, np.int64, np.uint64, np.bool_, np.float64])
TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=5)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Columns of one length: numbers, flags, texts."""
    texts = draw(TEXTS)
    columns: dict[str, Any] = {"texts": pa.array(texts, pa.string())}
    for name in draw(st.lists(NAME, max_size=3, unique=True)):
        columns[name] = draw(hnp.arrays(draw(KINDS), len(texts), elements={"allow_nan": False}))
    return columns


def made(*lengths: int) -> Kept:
    return Kept(
        {
            f"t{length}": {
                "n": np.arange(length),
                "flag": np.arange(length) % 2 == 0,
                "text": pa.array([str(n) for n in range(length)]),
            }
            for length in lengths
        },
        {"words": ["a", "订单"], "begin": None},
    )


def same(one: Kept, other: Kept) -> None:
    assert one.notes == other.notes
    assert one.tables.keys() == other.tables.keys()
    for name, columns in one.tables.items():
        assert columns.keys() == other.tables[name].keys()
        for column, ours in columns.items():
            theirs = other.tables[name][column]
            if isinstance(ours, np.ndarray):
                assert ours.dtype == theirs.dtype
                np.testing.assert_array_equal(ours, theirs)
            else:
                assert ours.equals(theirs)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.dictionaries(NAME, tables(), max_size=3),
    notes=st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.lists(st.text(max_size=3)), max_size=3),
)
def test_what_is_kept_comes_back(told: dict[str, Any], notes: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "kept"
    save(Kept(told, notes), path)
    same(Kept(told, notes), load(path))


def test_columns_may_be_written_to_and_the_file_stays(tmp_path: Path) -> None:
    save(made(9), tmp_path / "kept")
    found = load(tmp_path / "kept").numbers("t9", "n")
    found[:] = 7  # numba's kernels are compiled for such arrays
    same(made(9), load(tmp_path / "kept"))
    (tmp_path / "kept").unlink()
    assert found.tolist() == [7] * 9
    with pytest.raises(TypeError):
        made(9).numbers("t9", "text")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    save(made(3, 50), path)
    raw = bytearray(path.read_bytes())
    match data.draw(st.sampled_from(["flip", "cut", "middle", "more", "zero", "twice"])):
        case "flip":
            place = data.draw(st.integers(0, len(raw) - 1))
            raw[place] ^= 1 << data.draw(st.integers(0, 7))
        case "cut":
            raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
        case "middle":
            low = data.draw(st.integers(0, len(raw) - 1))
            del raw[low : low + data.draw(st.integers(1, 500))]
        case "more":
            raw += data.draw(st.binary(min_size=1, max_size=100))
        case "zero":
            low = data.draw(st.integers(0, len(raw) - 10))
            raw[low : low + 4096] = bytes(len(raw[low : low + 4096]))
        case "twice":
            raw = raw * 2
    path.write_bytes(raw)
    try:
        found = load(path)
    except Unusable:
        return
    # What lies between the tables means nothing.
    same(made(3, 50), found)


@pytest.mark.parametrize("raw", [b"", b"PAR1", MAGIC, MAGIC * 9, b"HoutaiArena/1\n\0\0" * 9, b"\xff" * 5000])
def test_a_foreign_file_is_refused(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(raw)
    with pytest.raises(Unusable, match="kept: "):
        load(path)


def test_no_file_is_refused_as_well(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(Unusable):
            load(path)


def test_who_reads_goes_on_reading_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    save(made(9), path)
    found = load(path)
    save(made(5000), path)
    same(made(9), found)
    same(made(5000), load(path))
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


def test_a_failed_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    save(made(9), path)
    (tmp_path / "kept.new").mkdir()
    with pytest.raises(RetryableError, match="kept: "):
        save(made(5), path)
    same(made(9), load(path))
