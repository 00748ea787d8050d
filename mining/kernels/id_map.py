"""Numbers kept under 64-bit hashes."""

from typing import Final

import numba
import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
NOTHING: Final = -1


class IdMap:
    """Hash -> number (at least 0), by open addressing, at most half full. Hashes that are equal are one."""

    def __init__(self) -> None:
        self._keys = np.zeros(1 << 10, np.uint64)
        self._values = np.full(1 << 10, NOTHING, np.int64)
        self._count = 0
        self._waiting: tuple[Hashes, Numbers] | None = None

    def __len__(self) -> int:
        return self._count if self._waiting is None else len(self._waiting[0])

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        return self._keys.nbytes + self._values.nbytes

    def state(self) -> tuple[Hashes, Numbers]:
        """All hashes and their numbers, for `restored`."""
        self._settle()
        there = self._values != NOTHING
        return self._keys[there], self._values[there]

    @classmethod
    def restored(cls, hashes: Hashes, numbers: Numbers) -> "IdMap":
        """What `state` was made of; put in place when it is first asked."""
        found = cls()
        found._waiting = (hashes, numbers)
        return found

    def _settle(self) -> None:
        if self._waiting is not None:
            (hashes, numbers), self._waiting = self._waiting, None
            self.put(hashes, numbers)

    def entries(self) -> tuple[Hashes, Numbers]:
        """All hashes and the number under each, in any order."""
        there = self._values != NOTHING
        return self._keys[there], self._values[there]

    def get(self, hashes: Hashes) -> Numbers:
        """The number under each hash, NOTHING where there is none."""
        self._settle()
        return np.asarray(_get(self._keys, self._values, hashes))

    def put(self, hashes: Hashes, numbers: Numbers) -> Numbers:
        """Keep each number under its hash, one after the other, and give what stood there before (NOTHING: nothing).

        Raises ValueError for numbers below 0 or columns of unequal length.
        """
        if len(hashes) != len(numbers) or (len(numbers) and numbers.min() < 0):
            raise ValueError("every hash needs a number of at least 0")
        self._settle()
        size = len(self._keys)
        while size < 2 * (self._count + len(hashes)):
            size *= 2
        if size != len(self._keys):
            keys, values = self._keys, self._values
            self._keys, self._values = np.zeros(size, np.uint64), np.full(size, NOTHING, np.int64)
            there = values != NOTHING
            _put(self._keys, self._values, keys[there], values[there])
        before = _put(self._keys, self._values, hashes, numbers)
        self._count += int(np.count_nonzero(before == NOTHING))
        return np.asarray(before)


@numba.njit(nogil=True, cache=True)
def _get(keys: Hashes, values: Numbers, hashes: Hashes) -> Numbers:
    mask = np.int64(len(keys) - 1)
    found = np.empty(len(hashes), np.int64)
    for i in range(len(hashes)):
        slot = np.int64(hashes[i] & np.uint64(mask))
        while values[slot] != NOTHING and keys[slot] != hashes[i]:
            slot = (slot + 1) & mask
        found[i] = values[slot]
    return found


@numba.njit(nogil=True, cache=True)
def _put(keys: Hashes, values: Numbers, hashes: Hashes, numbers: Numbers) -> Numbers:
    mask = np.int64(len(keys) - 1)
    before = np.empty(len(hashes), np.int64)
    for i in range(len(hashes)):
        slot = np.int64(hashes[i] & np.uint64(mask))
        while values[slot] != NOTHING and keys[slot] != hashes[i]:
            slot = (slot + 1) & mask
        before[i] = values[slot]
        keys[slot], values[slot] = hashes[i], numbers[i]
    return before
