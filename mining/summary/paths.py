"""Variants with their cases: every path met is kept, so nothing is taken on trust of its hash."""

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]


class Variants:
    """Paths get numbers in order of arrival; `cases` counts the cases of each, 0 where all have gone."""

    def __init__(self) -> None:
        self.size = 0
        self.offsets: Ints = np.zeros(17, np.int64)
        """Path `v` is `steps[offsets[v]:offsets[v + 1]]`."""
        self.steps: Codes = np.zeros(64, np.int32)
        self._cases: Ints = np.zeros(16, np.int64)
        self._hashes: Hashes = np.zeros(16, np.uint64)
        self._slots: Codes = np.full(32, -1, np.int32)

    def numbers(self, offsets: Ints, steps: Codes, new: bool = True) -> Codes:
        """The number of each path `steps[offsets[c]:offsets[c + 1]]`; of one not met before the next, or -1."""
        out = np.empty(len(offsets) - 1, np.int32)
        if new:
            self._reserve(self.size + len(out), int(self.offsets[self.size]) + len(steps))
        self.size = _numbers(offsets, steps, self._slots, self._hashes, self.offsets, self.steps, self.size, new, out)
        return out

    def count(self, numbers: Codes, sign: int) -> None:
        """Add (1) or take out (-1) a case of each number."""
        _count(numbers, self._cases, sign)

    def add(self, offsets: Ints, steps: Codes, cases: Ints, sign: int) -> None:
        """Add or take out so many cases of each path."""
        numbers = self.numbers(offsets, steps)
        np.add.at(self._cases, numbers, sign * cases)

    @property
    def cases(self) -> Ints:
        """How many cases each number has."""
        return self._cases[: self.size]

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return sum(a.nbytes for a in (self.offsets, self.steps, self._cases, self._hashes, self._slots))

    def compact(self) -> None:
        """Forget paths without cases once they are more than half; numbers change."""
        there = np.flatnonzero(self.cases)
        if self.size > 1024 and 2 * len(there) < self.size:
            offsets, steps = self.paths(there)
            cases = self.cases[there]
            self.__init__()  # type: ignore[misc]
            self.add(offsets, steps, cases, 1)

    def paths(self, numbers: npt.NDArray[np.int64]) -> tuple[Ints, Codes]:
        """The paths of some numbers, one after the other: offsets and steps."""
        lengths = self.offsets[numbers + 1] - self.offsets[numbers]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[numbers] - offsets[:-1], lengths)
        return offsets, self.steps[rows]

    def _reserve(self, paths: int, steps: int) -> None:
        if paths > len(self._cases):
            more = max(paths, 2 * len(self._cases)) - len(self._cases)
            self._cases = np.concatenate([self._cases, np.zeros(more, np.int64)])
            self._hashes = np.concatenate([self._hashes, np.zeros(more, np.uint64)])
            self.offsets = np.concatenate([self.offsets, np.zeros(more, np.int64)])
        if steps > len(self.steps):
            more = max(steps, 2 * len(self.steps)) - len(self.steps)
            self.steps = np.concatenate([self.steps, np.zeros(more, np.int32)])
        if 2 * paths > len(self._slots):
            slots = len(self._slots)
            while slots < 3 * paths:
                slots *= 2
            self._slots = np.full(slots, -1, np.int32)
            _rehash(self._slots, self._hashes, self.size)


@numba.njit(nogil=True, cache=True)
def _numbers(
    offsets: Ints,
    steps: Codes,
    slots: Codes,
    hashes: Hashes,
    found: Ints,
    kept: Codes,
    size: int,
    new: bool,
    out: Codes,
) -> int:
    mask = len(slots) - 1
    for c in range(len(offsets) - 1):
        low, length = offsets[c], offsets[c + 1] - offsets[c]
        mixed = np.uint64(0xCBF29CE484222325)  # FNV-1a over whole codes
        for i in range(low, low + length):
            mixed = (mixed ^ np.uint64(steps[i] + 1)) * np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(29)  # for the low bits, which choose the slot
        place = np.int64(mixed) & mask
        while True:
            number = slots[place]
            if number < 0:
                if new:
                    slots[place], hashes[size] = size, mixed
                    for i in range(length):
                        kept[found[size] + i] = steps[low + i]
                    found[size + 1] = found[size] + length
                    number = size
                    size += 1
                break
            other = found[number]
            same = hashes[number] == mixed and found[number + 1] - other == length
            if same:
                for i in range(length):
                    if steps[low + i] != kept[other + i]:
                        same = False
                        break
            if same:
                break
            place = (place + 1) & mask
        out[c] = number
    return size


@numba.njit(nogil=True, cache=True)
def _rehash(slots: Codes, hashes: Hashes, size: int) -> None:
    mask = len(slots) - 1
    for number in range(size):
        place = np.int64(hashes[number]) & mask
        while slots[place] >= 0:
            place = (place + 1) & mask
        slots[place] = number


@numba.njit(nogil=True, cache=True)
def _count(numbers: Codes, cases: Ints, sign: int) -> None:
    for number in numbers:
        if number >= 0:
            cases[number] += sign
