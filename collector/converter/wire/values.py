"""Attributes: keys and values of any type."""

from typing import Any, Final

import numba
import numpy as np

from collector.converter.wire.fields import BAD, expected, field, fits, sound
from collector.converter.wire.schema import ANY_VALUE, ARRAY, KEY_VALUE, KEY_VALUES
from collector.converter.wire.utf8 import is_utf8

NONE, STRING, BOOL, INT, DOUBLE, ARRAY_VALUE, MAP, BYTES = range(8)
"""Types of attribute values; a value of a type that we do not know is `NONE`."""
STRANGE: Final = -1
"""In the place of a type."""
_KEY, _VALUE = 10, 18
_STRING, _BOOL, _INT, _DOUBLE, _ARRAY, _MAP, _BYTES = 10, 16, 24, 33, 42, 50, 58


@numba.njit(nogil=True, cache=True)
def key_value(buffer: Any, at: int, end: int, depth: int, schema: Any) -> Any:
    """(key at, key size, type, value at, value size, number) of a KeyValue that lies in `depth` messages."""
    key_at, key_size = at, 0
    seen, kind, value_at, value_size, value = False, NONE, at, 0, np.int64(0)
    while at < end:
        tag, _, start, after = field(buffer, at, end)
        if after == BAD:
            return at, 0, STRANGE, at, 0, value
        at = after
        if tag == _KEY:
            if not is_utf8(buffer, start, after):
                return at, 0, STRANGE, at, 0, value
            key_at, key_size = start, after - start
        elif tag == _VALUE:
            if seen:
                return at, 0, STRANGE, at, 0, value
            seen = True
            kind, value_at, value_size, value = any_value(buffer, start, after, depth + 1, schema)
            if kind == STRANGE:
                return at, 0, STRANGE, at, 0, value
        elif not fits(buffer, tag, start, after, KEY_VALUE, schema):
            return at, 0, STRANGE, at, 0, value
    return key_at, key_size, kind, value_at, value_size, value


@numba.njit(nogil=True, cache=True, forceinline=True)
def any_value(buffer: Any, at: int, end: int, depth: int, schema: Any) -> Any:
    """(type, at, size, number) of an AnyValue that lies in `depth` messages."""
    seen, kind, value_at, value_size, value = False, NONE, at, 0, np.int64(0)
    while at < end:
        tag, number, start, after = field(buffer, at, end)
        if after == BAD:
            return STRANGE, at, 0, value
        at = after
        entry = expected(tag, ANY_VALUE, schema)
        if entry == 0:
            continue
        # All of them are one oneof: what comes again is merged or replaced.
        if entry < 0 or seen:
            return STRANGE, at, 0, value
        seen = True
        if tag == _STRING:
            if not is_utf8(buffer, start, after):
                return STRANGE, at, 0, value
            kind, value_at, value_size = STRING, start, after - start
        elif tag == _INT:
            kind, value = INT, np.int64(number)
        elif tag == _BOOL:
            kind, value = BOOL, np.int64(number != 0)
        elif tag == _DOUBLE:
            kind, value = DOUBLE, np.int64(number)
        elif tag == _BYTES:
            kind, value_at, value_size = BYTES, start, after - start
        elif tag == _ARRAY:
            if not sound(buffer, start, after, ARRAY, depth + 1, schema):
                return STRANGE, at, 0, value
            kind, value_at, value_size = ARRAY_VALUE, start, after - start
        elif tag == _MAP:
            if not sound(buffer, start, after, KEY_VALUES, depth + 1, schema):
                return STRANGE, at, 0, value
            kind, value_at, value_size = MAP, start, after - start
    return kind, value_at, value_size, value
