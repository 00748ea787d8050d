"""Whether bytes are text."""

from typing import Any, Final

import numba
import numpy as np

from collector.converter.wire.loads import load8, load32, load64

_HIGH: Final = 0x8080808080808080
"""The bits that no ASCII character has."""


@numba.njit(nogil=True, cache=True, forceinline=True)
def is_utf8(buffer: Any, at: int, end: int) -> bool:
    """Whether the bytes from `at` to `end` are UTF-8; quick where they are ASCII."""
    size = numba.int64(end - at)
    if size >= 8:
        last = numba.int64(end - 8)
        bits = load64(buffer, last)
        place = numba.int64(at)
        while place < last:
            bits |= load64(buffer, place)
            place += 8
    elif size >= 4:
        bits = load32(buffer, numba.int64(at)) | load32(buffer, numba.int64(end - 4))
    else:
        bits = np.uint64(0)
        for place in range(at, end):
            bits |= load8(buffer, place)
    return bool(bits & np.uint64(_HIGH) == 0) or _is_well_formed(buffer, at, end)


@numba.njit(nogil=True, cache=True)
def _is_well_formed(buffer: Any, at: int, end: int) -> bool:
    """By the table of well-formed byte sequences (Unicode 16, table 3-7)."""
    while at < end:
        if at + 8 <= end and load64(buffer, at) & np.uint64(_HIGH) == 0:
            at += 8
            continue
        first = np.int64(load8(buffer, at))
        at += 1
        if first < 0x80:
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            more = 1
        elif 0xE0 <= first <= 0xEF:
            more = 2
            low = 0xA0 if first == 0xE0 else 0x80
            high = 0x9F if first == 0xED else 0xBF
        elif 0xF0 <= first <= 0xF4:
            more = 3
            low = 0x90 if first == 0xF0 else 0x80
            high = 0x8F if first == 0xF4 else 0xBF
        else:
            return False
        if end - at < more:
            return False
        for i in range(more):
            byte = np.int64(load8(buffer, at + i))
            if byte < low or byte > high:
                return False
            low, high = 0x80, 0xBF
        at += more
    return True
