"""Texts to dense numbers by hashing; no text is ever sorted or made a Python object."""

from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mining.columns import string_buffers, valid_rows
from mining.kernels.words import eight_bytes

_ROWS: Final = 1 << 16
"""Rows that are taken in at once: room for that many new texts is made beforehand."""
_BLOCK: Final = 512
_HIGH: Final = np.uint64(0xFFFFFFFF00000000)
_LOW: Final = np.uint64(0x00000000FFFFFFFF)

Bytes = npt.NDArray[np.uint8]


class Interner:
    """Numbers texts from 0 in order of their first sight.

    A hash table with open addressing (linear probing, at most half full) over the bytes; equal hashes are compared byte
    by byte, so no two texts are ever taken for one.
    """

    def __init__(self) -> None:
        self._slots = np.zeros(1 << 10, np.uint64)
        self._hashes = np.zeros(1 << 9, np.uint64)
        self._offsets = np.zeros((1 << 9) + 1, np.int64)
        self._raw = np.zeros(1 << 12, np.uint8)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        return self._slots.nbytes + self._hashes.nbytes + self._offsets.nbytes + self._raw.nbytes

    @classmethod
    def restored(cls, texts: pa.StringArray) -> "Interner":
        """What gave these `texts`."""
        offsets, raw = string_buffers(texts)
        found = cls()
        found._make_room(len(texts), int(offsets[-1]) - int(offsets[0]))
        found._count = len(texts)
        found._offsets[: len(offsets)] = offsets.astype(np.int64) - int(offsets[0])
        found._raw[: int(found._offsets[len(texts)])] = raw[int(offsets[0]) : int(offsets[-1])]
        found._hashes[: len(texts)] = hashes(texts)
        _place(found._slots, found._hashes, found._count)
        return found

    def codes(self, column: pa.StringArray) -> npt.NDArray[np.int32]:
        """The number of each row's text, -1 for null; texts not seen before get the next numbers."""
        offsets, raw = string_buffers(column)
        known = valid_rows(column)
        found = np.full(len(column), -1, np.int32)
        for low in range(0, len(column), _ROWS):
            high = min(low + _ROWS, len(column))
            self._make_room(high - low, int(offsets[high]) - int(offsets[low]))
            self._count = int(
                _intern(
                    offsets, raw, known, low, high, found,
                    self._slots, self._hashes, self._offsets, self._raw, self._count, True,
                )
            )  # fmt: skip
        return found

    def find(self, column: pa.StringArray) -> npt.NDArray[np.int32]:
        """The number of each row's text, -1 for null and for one that has not been seen."""
        offsets, raw = string_buffers(column)
        found = np.full(len(column), -1, np.int32)
        _intern(
            offsets, raw, valid_rows(column), 0, len(column), found,
            self._slots, self._hashes, self._offsets, self._raw, self._count, False,
        )  # fmt: skip
        return found

    def texts(self) -> pa.Array:
        """All texts by number, as Arrow strings; large_string beyond 2 GiB."""
        size = int(self._offsets[self._count])
        narrow = size < 1 << 31
        offsets = self._offsets[: self._count + 1].astype(np.int32 if narrow else np.int64)
        kind: Any = pa.StringArray if narrow else pa.LargeStringArray
        return kind.from_buffers(self._count, pa.py_buffer(offsets), pa.py_buffer(self._raw[:size].copy()))

    def buffers(self) -> tuple[npt.NDArray[np.int64], Bytes]:
        """Offsets (count + 1) and bytes of all texts by number; views, not to be written to."""
        return self._offsets[: self._count + 1], self._raw

    def _make_room(self, rows: int, size: int) -> None:
        wanted = self._count + rows
        if wanted > len(self._hashes):
            grown = max(wanted, 2 * len(self._hashes))
            self._hashes = _grown(self._hashes, grown)
            self._offsets = _grown(self._offsets, grown + 1)
        used = int(self._offsets[self._count])
        if used + size > len(self._raw):
            self._raw = _grown(self._raw, max(used + size, 2 * len(self._raw)))
        slots = len(self._slots)
        while slots < 2 * wanted:
            slots *= 2
        if slots != len(self._slots):
            self._slots = np.zeros(slots, np.uint64)
            _place(self._slots, self._hashes, self._count)


def hashes(column: pa.StringArray) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each row's text; of null any."""
    offsets, raw = string_buffers(column)
    found = np.empty(len(column), np.uint64)
    _hashes(offsets, raw, found)
    return found


