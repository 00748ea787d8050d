"""Codes of chosen rows, and which words they use."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard

Codes = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class Taken:
    """`codes` of the rows, in the dtype they had; `used[code]` says whether any row has it."""

    codes: Codes
    used: npt.NDArray[np.bool_]


def take_codes(codes: Codes, rows: npt.NDArray[np.int64], size: int) -> Taken:
    """The codes (-1..size-1, int16 or int32) at `rows`. Raises ValueError for a code or row out of range."""
    guard(codes, size)
    if len(rows) and (rows.min() < 0 or rows.max() >= len(codes)):
        raise ValueError("a row is out of range")
    return Taken(*_take(codes, rows, size))


def used_codes(codes: Codes, size: int) -> npt.NDArray[np.bool_]:
    """One flag a code in 0..size-1: whether any row has it. Raises ValueError for a code out of range."""
    guard(codes, size)
    return np.asarray(_used(codes, size))


def recode(codes: Codes, table: Codes) -> None:
    """Replace every code by `table[code]`, in place; -1 stays. Raises ValueError for a code out of range."""
    guard(codes, len(table))
    _recode(codes, table)


@numba.njit(nogil=True, cache=True)
def _take(codes: Codes, rows: npt.NDArray[np.int64], size: int) -> tuple[Codes, npt.NDArray[np.bool_]]:
    taken = np.empty(len(rows), codes.dtype)
    used = np.zeros(size + 1, np.bool_)
    for i in range(len(rows)):
        taken[i] = codes[rows[i]]
        used[np.int64(taken[i]) + 1] = True
    return taken, used[1:]


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
