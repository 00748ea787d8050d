"""Fields of protobuf messages: the one place that reads what a stranger wrote, and checks it before it uses it.

In all kernels of this package `buffer` is the address of the bodies, and `schema` that of the schema's table.
"""

from typing import Any, Final

import numba
import numpy as np

from collector.converter.wire.loads import load8, load32, load64
from collector.converter.wire.schema import FIELDS, LEVELS
from collector.converter.wire.utf8 import is_utf8

BAD: Final = -1
"""In the place of a next position: what stands here is for protobuf to judge."""


@numba.njit(nogil=True, cache=True)
def varint(buffer: Any, at: int, end: int, longest: int) -> Any:
    """(value, next) of the varint at `at` that ends before `end` and has at most `longest` (up to 10) bytes."""
    value = np.uint64(0)
    shift = np.uint64(0)
    for place in range(at, min(end, at + longest)):
        byte = load8(buffer, place)
        value |= (byte & np.uint64(127)) << shift
        if byte < 128:
            if shift == 63 and byte > 1:
                break
            return value, place + 1
        shift += np.uint64(7)
    return np.uint64(0), BAD


@numba.njit(nogil=True, cache=True, forceinline=True)
def field(buffer: Any, at: int, end: int) -> Any:
    """(tag, number, start, next) of the field at `at` of a message that ends at `end`; `at` must be less than `end`.

    `number` is the value of a varint, or of eight or four bytes; a text or message lies from `start` to `next`, and
    never beyond `end`. `next` is `BAD` for everything else.
    """
    nothing = np.uint64(0)
    first = load8(buffer, at)
    if first < 128:
        tag, at = np.int64(first), at + 1
    else:
        value, at = varint(buffer, at, end, 5)
        if at == BAD or value >> np.uint64(32) != 0:
            return 0, nothing, 0, BAD
        tag = np.int64(value)
    if tag < 8:
        return 0, nothing, 0, BAD
    kind = tag & 7
    if kind == 2:
        if at < end and load8(buffer, at) < 128:
            size, at = np.int64(load8(buffer, at)), at + 1
        else:
            length, at = varint(buffer, at, end, 5)
            if at == BAD:
                return 0, nothing, 0, BAD
            size = np.int64(length)
        if size > end - at:
            return 0, nothing, 0, BAD
        return tag, nothing, at, at + size
    if kind == 0:
        if at < end and load8(buffer, at) < 128:
            return tag, load8(buffer, at), at, at + 1
        number, after = varint(buffer, at, end, 10)
        return tag, number, at, after
    if kind == 1:
        if end - at < 8:
            return 0, nothing, 0, BAD
        return tag, load64(buffer, at), at, at + 8
    if kind == 5:
        if end - at < 4:
            return 0, nothing, 0, BAD
        return tag, load32(buffer, at), at, at + 4
    return 0, nothing, 0, BAD


@numba.njit(nogil=True, cache=True, forceinline=True)
def expected(tag: int, message: int, schema: Any) -> int:
    """The schema's entry for a tag in a message: 0 for an unknown field, -1 for a known one of another wire type."""
    number = tag >> 3
    if number >= FIELDS:
        return 0
    entry = int(np.int64(load32(schema, 4 * (message * FIELDS + number))))
    if entry and entry & 7 != tag & 7:
        return -1
    return entry


@numba.njit(nogil=True, cache=True, forceinline=True)
def fits(buffer: Any, tag: int, start: int, after: int, message: int, schema: Any) -> bool:
    """Whether a field is unknown in the message, or is what it should be: its wire type, and UTF-8 where it is text."""
    entry = expected(tag, message, schema)
    return bool(entry >= 0 and (entry >> 12 & 1 == 0 or is_utf8(buffer, start, after)))


@numba.njit(nogil=True, cache=True)
def sound(buffer: Any, at: int, end: int, message: int, depth: int, schema: Any) -> bool:
    """Whether the bytes from `at` to `end` are a message of this kind, all the way down, with nothing strange in it.

    `depth` is how many messages it lies in.
    """
    if depth > LEVELS:
        return False
    stack = np.empty((LEVELS + 1, 3), np.int64)
    floor = depth
    seen = np.int64(0)
    while True:
        if at == end:
            if depth == floor:
                return True
            depth -= 1
            end, message, seen = stack[depth, 0], stack[depth, 1], stack[depth, 2]
            continue
        tag, _, start, after = field(buffer, at, end)
        if after == BAD:
            return False
        at = after
        entry = expected(tag, message, schema)
        if entry < 0:
            return False
        once = entry >> 16
        if once:
            if seen >> once & 1:
                return False
            seen |= np.int64(1) << once
        if entry >> 12 & 1 and not is_utf8(buffer, start, after):
            return False
        inner = (entry >> 4 & 255) - 1
        if inner >= 0:
            if depth >= LEVELS:
                return False
            stack[depth, 0], stack[depth, 1], stack[depth, 2] = end, message, seen
            depth += 1
            at, end, message, seen = start, after, inner, np.int64(0)
