"""Pairs of codes get numbers in order of arrival, so that arrays can say something about each."""

from typing import Final

import numba
import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

BEGIN: Final = -2
"""Stands left of a case's first event, where there is nothing before."""
_SHIFT: Final = 2
_CELLS: Final = 1 << 21
"""Cells of the largest direct table; beyond it pairs are found by hashing."""


class Numbering:
    """Numbers 0, 1, .. of the pairs met. What counts by number grows with `reserve`."""

    def __init__(self, cells: int = _CELLS) -> None:
        self.left: Codes = np.zeros(16, np.int32)
        self.right: Codes = np.zeros(16, np.int32)
        self.size = 0
        self._cells = cells
        self._table: Codes = np.full((4, 4), -1, np.int32)
        """Per left + 2 and right + 2 the number; -1 where the pair is new. Empty once pairs are hashed."""
        self._keys: Ints = np.zeros(0, np.int64)
        self._numbers: Codes = np.zeros(0, np.int32)

    def numbers(self, left: Codes, right: Codes, left_size: int, right_size: int, least: int = 0) -> Codes:
        """The number of each pair, new ones the next; -1 where one of its codes is less than `least` (right: than -1).

        Codes must be in -2..size-1: the caller has checked them.
        """
        self.reserve(self.size + len(left))
        out = np.empty(len(left), np.int32)
        if self._direct(left_size + _SHIFT, right_size + _SHIFT):
            self.size = _by_table(left, right, self._table, self.left, self.right, self.size, least, out)
        else:
            self._make_slots(self.size + len(left))
            self.size = _by_hash(left, right, self._keys, self._numbers, self.left, self.right, self.size, least, out)
        return out

    def known(self, left: Codes, right: Codes) -> Codes:
        """The number of each pair of codes (-2 and more); -1 where it is new. Threads may ask at once."""
        out = np.full(len(left), -1, np.int32)
        if len(self._table):
            _from_table(left, right, self._table, out)
        else:
            _from_hash(left, right, self._keys, self._numbers, out)
        return out

    def reserve(self, size: int) -> None:
        """Make room for so many pairs."""
        if size > len(self.left):
            more = max(size, 2 * len(self.left)) - len(self.left)
            self.left = np.concatenate([self.left, np.zeros(more, np.int32)])
            self.right = np.concatenate([self.right, np.zeros(more, np.int32)])

    @property
    def lefts(self) -> Codes:
        """Left code of each number."""
        return self.left[: self.size]

    @property
    def rights(self) -> Codes:
        """Right code of each number."""
        return self.right[: self.size]

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return sum(a.nbytes for a in (self.left, self.right, self._table, self._keys, self._numbers))

    def _direct(self, rows: int, columns: int) -> bool:
        """Whether the pairs have a direct table, which is made as large as they need."""
        if not len(self._table):
            return False
        if rows > len(self._table) or columns > self._table.shape[1]:
            rows = _room(rows, len(self._table))
            columns = _room(columns, self._table.shape[1])
            if rows * columns > self._cells:
                self._table = np.zeros((0, 0), np.int32)
                self._make_slots(self.size)
                return False
            self._table = np.full((rows, columns), -1, np.int32)
            self._table[self.lefts + _SHIFT, self.rights + _SHIFT] = np.arange(self.size, dtype=np.int32)
        return True

    def _make_slots(self, pairs: int) -> None:
        if 2 * pairs >= len(self._keys):
            slots = 16
            while slots < 4 * pairs:
                slots *= 2
            self._keys = np.full(slots, -1, np.int64)
            self._numbers = np.zeros(slots, np.int32)
            _rehash(self._keys, self._numbers, self.left, self.right, self.size)


def _room(wanted: int, there: int) -> int:
    return there if wanted <= there else max(wanted, there + there // 2)


@register_jitable
def _slot(keys: Ints, key: int) -> np.int64:
    mask = len(keys) - 1
    place = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & mask
    while keys[place] != key and keys[place] != -1:
        place = (place + 1) & mask
    return place


@numba.njit(nogil=True, cache=True)
def _by_table(
    left: Codes,
    right: Codes,
    table: Codes,
    lefts: Codes,
    rights: Codes,
    size: int,
    least: int,
    out: Codes,
) -> int:
    for k in range(len(left)):
        a, b = left[k], right[k]
        if a < least or b < max(least, -1):
            out[k] = -1
            continue
        number = table[a + _SHIFT, b + _SHIFT]
        if number < 0:
            number = size
            table[a + _SHIFT, b + _SHIFT] = number
            lefts[size], rights[size] = a, b
            size += 1
        out[k] = number
    return size


@numba.njit(nogil=True, cache=True)
def _by_hash(
    left: Codes,
    right: Codes,
    keys: Ints,
    numbers: Codes,
    lefts: Codes,
    rights: Codes,
    size: int,
    least: int,
    out: Codes,
) -> int:
    for k in range(len(left)):
        a, b = left[k], right[k]
        if a < least or b < max(least, -1):
            out[k] = -1
            continue
        key = (np.int64(a) + _SHIFT) << 32 | (np.int64(b) + _SHIFT)
        place = _slot(keys, key)
        if keys[place] == -1:
            keys[place], numbers[place] = key, size
            lefts[size], rights[size] = a, b
            size += 1
        out[k] = numbers[place]
    return size


@numba.njit(nogil=True, cache=True)
def _from_table(left: Codes, right: Codes, table: Codes, out: Codes) -> None:
    rows, columns = table.shape
    for k in range(len(left)):
        a, b = left[k] + _SHIFT, right[k] + _SHIFT
        if 0 <= a < rows and 0 <= b < columns:
            out[k] = table[a, b]


@numba.njit(nogil=True, cache=True)
def _from_hash(left: Codes, right: Codes, keys: Ints, numbers: Codes, out: Codes) -> None:
    for k in range(len(left)):
        key = (np.int64(left[k]) + _SHIFT) << 32 | (np.int64(right[k]) + _SHIFT)
        place = _slot(keys, key)
        if keys[place] == key:
            out[k] = numbers[place]


@numba.njit(nogil=True, cache=True)
def _rehash(keys: Ints, numbers: Codes, lefts: Codes, rights: Codes, size: int) -> None:
    for number in range(size):
        key = (np.int64(lefts[number]) + _SHIFT) << 32 | (np.int64(rights[number]) + _SHIFT)
        place = _slot(keys, key)
        keys[place], numbers[place] = key, number
