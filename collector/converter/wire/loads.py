"""Words of memory at any place of a byte array, which is given as itself or as its address.

Numba would read byte by byte and look for negative indices at each, and count references wherever an array is handed
on; so kernels hand on `array.ctypes.data`. These read what they are told: **every caller has to know that the bytes lie
within the array**.
"""

from typing import Any, Final

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic

_ADDRESS: Final = (types.int64, types.uint64)


def _reader(word: Any, swap: bool) -> Any:
    """The code for reading a little-endian (or, if `swap`, a big-endian) unsigned word of this type as uint64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], args[0], args[1])
        place = builder.bitcast(place, context.get_value_type(word).as_pointer())
        read = builder.load(place, align=1)
        if swap:
            read = builder.bswap(read)
        return context.cast(builder, read, word, types.uint64)

    return generate


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    if kind in _ADDRESS:
        return builder.inttoptr(builder.add(array, at), cgutils.voidptr_t)
    return builder.gep(cgutils.create_struct_proxy(kind)(context, builder, array).data, [at])


def _signature(array: Any, at: Any) -> Any:
    is_bytes = isinstance(array, types.Array) and array.dtype == types.uint8 and array.layout == "C"
    if at != types.int64 or not (is_bytes or array in _ADDRESS):
        raise TypeError("a place is an int64 in a contiguous uint8 array or at an address")
    return types.uint64(array, at)


@intrinsic
def load8(typing: Any, array: Any, at: Any) -> Any:
    """One byte."""
    return _signature(array, at), _reader(types.uint8, swap=False)


@intrinsic
def load32(typing: Any, array: Any, at: Any) -> Any:
    """Four bytes, little-endian."""
    return _signature(array, at), _reader(types.uint32, swap=False)


@intrinsic
def load64(typing: Any, array: Any, at: Any) -> Any:
    """Eight bytes, little-endian."""
    return _signature(array, at), _reader(types.uint64, swap=False)


@intrinsic
def load64_big(typing: Any, array: Any, at: Any) -> Any:
    """Eight bytes, big-endian."""
    return _signature(array, at), _reader(types.uint64, swap=True)


@intrinsic
def copy_bytes(typing: Any, out: Any, to: Any, array: Any, at: Any, size: Any) -> Any:
    """Copy `size` bytes at `at` of `array` to `to` of `out`, which is another array; both have to have room."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        target = _pointer(context, builder, signature.args[0], args[0], args[1])
        source = _pointer(context, builder, signature.args[2], args[2], args[3])
        cgutils.raw_memcpy(builder, target, source, args[4], 1)
        return context.get_dummy_value()

    _signature(out, to)
    _signature(array, at)
    return types.void(out, to, array, at, types.int64), generate


@intrinsic
def folded(typing: Any, a: Any, b: Any) -> Any:
    """The upper half of the 128-bit product of two uint64, xor the lower."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide, narrow = cgutils.ir.IntType(128), cgutils.ir.IntType(64)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        high = builder.trunc(builder.lshr(product, wide(64)), narrow)
        return builder.xor(high, builder.trunc(product, narrow))

    return types.uint64(types.uint64, types.uint64), generate


@numba.njit(nogil=True, cache=True, forceinline=True)
def hashed(buffer: Any, at: int, size: int, seed: Any, secret: Any) -> Any:
    """A 64-bit hash of `size` bytes at `at`, all of which must lie in `buffer`.

    By the folded products of wyhash (Wang Yi, 2019), but with both factors of a product unknown to whoever does not
    know `seed` and `secret`: that stranger cannot write many texts of one hash.
    """
    mixed = numba.uint64(seed)
    if size >= 8:
        last = numba.int64(at + size - 8)
        place = numba.int64(at)
        while place < last:
            mixed = folded(mixed ^ load64(buffer, place), secret)
            secret += mixed
            place += 8
        mixed = folded(mixed ^ load64(buffer, last), secret)
    elif size >= 4:
        high = load32(buffer, numba.int64(at + size - 4)) << numba.uint64(32)
        mixed = folded(mixed ^ (load32(buffer, numba.int64(at)) | high), secret)
    elif size > 0:
        word = load8(buffer, numba.int64(at)) | load8(buffer, numba.int64(at + size // 2)) << numba.uint64(8)
        mixed = folded(mixed ^ (word | load8(buffer, numba.int64(at + size - 1)) << numba.uint64(16)), secret)
    return folded(mixed ^ numba.uint64(size), secret | numba.uint64(1))


@numba.njit(nogil=True, cache=True)
def same_bytes(a: Any, at: int, b: Any, other: int, size: int) -> bool:
    """Whether `size` bytes at `at` of `a` are those at `other` of `b`; all of them must lie in the arrays."""
    at, other, size = numba.int64(at), numba.int64(other), numba.int64(size)
    place = numba.int64(0)
    while place + 8 <= size:
        if load64(a, at + place) != load64(b, other + place):
            return False
        place += 8
    while place < size:
        if load8(a, at + place) != load8(b, other + place):
            return False
        place += 1
    return True
