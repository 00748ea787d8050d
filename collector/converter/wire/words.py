"""Byte strings to small numbers that stay the same from batch to batch."""

import secrets
from typing import Any, ClassVar

import numba
import numpy as np
import numpy.typing as npt

from collector.converter.wire.loads import copy_bytes, hashed, same_bytes
from collector.converter.wire.text import frozen, within


class Words:
    """Gives every byte string that it meets a number: 0, 1, 2, ... in the order of first sight. One thread at a time.

    It grows with every new word and refuses none: whoever feeds it with what strangers send looks at `full` between
    batches and clears it, after which all numbers given before mean nothing.
    """

    MAX: ClassVar = 1_000_000
    MAX_BYTES: ClassVar = 128 << 20

    def __init__(self) -> None:
        # Nobody who does not know it can write words that all fall into one slot.
        self._seed, self._secret = np.uint64(secrets.randbits(64)), np.uint64(secrets.randbits(64) | 1)
        self.clear()

    def clear(self) -> None:
        """Forget all words; numbers begin at 0 again."""
        self._count = 0
        self._raw = np.empty(1 << 16, np.uint8)
        self._offsets = np.zeros((1 << 11) + 1, np.int64)
        self._hashes = np.empty(1 << 11, np.uint64)
        self._slots = np.full(1 << 12, -1, np.int32)
        self._texts: dict[int, str] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def full(self) -> bool:
        """Whether it holds more than `MAX` words or `MAX_BYTES` bytes, and ought to be cleared."""
        return self._count > self.MAX or int(self._offsets[self._count]) > self.MAX_BYTES

    def codes(
        self, buffer: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int32]:
        """The number of each string of `size` bytes at `at` of the buffer; -1 where the size is negative.

        Raises ValueError for a string that reaches beyond the buffer.
        """
        buffer, at, size = frozen(buffer, np.uint8), frozen(at, np.int64), frozen(size, np.int32)
        if len(at) != len(size) or not within(buffer, at, size):
            raise ValueError("a word reaches beyond its bytes")
        codes = np.empty(len(at), np.int32)
        row = 0
        while True:
            row, self._count = _intern(
                buffer,
                at,
                size,
                row,
                codes,
                self._seed,
                self._secret,
                self._count,
                self._raw,
                self._offsets,
                self._hashes,
                self._slots,
            )
            if row == len(at):
                return codes
            self._grow(int(size[row]))

    def text(self, code: int) -> str:
        """The word of a number; what is not UTF-8 in it is replaced. Raises IndexError for a number never given."""
        known = self._texts.get(code)
        if known is None:
            if not 0 <= code < self._count:
                raise IndexError(f"no word has the number {code}")
            raw = self._raw[self._offsets[code] : self._offsets[code + 1]]
            known = self._texts[code] = bytes(raw).decode("utf-8", "replace")
        return known

    def _grow(self, size: int) -> None:
        """Room for at least one more word, of `size` bytes."""
        used = int(self._offsets[self._count])
        if used + size > len(self._raw):
            raw = np.empty(max(2 * len(self._raw), used + size), np.uint8)
            raw[:used] = self._raw[:used]
            self._raw = raw
        if 2 * (self._count + 1) > len(self._slots):
            self._offsets = np.concatenate([self._offsets, np.zeros(len(self._hashes), np.int64)])
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)])
            self._slots = np.full(2 * len(self._slots), -1, np.int32)
            _place(self._hashes, self._count, self._slots)


@numba.njit(nogil=True, cache=True)
def _intern(
    buffer: Any,
    at: Any,
    size: Any,
    row: int,
    codes: Any,
    seed: Any,
    secret: Any,
    count: int,
    raw: Any,
    offsets: Any,
    hashes: Any,
    slots: Any,
) -> Any:
    """(next row, words): stops before the first row that there is no room for."""
    last = len(slots) - 1
    while row < len(at):
        length = np.int64(size[row])
        if length < 0:
            codes[row] = -1
            row += 1
            continue
        mixed = hashed(buffer, at[row], length, seed, secret)
        slot = np.int64(mixed) & last
        code = int(slots[slot])
        while code >= 0:
            if (
                hashes[code] == mixed
                and offsets[code + 1] - offsets[code] == length
                and same_bytes(buffer, at[row], raw, offsets[code], length)
            ):
                break
            slot = (slot + 1) & last
            code = int(slots[slot])
        if code < 0:
            if 2 * (count + 1) > len(slots) or offsets[count] + length > len(raw):
                return row, count
            code = count
            if length:
                copy_bytes(raw, offsets[count], buffer, at[row], length)
            offsets[count + 1] = offsets[count] + length
            hashes[count] = mixed
            slots[slot] = count
            count += 1
        codes[row] = code
        row += 1
    return row, count


@numba.njit(nogil=True, cache=True)
def _place(hashes: Any, count: int, slots: Any) -> None:
    last = len(slots) - 1
    for code in range(count):
        slot = np.int64(hashes[code]) & last
        while slots[slot] >= 0:
            slot = (slot + 1) & last
        slots[slot] = code
