"""Numbers kept under 64-bit hashes."""

from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
NOTHING: Final = -1
_HIGH: Final = np.uint64(0xFFFFFFFF00000000)
_LOW: Final = np.uint64(0x00000000FFFFFFFF)
_LEAST: Final = 1 << 10


class IdMap:
    """Hash -> number (at least 0). Hashes that are equal are one.

    Open addressing (linear probing, at most three quarters full) over slots of 64 bits: half the hash, and the place
    of the entry, which are kept in the order they came.
    """

    def __init__(self) -> None:
        self._slots = np.zeros(_LEAST, np.uint64)
        self._hashes = np.empty(_LEAST, np.uint64)
        self._numbers = np.empty(_LEAST, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        """Memory held, in bytes, without room that has not been written to."""
        return self._slots.nbytes + self._count * (self._hashes.itemsize + self._numbers.itemsize)

    @classmethod
    def restored(cls, hashes: Hashes, numbers: Numbers) -> "IdMap":
        """What `entries` gave; slots are made when it is first asked. The columns are written to."""
        found = cls()
        found._hashes, found._numbers, found._count = hashes, numbers, len(hashes)
        found._slots = np.zeros(0, np.uint64)
        return found

    def entries(self) -> tuple[Hashes, Numbers]:
        """All hashes and the number under each, in order of their first sight; views, not to be written to."""
        return self._hashes[: self._count], self._numbers[: self._count]

    def expect(self, count: int) -> None:
        """Make room for so many further hashes at once."""
        wanted = self._count + count
        if wanted > len(self._hashes):
            size = max(wanted, len(self._hashes) + len(self._hashes) // 2)
            self._hashes, self._numbers = _grown(self._hashes, size), _grown(self._numbers, size)
        slots = max(len(self._slots), _LEAST)
        while 3 * slots < 4 * wanted:
            slots *= 2
        if slots != len(self._slots):
            self._slots = np.zeros(slots, np.uint64)
            _place(self._slots, self._hashes, self._count)

    def get(self, hashes: Hashes) -> Numbers:
        """The number under each hash, NOTHING where there is none."""
        self.expect(0)
        return np.asarray(_get(self._slots, self._hashes, self._numbers, hashes))

    def put(self, hashes: Hashes, numbers: Numbers) -> Numbers:
        """Keep each number under its hash, one after the other, and give what stood there before (NOTHING: nothing).

        Raises ValueError for numbers below 0 or columns of unequal length.
        """
        if len(hashes) != len(numbers) or (len(numbers) and numbers.min() < 0):
            raise ValueError("every hash needs a number of at least 0")
        self.expect(len(hashes))
        before, count = _put(self._slots, self._hashes, self._numbers, self._count, hashes, numbers)
        self._count = int(count)
        return np.asarray(before)


def _grown(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    larger = np.empty(size, values.dtype)
    larger[: len(values)] = values
    return larger


@numba.njit(nogil=True, cache=True)
def _place(slots: Hashes, hashes: Hashes, count: int) -> None:
    mask = np.int64(len(slots) - 1)
    for entry in range(count):
        slot = np.int64(hashes[entry] & np.uint64(mask))
        while slots[slot] != 0:
            slot = (slot + 1) & mask
        slots[slot] = (hashes[entry] & _HIGH) | np.uint64(entry + 1)


@numba.njit(nogil=True, cache=True)
def _get(slots: Hashes, known: Hashes, numbers: Numbers, hashes: Hashes) -> Numbers:
    mask = np.int64(len(slots) - 1)
    found = np.empty(len(hashes), np.int64)
    for i in range(len(hashes)):
        slot = np.int64(hashes[i] & np.uint64(mask))
        found[i] = NOTHING
        while slots[slot] != 0:
            entry = np.int64(slots[slot] & _LOW) - 1
            if (slots[slot] ^ hashes[i]) & _HIGH == 0 and known[entry] == hashes[i]:
                found[i] = numbers[entry]
                break
            slot = (slot + 1) & mask
    return found


@numba.njit(nogil=True, cache=True)
def _put(
    slots: Hashes, known: Hashes, numbers: Numbers, count: int, hashes: Hashes, added: Numbers
) -> tuple[Numbers, int]:
    mask = np.int64(len(slots) - 1)
    before = np.empty(len(hashes), np.int64)
    for i in range(len(hashes)):
        slot = np.int64(hashes[i] & np.uint64(mask))
        before[i] = NOTHING
        while slots[slot] != 0:
            entry = np.int64(slots[slot] & _LOW) - 1
            if (slots[slot] ^ hashes[i]) & _HIGH == 0 and known[entry] == hashes[i]:
                before[i], numbers[entry] = numbers[entry], added[i]
                break
            slot = (slot + 1) & mask
        if slots[slot] == 0:
            known[count], numbers[count] = hashes[i], added[i]
            count += 1
            slots[slot] = (hashes[i] & _HIGH) | np.uint64(count)
    return before, count