def _grown(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    larger = np.zeros(size, values.dtype)
    larger[: len(values)] = values
    return larger


@numba.njit(nogil=True, cache=True)
def _hash(raw: Bytes, low: int, size: int) -> np.uint64:
    """Multiply and shift over eight bytes at a time, with a last mix (after wyhash and splitmix64)."""
    mixed = (np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(size)) * np.uint64(0x94D049BB133111EB)
    high = low + size
    if size >= 8:
        at = low
        while at + 8 < high:
            mixed = (mixed ^ eight_bytes(raw, at)) * np.uint64(0xFF51AFD7ED558CCD)
            mixed ^= mixed >> np.uint64(32)
            at += 8
        rest = eight_bytes(raw, high - 8)
    else:
        rest = np.uint64(0)
        for at in range(low, high):
            rest = rest << np.uint64(8) | np.uint64(raw[at])
    mixed = (mixed ^ rest) * np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return np.uint64(mixed)


@numba.njit(nogil=True, cache=True)
def _hashes(offsets: npt.NDArray[np.int32], raw: Bytes, found: npt.NDArray[np.uint64]) -> None:
    for row in range(len(found)):
        begin = np.int64(offsets[row])
        found[row] = _hash(raw, begin, np.int64(offsets[row + 1]) - begin)


@numba.njit(nogil=True, cache=True)
def _place(slots: npt.NDArray[np.uint64], hashes: npt.NDArray[np.uint64], count: int) -> None:
    mask = np.uint64(len(slots) - 1)
    for number in range(count):
        slot = np.int64(hashes[number] & mask)
        while slots[slot] != 0:
            slot = (slot + 1) & np.int64(mask)
        slots[slot] = (hashes[number] & _HIGH) | np.uint64(number + 1)


@numba.njit(nogil=True, cache=True)
def _same(raw: Bytes, begin: int, kept: Bytes, place: int, size: int) -> bool:
    if size < 8:
        for i in range(size):  # noqa: SIM110 - compiled: this is the loop that is wanted
            if raw[begin + i] != kept[place + i]:
                return False
        return True
    i = 0
    while i + 8 < size:
        if eight_bytes(raw, begin + i) != eight_bytes(kept, place + i):
            return False
        i += 8
    return bool(eight_bytes(raw, begin + size - 8) == eight_bytes(kept, place + size - 8))


@numba.njit(nogil=True, cache=True)
def _intern(
    offsets: npt.NDArray[np.int32],
    raw: Bytes,
    known: npt.NDArray[np.bool_],
    low: int,
    high: int,
    found: npt.NDArray[np.int32],
    slots: npt.NDArray[np.uint64],
    hashes: npt.NDArray[np.uint64],
    kept_offsets: npt.NDArray[np.int64],
    kept: Bytes,
    count: int,
    insert: bool,
) -> int:
    """Block by block in three sweeps whose memory accesses do not wait for each other; what they leave, one by one."""
    mask = np.int64(len(slots) - 1)
    mixed = np.empty(_BLOCK, np.uint64)
    home = np.empty(_BLOCK, np.uint64)
    number = np.empty(_BLOCK, np.int64)
    place = np.empty(_BLOCK, np.int64)
    for block in range(low, high, _BLOCK):
        rows = min(_BLOCK, high - block)
        for i in range(rows):
            begin = np.int64(offsets[block + i])
            mixed[i] = _hash(raw, begin, np.int64(offsets[block + i + 1]) - begin)
        for i in range(rows):
            home[i] = slots[np.int64(mixed[i] & np.uint64(mask))]
        for i in range(rows):
            entry = home[i]
            slot = np.int64(mixed[i] & np.uint64(mask))
            while entry != 0 and (entry ^ mixed[i]) & _HIGH != 0:
                slot = (slot + 1) & mask
                entry = slots[slot]
            number[i] = np.int64(entry & _LOW) - 1
        for i in range(rows):
            place[i] = kept_offsets[max(number[i], 0)]
        for i in range(rows):
            row = block + i
            if len(known) and not known[row]:
                continue
            begin = np.int64(offsets[row])
            size = np.int64(offsets[row + 1]) - begin
            fits = number[i] >= 0 and kept_offsets[number[i] + 1] - place[i] == size
            if fits and _same(raw, begin, kept, place[i], size):
                found[row] = number[i]
                continue
            slot = np.int64(mixed[i] & np.uint64(mask))
            while True:
                if slots[slot] == 0:
                    if insert:
                        slots[slot] = (mixed[i] & _HIGH) | np.uint64(count + 1)
                        hashes[count] = mixed[i]
                        new = kept_offsets[count]
                        for k in range(size):
                            kept[new + k] = raw[begin + k]
                        kept_offsets[count + 1] = new + size
                        found[row] = count
                        count += 1
                    break
                if (slots[slot] ^ mixed[i]) & _HIGH == 0:
                    other = np.int64(slots[slot] & _LOW) - 1
                    old = kept_offsets[other]
                    if kept_offsets[other + 1] - old == size and _same(raw, begin, kept, old, size):
                        found[row] = other
                        break
                slot = (slot + 1) & mask
    return count
