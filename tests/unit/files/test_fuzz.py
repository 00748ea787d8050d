"""Whatever bytes a file holds, it is read or refused with one line."""

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.files import read
from collector.vocabulary.errors import PermanentError
from tests.unit.files.readers import OPTIONS, xes, xes_event, xes_trace

CSV = b'case_id,activity,start,end,amount\n1,"a ""b""",2024-01-01,2024-01-02 10:00:00+02:00,3.5\n2,c,2024/1/5,,\n'
XES = xes(
    xes_trace("1", *(xes_event(concept__name="a", time__timestamp=f"2024-01-0{i}T00:00:00Z", n="v") for i in (1, 2)))
).encode()


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """`whole` with a few places cut, overwritten or doubled."""
    data = whole
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 8)))
        data = data[:begin] + draw(st.binary(max_size=8)) + data[draw(st.sampled_from([begin, end, len(data)])) :]
    return data


def one_line_or_success(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            log = read(path, OPTIONS)
        except PermanentError as error:
            line = str(error)
        else:
            line = ""
            for batch in log.batches:
                batch.validate(full=True)
        assert not line or line.startswith(str(path))
        assert "\n" not in line


@pytest.mark.parametrize(("name", "whole"), [("f.csv", CSV), ("f.xes", XES)])
def test_whole(name: str, whole: bytes) -> None:
    one_line_or_success(name, whole)


@given(st.one_of(st.binary(max_size=200), damaged(CSV)))
@settings(deadline=None)
def test_csv(data: bytes) -> None:
    one_line_or_success("f.csv", data)


@given(st.text(alphabet='1a,"\n\r;\t \\', max_size=80))
@settings(deadline=None)
def test_csv_of_quotes_and_line_ends(tail: str) -> None:
    one_line_or_success("f.csv", b"case,activity,end\n" + tail.encode())


@given(st.one_of(st.binary(max_size=200), damaged(XES)))
@settings(deadline=None)
def test_xes(data: bytes) -> None:
    one_line_or_success("f.xes", data)


@given(st.one_of(st.binary(max_size=100), damaged(gzip.compress(CSV, mtime=0))))
@settings(deadline=None)
def test_gzip(data: bytes) -> None:
    one_line_or_success("f.csv.gz", data)


@given(damaged(gzip.compress(XES, mtime=0)))
@settings(deadline=None)
def test_gzip_of_xes(data: bytes) -> None:
    one_line_or_success("f.xes.gz", data)
