"""The attributes that somebody wants, to be found by the bytes of their keys."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from collector.converter.wire.loads import hashed, load32, load64, same_bytes

_SEED: Final = 0x243F6A8885A308D3
_SECRET: Final = 0x9E3779B97F4A7C15


class KeyTable(NamedTuple):
    """Keys as compiled code wants them: `text[offsets[i]:offsets[i + 1]]` is key `i`; `slots` is an open hash table."""

    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    slots: npt.NDArray[np.int32]


class Wanted:
    """Keys of attributes; the code of each is its place in sorted order."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys: tuple[str, ...] = tuple(sorted(set(keys)))
        self.table = table(self.keys)


def table(keys: tuple[str, ...]) -> KeyTable:
    """The keys to be looked up with `code_of`."""
    raw = [key.encode("utf-8", "surrogatepass") for key in keys]
    offsets = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(each) for each in raw], out=offsets[1:])
    text = np.frombuffer(b"".join(raw) or b"\0", np.uint8).copy()
    size = 16
    while size < 4 * len(raw):
        size *= 2
    slots = np.full(size, -1, np.int32)
    _fill(text, offsets, slots)
    return KeyTable(text, offsets, slots)


@numba.njit(nogil=True, cache=True)
def _fill(text: Any, offsets: Any, slots: Any) -> None:
    last = len(slots) - 1
    for code in range(len(offsets) - 1):
        at = offsets[code]
        slot = np.int64(hashed(text, at, offsets[code + 1] - at, np.uint64(_SEED), np.uint64(_SECRET))) & last
        while slots[slot] >= 0:
            slot = (slot + 1) & last
        slots[slot] = code


@numba.njit(nogil=True, cache=True)
def code_of(buffer: Any, at: int, size: int, text: int, offsets: int, slots: int, last: int) -> int:
    """The code of the key of `size` bytes at `at`, which must lie in `buffer`; -1 where nobody wants it.

    The table's arrays come as their addresses; `last` is the number of the last slot.
    """
    slot = np.int64(hashed(buffer, at, size, np.uint64(_SEED), np.uint64(_SECRET))) & last
    while True:
        code = int(np.int32(load32(slots, 4 * slot)))
        if code < 0:
            return -1
        known = np.int64(load64(offsets, 8 * code))
        if np.int64(load64(offsets, 8 * code + 8)) - known == size and same_bytes(buffer, at, text, known, size):
            return int(code)
        slot = (slot + 1) & last
