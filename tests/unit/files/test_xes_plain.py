"""The scanner of plain XES says what the full parser says, or nothing."""

import gzip
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.files.xes_columns import Found
from collector.files.xes_plain import read_plain
from collector.files.xes_scan import SENTINEL, Keys, column, scan, warm_up
from collector.files.xes_tree import read_tree
from collector.vocabulary.errors import PermanentError
from tests.unit.files.readers import OPTIONS, xes, xes_event, xes_trace

SHARED = Path(__file__).parents[4] / "shared" / "data"
STAMP = "2024-01-01T08:00:00.000+02:00"
warm_up()


def tree(data: bytes) -> Found:
    return read_tree(io.BytesIO(data), Path("f.xes"), OPTIONS)


def same(data: bytes, block: int = 1 << 16) -> bool:
    """Whether the scanner read it; then it must say what the full parser says."""
    plain = read_plain(io.BytesIO(data), block)
    if plain is None:
        return False
    names, columns = plain.ordered()
    expected = tree(data)
    assert (names, plain.unnamed) == (expected.ordered()[0], expected.unnamed)
    for name, mine, other in zip(names, columns, expected.ordered()[1], strict=True):
        mine.validate(full=True)
        assert mine.cast(pa.string()).equals(other), name
    return True


VALUES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["&amp;", "&lt;x&gt;", "&#x4e2d;&#25991;", "&quot;&apos;", "&#13;&#10;", "a\r\nb\tc\rd\n", " "]),
    st.sampled_from(["&nbsp;", "&#0;", "&#xFFFE;", "&", "&#xD800;", "<", "\ufffe", "\x01", "&#x;", "&#;", "&amp", '"']),
    st.sampled_from(["&#99999999;", "&#x1F600;", "&#x10FFFF;", "&#x110000;", "&#xFFFD;", "&#xE9;", "'", "&#xG;", ""]),
)  # fmt: skip
KEYS = st.sampled_from(["concept:name", "time:timestamp", "k", "键", "org:resource", "case:k", "a&amp;b", "a b", ""])
SPACES = st.sampled_from(
    ["", "", "", " ", "\n\t", "\r\n", "<!-- note -->", "<!-- a -- b -->", "x", "<?pi?>", "<!---->"]
)


