"""One pass over the bytes of plain XES, and the columns its values make.

The scanner knows the XML that logs are written in: elements with ASCII names, attributes in quotes, comments. It proves
of these bytes that they are well-formed (tags nest and close, no attribute twice, only characters XML 1.0 has); at
anything else it says so and judges nothing: the caller lets a full XML parser decide (`collector.files.xes_file`).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

MAX_KEYS: Final = 4096
"""Different keys of attributes; more is unusual."""
SENTINEL: Final = 16
"""Zero bytes that must follow the bytes to be scanned."""
_LONGEST: Final = 1_000_000
"""Bytes of a value or comment; the full parser has its own limits, far above."""
_DEEPEST: Final = 64
_NAME, _SPACE, _PLAIN, _FOLDED = 1, 2, 4, 8
"""What a byte may be: of a name, white space, of a value as it stands, of a value that must be read closer."""

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]


def _kinds() -> Bytes:
    kinds = np.zeros(256, np.uint8)
    kinds[0x20:] |= _PLAIN
    kinds[ord("<")] = kinds[ord("&")] = 0
    for byte in b"\t\n\r&":
        kinds[byte] |= _FOLDED
    for byte in b" \t\n\r":
        kinds[byte] |= _SPACE
    for byte in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.":
        kinds[byte] |= _NAME
    return kinds


_KINDS: Final = _kinds()


class Keys:
    """Keys of attributes in order of their first value; grows from block to block."""

    def __init__(self) -> None:
        self.text = np.zeros(1 << 18, np.uint8)
        self.ends = np.zeros(MAX_KEYS + 1, np.int32)
        self.slots = np.full(4 * MAX_KEYS, -1, np.int32)
        self.after = np.full(2 * MAX_KEYS, -1, np.int32)
        """For each key of trace or event the one that followed it last time."""
        self.count = np.zeros(1, np.int64)

    def names(self) -> list[str]:
        """As texts; the position is the code."""
        ends = self.ends[: int(self.count[0]) + 1].tolist()
        return [bytes(self.text[a:b]).decode() for a, b in pairwise(ends)]


@dataclass(frozen=True)
class Scanned:
    """What stands in a block: one cell an attribute of a trace or an event that has a key and a value."""

    events: int
    traces: int
    owner: Ints
    """For every event the number of its trace in the block."""
    row: Ints
    """For every cell its event, or its trace, in the block."""
    code: npt.NDArray[np.int16]
    """For every cell 2 x its key, and 1 more of a trace."""
    begin: Ints
    """Where the value stands in the block."""
    size: Ints
    """Its bytes; below zero: bitwise not of them, and it holds references or line ends."""


def scan(data: Bytes, end: int, last: bool, keys: Keys) -> Scanned | None:
    """Scan `data[:end]`, whole traces between `<log>` and `</log>`; `last`: it ends with `</log>` and nothing after.

    `data` is UTF-8 (the caller proves it), uint8, and zero for SENTINEL bytes from `end` on, else ValueError. None:
    there is something unusual or wrong in it.
    """
    if end < 0 or end + SENTINEL > len(data) or end > 1 << 30 or data[end : end + SENTINEL].any():
        raise ValueError("a block must be followed by zero bytes")
    # The shortest cell is <a key=""value=""/> less a space that must be there; the shortest event <event/>.
    cells = end // 19 + 1
    row, begin, size = (np.empty(cells, np.int32) for _ in range(3))
    code = np.empty(cells, np.int16)
    owner = np.empty(end // 8 + 1, np.int32)
    events, traces, found = _scan(
        data, end, last, _KINDS, keys.text, keys.ends, keys.slots, keys.after, keys.count, owner, row, code, begin, size
    )
    if events < 0:
        return None
    return Scanned(events, traces, owner[:events], row[:found], code[:found], begin[:found], size[:found])


def column(
    data: Bytes, row: Ints, begin: Ints, size: Ints, count: int, latest: bool
) -> tuple[Ints, npt.NDArray[np.bool_], Bytes] | None:
    """The values of the cells of one key as a column of `count` texts: offsets (count + 1), which are there, UTF-8.

    `row` ascends; of several cells of one row the first counts, or the last (`latest`). None: a reference in a value is
    none that XML 1.0 knows by itself.
    """
    if len(row) and (row[0] < 0 or row[-1] >= count or len(begin) != len(row) or len(size) != len(row)):
        raise ValueError("cells outside of the rows")
    room = np.where(size < 0, ~size, size)
    if len(row) and (begin.min() < 0 or int((begin + room).max()) > len(data) or bool((np.diff(row) < 0).any())):
        raise ValueError("cells outside of the block")
    offsets, given = np.zeros(count + 1, np.int32), np.zeros(count, np.bool_)
    text = np.empty(int(room.sum(dtype=np.int64)), np.uint8)
    used = _column(data, row, begin, size, latest, offsets, given, text)
    return None if used < 0 else (offsets, given, text[:used])


@numba.njit(nogil=True, cache=True)
def _same(data: Bytes, begin: int, size: int, text: Bytes, at: int) -> bool:
    for i in range(size):  # noqa: SIM110  # a generator is slow when compiled
        if data[begin + i] != text[at + i]:
            return False
    return True


@numba.njit(nogil=True, cache=True)
def _is(data: Bytes, begin: int, size: int, word: Bytes) -> bool:
    if size != len(word):
        return False
    return bool(_same(data, begin, size, word, 0))


@numba.njit(nogil=True, cache=True)
def _key(data: Bytes, begin: int, size: int, text: Bytes, ends: Ints, slots: Ints, count: npt.NDArray[np.int64]) -> int:
    """Number of a key; -1 where there is no room for more."""
    hashed = np.uint64(14695981039346656037)
    for i in range(begin, begin + size):
        hashed = (hashed ^ np.uint64(data[i])) * np.uint64(1099511628211)
    mask = np.uint64(len(slots) - 1)
    slot = (hashed ^ (hashed >> np.uint64(29))) & mask
    while slots[slot] >= 0:
        known = slots[slot]
        if ends[known + 1] - ends[known] == size and _same(data, begin, size, text, ends[known]):
            return int(known)
        slot = (slot + np.uint64(1)) & mask
    new = count[0]
    if new + 1 >= len(ends) or ends[new] + size > len(text):
        return -1
    for i in range(size):
        text[ends[new] + i] = data[begin + i]
    ends[new + 1] = ends[new] + size
    slots[slot] = new
    count[0] = new + 1
    return int(new)


_LOG: Final = np.frombuffer(b"log", np.uint8).copy()
_TRACE: Final = np.frombuffer(b"trace", np.uint8).copy()
_EVENT: Final = np.frombuffer(b"event", np.uint8).copy()
_KEY: Final = np.frombuffer(b"key", np.uint8).copy()
_VALUE: Final = np.frombuffer(b"value", np.uint8).copy()
_XMLNS: Final = np.frombuffer(b"xmlns", np.uint8).copy()
_UNUSUAL: Final = (-1, 0, 0)


@numba.njit(nogil=True, cache=True)
def _scan(
    data: Bytes,
    end: int,
    last: bool,
    kinds: Bytes,
    text: Bytes,
    ends: Ints,
    slots: Ints,
    after: Ints,
    known: npt.NDArray[np.int64],
    owner: Ints,
    row: Ints,
    code: Any,
    begin: Ints,
    size: Ints,
) -> tuple[int, int, int]:
    """Events, traces and cells; (-1, 0, 0): unusual. Nothing reads past the zero bytes: they are of no kind."""
    open_from, open_size = np.zeros(_DEEPEST + 1, np.int32), np.zeros(_DEEPEST + 1, np.int32)
    events, traces, cells = 0, 0, 0
    depth, in_trace, in_event = 1, False, False
    previous = 0
    i = 0
    while True:
        while kinds[data[i]] & _SPACE:
            i += 1
        if i >= end:
            break
        if data[i] != 60:  # <
            return _UNUSUAL
        i += 1
        if data[i] == 47:  # /
            i += 1
            named = i
            while kinds[data[i]] & _NAME:
                i += 1
            if depth == 1:
                if not last or not _is(data, named, i - named, _LOG):
                    return _UNUSUAL
            elif (
                depth < 1 or i - named != open_size[depth] or not _same(data, named, i - named, data, open_from[depth])
            ):
                return _UNUSUAL
            while kinds[data[i]] & _SPACE:
                i += 1
            if data[i] != 62:  # >
                return _UNUSUAL
            i += 1
            depth -= 1
            in_event &= depth > 2
            in_trace &= depth > 1
            continue
        if data[i] == 33:  # !
            if data[i + 1] != 45 or data[i + 2] != 45:  # --
                return _UNUSUAL
            i += 3
            limit = i + _LONGEST
            while data[i] != 45 or data[i + 1] != 45:
                if (data[i] < 32 and not kinds[data[i]] & _SPACE) or i > limit:
                    return _UNUSUAL
                i += 1
            if data[i + 2] != 62:
                return _UNUSUAL
            i += 3
            continue
        # A name begins with none of the digits, - and . (45 to 57).
        if depth == 0 or not kinds[data[i]] & _NAME or data[i] <= 57:
            return _UNUSUAL
        named = i
        while kinds[data[i]] & _NAME:
            i += 1
        length = i - named
        key_from, key_size, value_from, value_size, others = -1, 0, -1, 0, 0
        while True:
            spaced = False
            while kinds[data[i]] & _SPACE:
                spaced = True
                i += 1
            if data[i] == 62 or data[i] == 47:
                break
            if not spaced or not kinds[data[i]] & _NAME or data[i] <= 57:
                return _UNUSUAL
            attribute = i
            while kinds[data[i]] & _NAME:
                i += 1
            wide = i - attribute
            while kinds[data[i]] & _SPACE:
                i += 1
            if data[i] != 61:  # =
                return _UNUSUAL
            i += 1
            while kinds[data[i]] & _SPACE:
                i += 1
            quote = data[i]
            if quote != 34 and quote != 39:
                return _UNUSUAL
            i += 1
            first = i
            folded = False
            while data[i] != quote:
                if not kinds[data[i]] & _PLAIN:
                    if not kinds[data[i]] & _FOLDED:
                        return _UNUSUAL
                    folded = True
                i += 1
            bytes_ = i - first
            i += 1
            if bytes_ > _LONGEST:
                return _UNUSUAL
            if _is(data, attribute, wide, _KEY):
                if key_from >= 0 or folded:
                    return _UNUSUAL
                key_from, key_size = first, bytes_
            elif _is(data, attribute, wide, _VALUE):
                if value_from >= 0:
                    return _UNUSUAL
                value_from, value_size = first, ~bytes_ if folded else bytes_
            else:
                others += 1
                # References in it would have to be looked at, two would have to be compared.
                if others > 1 or folded or _is(data, attribute, wide, _XMLNS):
                    return _UNUSUAL
        empty = data[i] == 47
        if empty:
            i += 1
            if data[i] != 62:
                return _UNUSUAL
        i += 1
        if length > _DEEPEST:
            return _UNUSUAL
        is_trace = _is(data, named, length, _TRACE)
        if (is_trace and depth > 1) or _is(data, named, length, _LOG):
            return _UNUSUAL
        where = -1
        if depth == 1:
            if is_trace:
                traces += 1
                in_trace = not empty
        elif depth == 2 and in_trace:
            if key_from >= 0:
                where = traces - 1
            elif _is(data, named, length, _EVENT):
                owner[events] = traces - 1
                events += 1
                in_event = not empty
        elif depth == 3 and in_event and key_from >= 0:
            where = events - 1
        if where >= 0 and value_from >= 0:
            scope = 0 if depth == 3 else 1
            # Attributes mostly follow each other as they did before.
            number = after[previous]
            if (
                number < 0
                or ends[number + 1] - ends[number] != key_size
                or not _same(data, key_from, key_size, text, ends[number])
            ):
                number = _key(data, key_from, key_size, text, ends, slots, known)
                if number < 0:
                    return _UNUSUAL
                after[previous] = number
            previous = 2 * number + scope
            row[cells], code[cells] = where, previous
            begin[cells], size[cells] = value_from, value_size
            cells += 1
        elif value_from >= 0 and value_size < 0 and not _readable(data, value_from, ~value_size):
            # A value that is left out must be well-formed all the same.
            return _UNUSUAL
        if not empty:
            depth += 1
            if depth > _DEEPEST:
                return _UNUSUAL
            open_from[depth], open_size[depth] = named, length
    if i != end or depth != (0 if last else 1):
        return _UNUSUAL
    return events, traces, cells


@numba.njit(nogil=True, cache=True)
def _readable(data: Bytes, begin: int, size: int) -> bool:
    return bool(_unfolded(data, begin, size, np.empty(size, np.uint8), 0) >= 0)


@numba.njit(nogil=True, cache=True)
def _column(
    data: Bytes, row: Ints, begin: Ints, size: Ints, latest: bool, offsets: Ints, given: Any, text: Bytes
) -> int:
    used, filled = 0, 0
    for i in range(len(row)):
        at = row[i]
        other = i + 1 if latest else i - 1
        counts = other < 0 or other == len(row) or row[other] != at
        if not counts:
            # It must be well-formed all the same.
            if size[i] < 0 and not _readable(data, begin[i], ~size[i]):
                return -1
            continue
        while filled <= at:
            offsets[filled] = used
            filled += 1
        given[at] = True
        if size[i] >= 0:
            for j in range(begin[i], begin[i] + size[i]):
                text[used] = data[j]
                used += 1
        else:
            used = _unfolded(data, begin[i], ~size[i], text, used)
            if used < 0:
                return -1
    while filled < len(offsets):
        offsets[filled] = used
        filled += 1
    return used


@numba.njit(nogil=True, cache=True)
def _unfolded(data: Bytes, begin: int, size: int, text: Bytes, used: int) -> int:
    """Write a value with references resolved and line ends as spaces (XML 1.0, 2.11 and 3.3.3); gives the end."""
    i, end = begin, begin + size
    while i < end:
        c = data[i]
        i += 1
        if c == 13 and i < end and data[i] == 10:
            continue
        if c == 9 or c == 10 or c == 13:
            text[used] = 32
            used += 1
            continue
        if c != 38:  # &
            text[used] = c
            used += 1
            continue
        semicolon = i
        while semicolon < end and data[semicolon] != 59 and semicolon - i < 12:
            semicolon += 1
        if semicolon >= end or data[semicolon] != 59:
            return -1
        point = _referred(data, i, semicolon)
        i = semicolon + 1
        if point < 0:
            return -1
        if point < 0x80:
            text[used] = point
            used += 1
        elif point < 0x800:
            text[used], text[used + 1] = 0xC0 | point >> 6, 0x80 | point & 63
            used += 2
        elif point < 0x10000:
            text[used], text[used + 1] = 0xE0 | point >> 12, 0x80 | point >> 6 & 63
            text[used + 2] = 0x80 | point & 63
            used += 3
        else:
            text[used], text[used + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 63
            text[used + 2], text[used + 3] = 0x80 | point >> 6 & 63, 0x80 | point & 63
            used += 4
    return used


@numba.njit(nogil=True, cache=True)
def _referred(data: Bytes, begin: int, end: int) -> int:
    """The character that `&...;` stands for; -1: none that XML 1.0 knows."""
    size = end - begin
    if size > 1 and data[begin] == 35:  # #
        i, base = begin + 1, 10
        if data[i] == 120:  # x
            i, base = i + 1, 16
        if i == end:
            return -1
        point = 0
        while i < end:
            c = int(data[i])
            if 48 <= c <= 57:
                digit = c - 48
            elif base == 16 and 97 <= c | 32 <= 102:
                digit = (c | 32) - 87
            else:
                return -1
            point = point * base + digit
            i += 1
        if point == 9 or point == 10 or point == 13 or 0x20 <= point <= 0xD7FF:
            return point
        if 0xE000 <= point <= 0xFFFD or 0x10000 <= point <= 0x10FFFF:
            return point
        return -1
    if size == 2 and data[begin + 1] == 116:  # t
        if data[begin] == 108:
            return 60
        if data[begin] == 103:
            return 62
        return -1
    if size == 3 and data[begin] == 97 and data[begin + 1] == 109 and data[begin + 2] == 112:
        return 38
    if size == 4 and data[begin + 3] == (116 if data[begin] == 113 else 115):
        if data[begin] == 113 and data[begin + 1] == 117 and data[begin + 2] == 111:
            return 34
        if data[begin] == 97 and data[begin + 1] == 112 and data[begin + 2] == 111:
            return 39
    return -1


def warm_up() -> None:
    """Compile the kernels, or load them from numba's cache; a second or two the first time on a machine, then 0.1 s."""
    body = b'<trace><event><a key="k" value="v&amp;"/></event></trace></log>'
    data = np.frombuffer(body + bytes(SENTINEL), np.uint8).copy()
    found = scan(data, len(body), True, Keys())
    if found is not None:
        column(data, found.row, found.begin, found.size, found.events, False)
