"""Codes of chosen rows, and which words they use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard

Codes = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class Taken:
    """`codes[c]` are those of column `c`, in the dtype they had; `used[c][code]` says whether any row has it."""

    codes: Codes
    used: tuple[npt.NDArray[np.bool_], ...]


def take_codes(table: Codes, rows: npt.NDArray[np.int64], sizes: Sequence[int]) -> Taken:
    """The codes at `rows` of a table of shape (rows, columns), int16 or int32, column `c` with -1..sizes[c]-1.

    A row's codes lie side by side: that costs one look into memory instead of one a column. Raises ValueError for a
    code or row out of range.
    """
    if table.ndim != 2 or table.shape[1] != len(sizes):
        raise ValueError("there are other columns than sizes")
    if len(rows) and (rows.min() < 0 or rows.max() >= len(table)):
        raise ValueError("a row is out of range")
    used = np.zeros((len(sizes), max(sizes, default=0) + 1), np.bool_)
    codes, fits = _take(table, rows, np.array(sizes, np.int64), used)
    if not fits:
        raise ValueError("a code is out of range")
    return Taken(codes, tuple(used[column, 1 : size + 1] for column, size in enumerate(sizes)))


def used_codes(codes: Codes, size: int) -> npt.NDArray[np.bool_]:
    """One flag a code in 0..size-1: whether any row has it. Raises ValueError for a code out of range."""
    guard(codes, size)
    return np.asarray(_used(codes, size))


def recode(codes: Codes, table: Codes) -> None:
    """Replace every code by `table[code]`, in place; -1 stays. Raises ValueError for a code out of range."""
    guard(codes, len(table))
    _recode(codes, table)


@numba.njit(nogil=True, cache=True)
def _take(
    table: Codes, rows: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], used: npt.NDArray[np.bool_]
) -> tuple[Codes, bool]:
    columns = len(sizes)
    taken = np.empty((columns, len(rows)), table.dtype)
    for i in range(len(rows)):
        row = rows[i]
        for c in range(columns):
            code = np.int64(table[row, c])
            if code < -1 or code >= sizes[c]:
                return taken, False
            taken[c, i] = code
            used[c, code + 1] = True
    return taken, True


@numba.njit(nogil=True, cache=True)
def _used(codes: Codes, size: int) -> npt.NDArray[np.bool_]:
    used = np.zeros(size + 1, np.bool_)
    for i in range(len(codes)):
        used[np.int64(codes[i]) + 1] = True
    return used[1:]


@numba.njit(nogil=True, cache=True)
def _recode(codes: Codes, table: Codes) -> None:
    for i in range(len(codes)):
        if codes[i] >= 0:
            codes[i] = table[codes[i]]
