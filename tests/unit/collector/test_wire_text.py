import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.converter.wire import Words, hex_column, text_column

PIECES = st.lists(
    st.one_of(st.binary(max_size=12), st.text(max_size=12).map(str.encode), st.text("ab", max_size=40).map(str.encode))
)


def laid_out(pieces: list[bytes]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = np.array([len(piece) for piece in pieces], np.int32)
    return np.frombuffer(b"".join(pieces), np.uint8), np.cumsum(size, dtype=np.int64) - size, size


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.booleans())))
def test_numbers_become_hexadecimal_digits(rows: list[tuple[int, int, bool]]) -> None:
    hi, lo = (np.array([row[i] for row in rows], np.uint64) for i in (0, 1))
    mask = np.array([row[2] for row in rows], np.bool_)
    whole, half, some = hex_column(hi, lo), hex_column(hi, None), hex_column(hi, lo, mask)
    for column in (whole, half, some):
        column.validate(full=True)
        assert column.type == pa.string()
    assert whole.to_pylist() == [f"{a:016x}{b:016x}" for a, b, _ in rows]
    assert half.to_pylist() == [f"{a:016x}" for a, _, _ in rows]
    assert some.to_pylist() == [None if missing else f"{a:016x}{b:016x}" for a, b, missing in rows]


@settings(deadline=None)
@given(PIECES, st.data())
def test_bytes_become_texts_as_python_reads_them(pieces: list[bytes], data: st.DataObject) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces))), np.bool_)
    buffer, at, size = laid_out(pieces)
    texts = [piece.decode("utf-8", "replace") for piece in pieces]
    for column, wanted in (
        (text_column(buffer, at, size), texts),
        (text_column(buffer, at, size, mask), [None if m else text for text, m in zip(texts, mask, strict=True)]),
        (text_column(buffer, at, np.where(mask, -1, size).astype(np.int32)), None),
    ):
        column.validate(full=True)
        assert column.to_pylist() == (wanted or [None if m else t for t, m in zip(texts, mask, strict=True)])


@given(PIECES)
def test_words_keep_their_numbers(pieces: list[bytes]) -> None:
    words = Words()
    codes = words.codes(*laid_out(pieces)).tolist()
    assert words.codes(*laid_out(pieces[::-1])).tolist() == codes[::-1]
    assert len(words) == len(set(pieces))
    assert [pieces.index(piece) for piece in pieces] == [codes.index(code) for code in codes]
    assert sorted(set(codes)) == list(range(len(words)))
    assert [words.text(code) for code in codes] == [piece.decode("utf-8", "replace") for piece in pieces]


def test_words_grow_and_can_be_cleared() -> None:
    words = Words()
    pieces = [f"word {i}".encode() * (1 + i % 50) for i in range(30_000)]
    assert words.codes(*laid_out(pieces)).tolist() == list(range(30_000))
    assert words.codes(*laid_out(pieces[500:])).tolist() == list(range(500, 30_000))
    assert words.text(29_999) == pieces[-1].decode()
    words.clear()
    assert len(words) == 0
    assert words.codes(*laid_out([b"x", b"y", b"x"])).tolist() == [0, 1, 0]


@pytest.mark.parametrize(("bound", "most", "full"), [("MAX", 2, False), ("MAX", 1, True), ("MAX_BYTES", 5, True)])
def test_words_say_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch, bound: str, most: int, full: bool) -> None:
    monkeypatch.setattr(Words, bound, most)
    words = Words()
    words.codes(*laid_out([b"abc", b"def"]))
    assert words.full == full


def test_no_word_has_no_number() -> None:
    words = Words()
    buffer = np.zeros(0, np.uint8)
    assert words.codes(buffer, np.zeros(2, np.int64), np.array([-1, 0], np.int32)).tolist() == [-1, 0]
    for code in (-1, 1):
        with pytest.raises(IndexError, match=f"no word has the number {code}"):
            words.text(code)


@pytest.mark.parametrize(("at", "size"), [(-1, 1), (3, 1), (0, 4), (2**62, 1), (-(2**62), 2), (4, 0)])
def test_what_lies_beyond_the_buffer_is_refused(at: int, size: int) -> None:
    place = np.zeros(3, np.uint8), np.array([at]), np.array([size], np.int32)
    with pytest.raises(ValueError, match="beyond"):
        text_column(*place)
    with pytest.raises(ValueError, match="beyond"):
        Words().codes(*place)


def test_columns_of_different_lengths_are_refused() -> None:
    one, two, mask = np.zeros(1, np.uint64), np.zeros(2, np.uint64), np.zeros(3, np.bool_)
    for call in (
        lambda: hex_column(one, two),
        lambda: hex_column(one, one, mask),
        lambda: text_column(np.zeros(3, np.uint8), np.zeros(1, np.int64), np.zeros(2, np.int32)),
        lambda: text_column(np.zeros(3, np.uint8), np.zeros(2, np.int64), np.zeros(2, np.int32), mask),
        lambda: Words().codes(np.zeros(3, np.uint8), np.zeros(1, np.int64), np.zeros(2, np.int32)),
    ):
        with pytest.raises(ValueError, match=r"different lengths|beyond"):
            call()


def test_more_than_a_column_holds_is_refused() -> None:
    many = np.broadcast_to(np.zeros(1, np.uint64), 2**27)
    with pytest.raises(ValueError, match="more ids"):
        hex_column(many, None)
    buffer = np.zeros(2**20, np.uint8)
    with pytest.raises(ValueError, match="more text"):
        text_column(buffer, np.zeros(2**11, np.int64), np.full(2**11, 2**20, np.int32))
