"""Cases that lie anywhere in their columns, as a filter or the live miner leaves them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import settings
from hypothesis import strategies as st

unhurried = settings(deadline=None)  # the first example may compile a kernel
SIZE = 4


@dataclass(frozen=True)
class Row:
    """An event as a test looks at it."""

    code: int
    start: int
    end: int


@dataclass(frozen=True)
class Choice:
    """`cases` is the plain truth, the rest the same as columns with rows of nobody between."""

    cases: list[list[Row]]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    codes: npt.NDArray[np.signedinteger[Any]]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Up to six cases, in any order, some without an event; overlaps, equal times, unknown words, both widths."""
    rows = st.builds(
        lambda code, start, length: Row(code, start, start + length),
        st.integers(-1, SIZE - 1),
        st.integers(-5, 30),
        st.integers(0, 9),
    )
    one = st.lists(rows, max_size=9).map(lambda case: sorted(case, key=lambda r: (r.start, r.end)))
    cases = draw(st.lists(one, max_size=6))
    places = draw(st.permutations(range(len(cases))))
    first, last = np.zeros(len(cases), np.int64), np.zeros(len(cases), np.int64)
    laid: list[Row] = []
    for c in places:
        laid += draw(st.lists(rows, max_size=2))
        first[c], last[c] = len(laid), len(laid) + len(cases[c])
        laid += cases[c]
    width = draw(st.sampled_from([np.int16, np.int32]))
    codes = np.array([row.code for row in laid], width)
    start, end = (np.array([getattr(row, name) for row in laid], np.int64) for name in ("start", "end"))
    for column in (codes, start, end):
        column.flags.writeable = draw(st.booleans())
    return Choice(cases, first, last, codes, start, end)
