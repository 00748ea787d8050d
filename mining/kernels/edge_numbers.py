"""Which edge leads to each event."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.signedinteger[Any]]


def edge_numbers(
    first: Ints, last: Ints, codes: Codes, size: int, source: npt.NDArray[np.int32], target: npt.NDArray[np.int32]
) -> Codes:
    """Of each row the place in `source` and `target` (codes 0..size-1) of the edge from the row before to it.

    -1 for the first row of a case, for rows of none and where there is no such edge; int16 where that does, else
    int32. Takes 4 `size`^2 bytes. Raises ValueError for codes or rows out of range.
    """
    guard_cases(first, last, codes)
    for column in (codes, source, target):
        guard(column, size)
    if len(source) != len(target):
        raise ValueError("source and target must have one entry an edge")
    table = np.full((size + 1, size + 1), -1, np.int32)  # the last row and column are of codes not known
    table[source, target] = np.arange(len(source), dtype=np.int32)
    found: Codes = np.full(len(codes), -1, np.int16 if len(source) <= np.iinfo(np.int16).max else np.int32)
    _number(*plain(first, last, codes), table, found)
    return found


@numba.njit(nogil=True, cache=True)
def _number(first: Ints, last: Ints, codes: Codes, table: npt.NDArray[np.int32], found: Codes) -> None:
    for c in range(len(first)):
        for i in range(first[c] + 1, last[c]):
            found[i] = table[codes[i - 1], codes[i]]
