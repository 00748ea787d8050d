"""A kept arena comes back as it was; a damaged one never comes back at all."""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.vocabulary.errors import RetryableError
from mining.arena import WORDS, Arena
from mining.details import TableDetails
from mining.keeping import MAGIC, Unusable, load, save
from mining.part import part_of
from mining.summary.arrow import to_arrow
from mining.summary.tallying import summarise
from tests.helpers import arena, event, log

DETAILS = TableDetails(pa.table({}))
WORD = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3)


@st.composite
def arenas(draw: st.DrawFn) -> Arena:
    """Any arena: columns with words and without, with times and amounts or without."""
    rows = []
    for number in range(draw(st.integers(0, 12))):
        start = draw(st.integers(-(2**50), 2**50))
        rows.append(
            event(
                f"c{draw(st.integers(0, 4))}",
                draw(st.sampled_from("abc")),
                start,
                start + draw(st.integers(0, 100)),
                event_id=str(number),
                actor=draw(WORD),
                role=draw(WORD),
                error=draw(WORD),
                enabled=draw(st.none() | st.integers(-5, 5)),
                amount=draw(st.none() | st.integers(-5, 5)),
            )
        )
    return arena(rows)


def same(one: Arena, other: Arena) -> None:
    for field in dataclasses.fields(Arena):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if field.name == "details":
            continue
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
        elif field.name == "codes":
            for name in WORDS:
                assert ours[name].dtype == theirs[name].dtype
                np.testing.assert_array_equal(ours[name], theirs[name])
                assert (ours[name].strides == (0,)) == (theirs[name].strides == (0,))
        elif isinstance(ours, pa.Array):
            assert ours.equals(theirs)
        else:
            assert ours == theirs, field.name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=arenas(), more=st.dictionaries(st.text(max_size=4), st.binary(max_size=80), max_size=3))
def test_what_is_kept_comes_back(made: Arena, more: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "arena"
    try:
        "".join(more).encode()
    except UnicodeEncodeError:
        more = {}
    save(made, path, more)
    found, kept = load(path, made.details)
    assert kept == more
    same(made, found)
    if made.events:
        ours, theirs = (to_arrow(summarise(part_of(each), each.names)) for each in (made, found))
        assert ours.equals(theirs)


def test_a_column_without_words_takes_no_memory(tmp_path: Path) -> None:
    save(log("abc", "ab"), tmp_path / "arena")
    found, _ = load(tmp_path / "arena", DETAILS)
    for column in (found.codes["actor"], found.enabled, found.amount):
        assert column.strides == (0,)
    # Kernels are compiled for what is built: arrays that can be written to.
    assert found.start.flags.writeable
    assert found.activity.flags.writeable


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "arena"
    save(log("abc", "ab", "acb"), path, {"state": b"abc" * 50})
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
    before = path.read_bytes()
    path.write_bytes(raw)
    try:
        found, more = load(path, DETAILS)
    except Unusable:
        return
    # What lies between the sections means nothing.
    path.write_bytes(before)
    same(load(path, DETAILS)[0], found)
    assert more == {"state": b"abc" * 50}


@pytest.mark.parametrize("raw", [b"", b"PAR1", MAGIC, MAGIC * 9, b"HoutaiArena/0\n\0\0" * 9, b"\xff" * 5000])
def test_a_foreign_file_is_refused(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "arena"
    path.write_bytes(raw)
    with pytest.raises(Unusable, match="arena: "):
        load(path, DETAILS)


def test_no_file_is_refused_as_well(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(Unusable):
            load(path, DETAILS)


def test_who_reads_goes_on_reading_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "arena"
    one, other = log("abc", "ab"), log(*["cab"] * 500)
    save(one, path)
    found, _ = load(path, DETAILS)
    save(other, path)
    same(one, found)
    same(other, load(path, DETAILS)[0])
    assert [each.name for each in tmp_path.iterdir()] == ["arena"]


def test_a_failed_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "arena"
    save(log("abc"), path)
    (tmp_path / "arena.new").mkdir()
    with pytest.raises(RetryableError, match="arena: "):
        save(log("ab"), path)
    same(log("abc"), load(path, DETAILS)[0])
