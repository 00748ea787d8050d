"""Spans to columns."""

from typing import Any, Final

import numba
import numpy as np

from collector.converter.wire.columns import Lists, Rows, new_lists, new_rows
from collector.converter.wire.fields import BAD, field, fits
from collector.converter.wire.loads import load64_big
from collector.converter.wire.outline import Outline
from collector.converter.wire.parts import event_inside, link_inside, status_inside
from collector.converter.wire.schema import SPAN
from collector.converter.wire.utf8 import is_utf8
from collector.converter.wire.values import NONE, STRANGE, key_value
from collector.converter.wire.wanted import KeyTable, code_of

_TRACE_ID, _SPAN_ID, _STATE, _PARENT, _NAME, _KIND, _START, _END = 10, 18, 26, 34, 42, 48, 57, 65
_ATTRIBUTE, _EVENT, _LINK, _STATUS, _FLAGS = 74, 90, 106, 122, 133
_EXCEPTION: Final = np.frombuffer(b"exceptionexception.type", np.uint8)


def rows_of(buffer: int, places: Outline, keys: KeyTable, strange: Any, schema: int) -> tuple[Rows, Lists]:
    """What is inside of the spans at `places`; marks bodies that turn out to be `strange`, whose rows mean nothing."""
    n = len(places.at)
    rows = new_rows(n)
    attrs, links = n * min(len(keys.offsets) - 1, 8) + 64, n // 8 + 64
    while True:
        lists = new_lists(attrs, links)
        attrs, links = _fill(buffer, places, keys, _EXCEPTION, strange, schema, rows, lists)
        if attrs <= len(lists.attr_key) and links <= len(lists.link_hi):
            sizes = (attrs,) * 5 + (links,) * 3
            columns: tuple[Any, ...] = lists
            return rows, Lists(*(column[:size] for column, size in zip(columns, sizes, strict=True)))


@numba.njit(nogil=True, cache=True)
def _fill(
    buffer: Any,
    places: Any,
    keys: Any,
    exception: Any,
    strange: Any,
    schema: Any,
    rows: Any,
    lists: Any,
) -> Any:
    """(attributes, links): how many there are, also where `lists` is too small to hold them all."""
    # Unpacked here: reading an array from a tuple in the loop would count its references each time.
    span_at, span_size, span_body = places.at, places.size, places.body
    texts, offsets, slots = keys.text.ctypes.data, keys.offsets.ctypes.data, keys.slots.ctypes.data
    exceptions, last_slot = exception.ctypes.data, len(keys.slots) - 1
    (
        out_trace_hi,
        out_trace_lo,
        out_span_id,
        out_parent,
        out_state_at,
        out_state_size,
        out_flags,
        out_name_at,
        out_name_size,
        out_kind,
        out_start_ns,
        out_end_ns,
        out_status,
        out_message_at,
        out_message_size,
        out_attr_offsets,
        out_link_offsets,
        out_exc_at,
        out_exc_size,
        out_exc_type,
        out_exc_number,
    ) = rows
    (
        out_attr_key,
        out_attr_type,
        out_attr_at,
        out_attr_size,
        out_attr_number,
        out_link_hi,
        out_link_lo,
        out_link_span,
    ) = lists
    zero = np.uint64(0)
    attrs, links = 0, 0
    for i in range(len(span_at)):
        out_attr_offsets[i], out_link_offsets[i] = attrs, links
        body = span_body[i]
        if strange[body]:
            continue
        at = span_at[i]
        end = at + span_size[i]
        trace_hi, trace_lo, span_id, parent, start_ns, end_ns = zero, zero, zero, zero, zero, zero
        state_at, state_size, name_at, name_size, message_at, message_size = at, 0, at, 0, at, 0
        flags, kind, status, seen = zero, zero, zero, False
        exc_kind, exc_at, exc_size, exc_number = NONE, at, -1, np.int64(0)
        while at < end:
            tag, number, start, after = field(buffer, at, end)
            if after == BAD:
                strange[body] = True
                break
            at = after
            size = after - start
            if tag == _ATTRIBUTE:
                key_at, key_size, value_kind, value_at, value_size, value = key_value(buffer, start, after, 4, schema)
                if value_kind == STRANGE:
                    strange[body] = True
                    break
                code = code_of(buffer, key_at, key_size, texts, offsets, slots, last_slot)
                if code >= 0:
                    if attrs < len(out_attr_key):
                        out_attr_key[attrs] = code
                        out_attr_type[attrs] = value_kind
                        out_attr_at[attrs] = value_at
                        out_attr_size[attrs] = value_size
                        out_attr_number[attrs] = value
                    attrs += 1
            elif tag == _TRACE_ID:
                trace_hi = load64_big(buffer, start) if size == 16 else zero
                trace_lo = load64_big(buffer, start + 8) if size == 16 else zero
            elif tag == _SPAN_ID:
                span_id = load64_big(buffer, start) if size == 8 else zero
            elif tag == _PARENT:
                parent = load64_big(buffer, start) if size == 8 else zero
            elif tag == _STATE:
                state_at, state_size = start, size
                if not is_utf8(buffer, start, after):
                    strange[body] = True
                    break
            elif tag == _NAME:
                name_at, name_size = start, size
                if not is_utf8(buffer, start, after):
                    strange[body] = True
                    break
            elif tag == _KIND:
                kind = number
            elif tag == _START:
                start_ns = number
            elif tag == _END:
                end_ns = number
            elif tag == _FLAGS:
                flags = number
            elif tag == _STATUS:
                good, message_at, message_size, status = status_inside(buffer, start, after, schema)
                if seen or not good:
                    strange[body] = True
                    break
                seen = True
            elif tag == _LINK:
                good, whole, hi, lo, span = link_inside(buffer, start, after, schema)
                if not good:
                    strange[body] = True
                    break
                if whole:
                    if links < len(out_link_hi):
                        out_link_hi[links], out_link_lo[links], out_link_span[links] = hi, lo, span
                    links += 1
            elif tag == _EVENT:
                value_kind, value_at, value_size, value = event_inside(buffer, start, after, exceptions, schema)
                if value_kind == STRANGE:
                    strange[body] = True
                    break
                if value_size >= 0:
                    exc_kind, exc_at, exc_size, exc_number = value_kind, value_at, value_size, value
            elif not fits(buffer, tag, start, after, SPAN, schema):
                strange[body] = True
                break
        out_trace_hi[i], out_trace_lo[i], out_span_id[i], out_parent[i] = trace_hi, trace_lo, span_id, parent
        out_state_at[i], out_state_size[i] = state_at, state_size
        out_name_at[i], out_name_size[i] = name_at, name_size
        out_message_at[i], out_message_size[i] = message_at, message_size
        out_flags[i], out_kind[i], out_status[i] = np.uint32(flags), np.int32(kind), np.int32(status)
        out_start_ns[i], out_end_ns[i] = start_ns, end_ns
        out_exc_type[i], out_exc_at[i], out_exc_size[i], out_exc_number[i] = exc_kind, exc_at, exc_size, exc_number
    out_attr_offsets[len(span_at)], out_link_offsets[len(span_at)] = attrs, links
    return attrs, links
