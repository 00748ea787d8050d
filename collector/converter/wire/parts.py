"""The messages inside of a span: its status, a link, an event."""

from typing import Any

import numba
import numpy as np

from collector.converter.wire.fields import BAD, field, fits, sound
from collector.converter.wire.loads import load64_big, same_bytes
from collector.converter.wire.schema import EVENT, KEY_VALUE, LINK, STATUS
from collector.converter.wire.values import NONE, STRANGE, key_value

_STATUS_MESSAGE, _STATUS_CODE = 18, 24
_EVENT_NAME, _EVENT_ATTRIBUTE = 18, 26
_LINK_TRACE, _LINK_SPAN, _LINK_ATTRIBUTE = 10, 18, 34
_EVENT_SIZE, _TYPE_SIZE = 9, 14


@numba.njit(nogil=True, cache=True)
def status_inside(buffer: Any, at: int, end: int, schema: Any) -> Any:
    """(good, message at, message size, code)."""
    message_at, message_size, code = at, 0, np.uint64(0)
    while at < end:
        tag, number, start, after = field(buffer, at, end)
        if after == BAD or not fits(buffer, tag, start, after, STATUS, schema):
            return False, at, 0, code
        at = after
        if tag == _STATUS_MESSAGE:
            message_at, message_size = start, after - start
        elif tag == _STATUS_CODE:
            code = number
    return True, message_at, message_size, code


@numba.njit(nogil=True, cache=True)
def link_inside(buffer: Any, at: int, end: int, schema: Any) -> Any:
    """(good, whole, trace_hi, trace_lo, span id); whole where both ids have their length."""
    hi, lo, span, trace_size, span_size = np.uint64(0), np.uint64(0), np.uint64(0), 0, 0
    while at < end:
        tag, _, start, after = field(buffer, at, end)
        if after == BAD or not fits(buffer, tag, start, after, LINK, schema):
            return False, False, hi, lo, span
        at = after
        if tag == _LINK_TRACE:
            trace_size = after - start
            if trace_size == 16:
                hi, lo = load64_big(buffer, start), load64_big(buffer, start + 8)
        elif tag == _LINK_SPAN:
            span_size = after - start
            if span_size == 8:
                span = load64_big(buffer, start)
        elif tag == _LINK_ATTRIBUTE and not sound(buffer, start, after, KEY_VALUE, 5, schema):
            return False, False, hi, lo, span
    return True, trace_size == 16 and span_size == 8, hi, lo, span


@numba.njit(nogil=True, cache=True)
def event_inside(buffer: Any, at: int, end: int, exception: Any, schema: Any) -> Any:
    """(type, at, size, number) of the last `exception.type`, with a size of -1 where there is none."""
    named = False
    kind, value_at, value_size, value = NONE, at, -1, np.int64(0)
    while at < end:
        tag, _, start, after = field(buffer, at, end)
        if after == BAD or not fits(buffer, tag, start, after, EVENT, schema):
            return STRANGE, at, -1, value
        at = after
        if tag == _EVENT_NAME:
            named = after - start == _EVENT_SIZE and same_bytes(buffer, start, exception, 0, _EVENT_SIZE)
        elif tag == _EVENT_ATTRIBUTE:
            key_at, key_size, now, now_at, now_size, number = key_value(buffer, start, after, 5, schema)
            if now == STRANGE:
                return STRANGE, at, -1, value
            if key_size == _TYPE_SIZE and same_bytes(buffer, key_at, exception, _EVENT_SIZE, _TYPE_SIZE):
                kind, value_at, value_size, value = now, now_at, now_size, number
    return kind, value_at, value_size if named else -1, value
