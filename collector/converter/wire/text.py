"""Arrow columns of strings made from bytes and numbers, with no Python object a row."""

import sys
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.converter.wire.loads import copy_bytes
from collector.converter.wire.utf8 import is_utf8

_LONGEST: Final = 2**31 - 1
_PAIRS: Final = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)
"""The two hexadecimal digits of each byte, as they stand in memory."""
_Mask = npt.NDArray[np.bool_]


def hex_column(
    hi: npt.NDArray[np.uint64], lo: npt.NDArray[np.uint64] | None, mask: _Mask | None = None
) -> pa.StringArray:
    """32 lower-case hexadecimal digits a row, or 16 where `lo` is None; null where `mask`.

    Raises ValueError for columns of different lengths, and for more rows than an Arrow string array holds: 67 million
    of 32 digits.
    """
    if any(len(other) != len(hi) for other in (lo, mask) if other is not None):
        raise ValueError("columns have different lengths")
    width = 16 if lo is None else 32
    if len(hi) * width > _LONGEST:
        raise ValueError("more ids than fit into one column")
    words = [np.ascontiguousarray(half, np.uint64) for half in (hi, lo) if half is not None]
    out = np.empty(len(hi) * width // 2, np.uint16)
    for place, half in enumerate(words):
        _hex(
            half.byteswap().view(np.uint8) if sys.byteorder == "little" else half.view(np.uint8),
            _PAIRS,
            out,
            place,
            width // 2,
        )
    offsets = np.arange(len(hi) + 1, dtype=np.int32) * width
    return _strings(offsets, out, mask)


def text_column(
    buffer: npt.NDArray[np.uint8],
    at: npt.NDArray[np.int64],
    size: npt.NDArray[np.int32],
    mask: _Mask | None = None,
) -> pa.StringArray:
    """The texts of `size` bytes at `at` of the buffer; null where `mask`, or where the size is negative.

    What is not UTF-8 is replaced as Python does with errors="replace". Raises ValueError for columns of
    different lengths, a text that reaches beyond the buffer, and more than 2 GiB of text.
    """
    buffer, at, size = frozen(buffer, np.uint8), frozen(at, np.int64), frozen(size, np.int32)
    if any(len(other) != len(at) for other in (size, mask) if other is not None):
        raise ValueError("columns have different lengths")
    if not within(buffer, at, size):
        raise ValueError("a text reaches beyond its bytes")
    missing = size < 0 if mask is None else (size < 0) | mask
    sizes = np.where(missing, 0, size)
    broken = np.zeros(len(at), np.bool_)
    if _broken(buffer, at, frozen(sizes, np.int32), broken):
        buffer, at, sizes = _repaired(buffer, at, sizes, broken)
    offsets = np.zeros(len(at) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    if offsets[-1] > _LONGEST:
        raise ValueError("more text than fits into one column")
    out = np.empty(int(offsets[-1]), np.uint8)
    _copy(buffer, at, frozen(offsets, np.int64), out)
    return _strings(offsets.astype(np.int32), out, missing)


def frozen(values: npt.NDArray[Any], kind: Any) -> npt.NDArray[Any]:
    """A contiguous read-only view (or copy), so that kernels meet one type however the values came."""
    view = np.ascontiguousarray(values, kind).view()
    view.flags.writeable = False
    return view


def _strings(offsets: npt.NDArray[np.int32], raw: npt.NDArray[Any], mask: _Mask | None) -> pa.StringArray:
    bits, nulls = None, 0
    if mask is not None and (nulls := int(np.count_nonzero(mask))):
        bits = pa.py_buffer(np.packbits(~mask, bitorder="little"))
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(raw), bits, nulls)


def _repaired(buffer: Any, at: Any, sizes: Any, broken: Any) -> Any:
    """(buffer, at, sizes) with the broken texts replaced by good ones behind the buffer's end."""
    rows = np.flatnonzero(broken)
    good = [bytes(buffer[at[row] : at[row] + sizes[row]]).decode("utf-8", "replace").encode() for row in rows]
    at, sizes = at.copy(), sizes.astype(np.int64)
    sizes[rows] = [len(each) for each in good]
    at[rows] = len(buffer) + np.cumsum(sizes[rows]) - sizes[rows]
    buffer = np.concatenate([buffer, np.frombuffer(b"".join(good), np.uint8)])
    return frozen(buffer, np.uint8), frozen(at, np.int64), sizes


@numba.njit(nogil=True, cache=True)
def within(buffer: Any, at: Any, size: Any) -> bool:
    """Whether all texts lie in the buffer; those of a negative size lie nowhere and may be anywhere."""
    good = True
    for i in range(len(at)):
        good &= size[i] < 0 or 0 <= at[i] <= len(buffer) - size[i]
    return good


@numba.njit(nogil=True, cache=True)
def _hex(raw: Any, pairs: Any, out: Any, place: int, width: int) -> None:
    for row in range(len(raw) // 8):
        for i in range(8):
            out[row * width + place * 8 + i] = pairs[raw[row * 8 + i]]


@numba.njit(nogil=True, cache=True)
def _copy(buffer: Any, at: Any, offsets: Any, out: Any) -> None:
    for i in range(len(at)):
        size = offsets[i + 1] - offsets[i]
        if size:
            copy_bytes(out, offsets[i], buffer, at[i], size)


@numba.njit(nogil=True, cache=True)
def _broken(buffer: Any, at: Any, size: Any, broken: Any) -> int:
    """How many texts are not UTF-8; marks them."""
    found = 0
    for i in range(len(at)):
        if size[i] > 0 and not is_utf8(buffer, at[i], at[i] + size[i]):
            broken[i] = True
            found += 1
    return found