@st.composite
def attributes(draw: st.DrawFn, deep: int = 2) -> str:
    tag = draw(st.sampled_from(["string", "date", "int", "float", "boolean", "id", "list", "event", "x:y", "t-1"]))
    value = draw(VALUES)
    quote = draw(st.sampled_from(['"', '"', "'"]))
    told = [f"key={quote}{draw(KEYS)}{quote}", f"value{draw(SPACES) if deep == 0 else ''}={quote}{value}{quote}"]
    if draw(st.integers(0, 9)) == 0:
        told.append(draw(st.sampled_from(['value="2"', 'key="2"', 'id="3"', "bare", 'xmlns="u"', 'x:z="1"'])))
    told = told[draw(st.sampled_from([0, 0, 0, 0, 1])) :]
    if draw(st.booleans()):
        told.reverse()
    inside = "".join(draw(st.lists(attributes(deep - 1), max_size=2))) if deep else ""
    joined = draw(st.sampled_from([" ", " ", "\n ", ""])).join(told)
    if inside or draw(st.integers(0, 4)) == 0:
        return f"<{tag} {joined}>{inside}{draw(SPACES)}</{tag}{draw(st.sampled_from(['', '', ' ', 'x']))}>"
    return f"<{tag} {joined}/>"


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Logs of which most are well-formed and many are unusual."""
    parts = [draw(st.sampled_from(['<?xml version="1.0" encoding="UTF-8"?>', "", "\ufeff", '<?xml version="1.0"?>']))]
    parts.append(
        draw(st.sampled_from(["<log>", '<log xmlns="http://x/">', '<log xmlns:x="u" xes.version="1.0">', "<lag>"]))
    )
    parts.append(
        draw(st.sampled_from(["", '<global scope="event"><string key="k" value="d"/></global>', "<!-- <trace> -->"]))
    )
    for _ in range(draw(st.integers(0, 3))):
        parts.append(draw(st.sampled_from(["<trace>", "<trace>", "<trace >", '<trace id="1">'])))
        for _ in range(draw(st.integers(0, 3))):
            parts.append(draw(SPACES))
            if draw(st.booleans()):
                parts.append(draw(attributes()))
            else:
                inside = "".join(draw(st.lists(attributes(), max_size=3)))
                parts.append(
                    draw(st.sampled_from([f"<event>{inside}</event>", "<event/>", f"<other>{inside}</other>"]))
                )
        parts.append("</trace>")
        parts.append(draw(SPACES))
    parts.append(draw(st.sampled_from(["", '<string key="tail" value="t"/>', "<trace/>"])))
    parts.append(
        draw(st.sampled_from(["</log>", "</log>", "</log>\n", "</log><!-- end -->", "", "</log>x", "</log><log/>"]))
    )
    return "".join(parts).encode(errors="replace")


@given(documents())
@settings(deadline=None, max_examples=400)
def test_says_what_the_full_parser_says(data: bytes) -> None:
    try:
        tree(data)
    except PermanentError:
        assert read_plain(io.BytesIO(data)) is None
    else:
        same(data)
        same(data, 64)


WHOLE = xes(
    xes_trace(
        "1", *(xes_event(concept__name="a&amp;", time__timestamp=STAMP, n="中\n") for _ in range(2)), channel="c"
    ),
    "<!-- x --><trace><event/><event><list key='l'><values><int key='i' value='1'/></values></list></event></trace>",
).encode()


@given(st.integers(0, len(WHOLE)), st.integers(0, 6), st.binary(max_size=6), st.integers(0, len(WHOLE)))
@settings(deadline=None, max_examples=400)
@example(0, 0, b"", 0)
def test_damaged(at: int, cut: int, put: bytes, again: int) -> None:
    data = WHOLE[:at] + put + WHOLE[at + cut :]
    for each in (data, data[:again], data[: at + 1] + data[again:]):
        try:
            tree(each)
        except PermanentError:
            assert read_plain(io.BytesIO(each)) is None
        else:
            same(each)


@pytest.mark.parametrize("cut", range(0, len(WHOLE), 7))
def test_a_file_that_breaks_off_is_never_plain(cut: int) -> None:
    assert read_plain(io.BytesIO(WHOLE[:cut])) is None


def test_common_logs_are_plain() -> None:
    assert same(WHOLE)
    head = '<?xml version="1.0" encoding="utf-8" ?>\n<!-- made -->\n<log xes.version="1.0" xmlns="http://x/">'
    rest = '<extension name="T" prefix="t" uri="u"/><classifier name="a" keys="b"/>'
    traces = xes_trace("1", xes_event(concept__name="&#x4e2d;&lt;", time__timestamp=STAMP))
    assert same(f"\ufeff{head}{rest}{traces}\n<trace/></log>\n<!-- end -->\n".encode())


def test_blocks_and_huge_traces_make_no_difference() -> None:
    traces = [xes_trace(str(i), *(xes_event(concept__name=f"a{j}", n="n" * i) for j in range(i))) for i in range(40)]
    assert all(same(xes(*traces).encode(), block) for block in (32, 1000, 5000, 1 << 20))


def test_more_keys_than_there_is_room_for_are_unusual() -> None:
    keys = "".join(f'<int key="{i}" value="1"/>' for i in range(5000))
    assert not same(xes(f"<trace><event>{keys}</event></trace>").encode())


def test_bounds_are_checked() -> None:
    with pytest.raises(ValueError, match="zero bytes"):
        scan(np.frombuffer(b"<trace/>", np.uint8), 8, False, Keys())
    with pytest.raises(ValueError, match="zero bytes"):
        scan(np.ones(8 + SENTINEL, np.uint8), 8, False, Keys())
    one, far = np.zeros(1, np.int32), np.full(1, 99, np.int32)
    for row, begin, size in ((far, one, one), (one, far, far), (one - 1, one, one), (np.r_[one + 1, one], far, far)):
        with pytest.raises(ValueError, match="outside"):
            column(np.zeros(8, np.uint8), row, begin, size, 2, False)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared logs are not here")
@pytest.mark.parametrize("path", sorted(SHARED.rglob("*.xes*")), ids=lambda path: path.name)
def test_shared_logs(path: Path) -> None:
    data = path.read_bytes()
    assert same(gzip.decompress(data) if path.suffix == ".gz" else data)


def test_nothing_but_reading_xes_loads_numba() -> None:
    program = "import sys, collector.files, api.importing; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
