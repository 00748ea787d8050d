"""Ranges of rows, written out and copied."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranges:
    """All rows of the ranges, one after the other, and where each range begins (one more than ranges); int64."""

    rows: Rows
    offsets: Rows


def rows_of(first: Rows, last: Rows) -> Ranges:
    """The rows `first[i]..last[i] - 1` of each range. Raises ValueError for a range that ends before it begins."""
    _check(first, last)
    offsets = np.zeros(len(first) + 1, np.int64)
    np.cumsum(last - first, out=offsets[1:])
    return Ranges(_rows(first, offsets), offsets)


def copy_ranges(source: npt.NDArray[Any], first: Rows, last: Rows, into: npt.NDArray[Any]) -> int:
    """Copy the ranges of `source` to the beginning of `into`, neighbours in one go; gives how many values.

    Raises ValueError for a range outside of `source`, or where `into` is too short or of another dtype.
    """
    _check(first, last)
    if len(first) and (first.min() < 0 or last.max() > len(source)):
        raise ValueError("a range is outside of the column")
    count = int((last - first).sum())
    if count > len(into) or source.dtype != into.dtype:
        raise ValueError("the ranges do not fit")
    _copy(source, first, last, into)
    return count


def _check(first: Rows, last: Rows) -> None:
    if len(first) != len(last) or bool((last < first).any()):
        raise ValueError("a range ends before it begins")


@numba.njit(nogil=True, cache=True)
def _rows(first: Rows, offsets: Rows) -> Rows:
    rows = np.empty(offsets[-1], np.int64)
    for i in range(len(first)):
        for k in range(offsets[i], offsets[i + 1]):
            rows[k] = first[i] + k - offsets[i]
    return rows


@numba.njit(nogil=True, cache=True)
def _copy(source: npt.NDArray[Any], first: Rows, last: Rows, into: npt.NDArray[Any]) -> None:
    at = 0
    i = 0
    while i < len(first):
        low, high = first[i], last[i]
        i += 1
        while i < len(first) and (first[i] == high or first[i] == last[i]):
            if first[i] != last[i]:
                high = last[i]
            i += 1
        if low != high:
            into[at : at + high - low] = source[low:high]
            at += high - low
