"""The upper levels of a request: where its spans lie, and which resource and scope each belongs to."""

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from collector.converter.wire.fields import BAD, field, fits, sound
from collector.converter.wire.schema import REQUEST, RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS

_RESOURCE_SPANS, _RESOURCE, _SCOPE_SPANS, _SCOPE, _SPAN, _NAME = 10, 10, 18, 10, 18, 10


class Outline(NamedTuple):
    """Places in the buffer; `body`, `resource`, `scope` are indices, one a span."""

    at: npt.NDArray[np.int64]
    size: npt.NDArray[np.int32]
    body: npt.NDArray[np.int32]
    resource: npt.NDArray[np.int32]
    scope: npt.NDArray[np.int32]
    resource_at: npt.NDArray[np.int64]
    resource_size: npt.NDArray[np.int32]
    scope_at: npt.NDArray[np.int64]
    scope_size: npt.NDArray[np.int32]


def outline(buffer: int, offsets: Any, strange: Any, schema: int) -> Outline:
    """Of the bodies `buffer[offsets[i]:offsets[i + 1]]` that are not `strange`; marks those that turn out to be."""
    room = (int(offsets[-1]) // 256 + 64, len(offsets) + 64, len(offsets) + 64)
    while True:
        found = _empty(*room)
        spans, resources, scopes = _walk(buffer, offsets, strange, schema, found)
        if spans <= room[0] and resources <= room[1] and scopes <= room[2]:
            sizes = (spans,) * 5 + (resources,) * 2 + (scopes,) * 2
            columns: tuple[Any, ...] = found
            return Outline(*(column[:size] for column, size in zip(columns, sizes, strict=True)))
        room = (spans, resources, scopes)


def _empty(spans: int, resources: int, scopes: int) -> Outline:
    return Outline(
        np.empty(spans, np.int64),
        np.empty(spans, np.int32),
        np.empty(spans, np.int32),
        np.empty(spans, np.int32),
        np.empty(spans, np.int32),
        np.empty(resources, np.int64),
        np.empty(resources, np.int32),
        np.empty(scopes, np.int64),
        np.empty(scopes, np.int32),
    )


@numba.njit(nogil=True, cache=True)
def _walk(buffer: Any, offsets: Any, strange: Any, schema: Any, found: Any) -> Any:
    """(spans, resources, scopes): how many there are, also where `found` is too small to hold them all."""
    spans, resources, scopes = 0, 0, 0
    for body in range(len(offsets) - 1):
        if strange[body]:
            continue
        first = spans, resources, scopes
        at, end = offsets[body], offsets[body + 1]
        while at < end:
            tag, _, start, after = field(buffer, at, end)
            if after == BAD or not fits(buffer, tag, start, after, REQUEST, schema):
                strange[body] = True
                break
            at = after
            if tag == _RESOURCE_SPANS:
                good, spans, resources, scopes = _resource_spans(
                    buffer, start, after, body, spans, resources, scopes, schema, found
                )
                if not good:
                    strange[body] = True
                    break
        if strange[body]:
            spans, resources, scopes = first
    return spans, resources, scopes


@numba.njit(nogil=True, cache=True)
def _resource_spans(
    buffer: Any,
    at: int,
    end: int,
    body: int,
    spans: int,
    resources: int,
    scopes: int,
    schema: Any,
    found: Any,
) -> Any:
    """(good, spans, resources, scopes) after one ResourceSpans."""
    resource = resources
    resources += 1
    seen, resource_at, resource_size = False, at, 0
    while at < end:
        tag, _, start, after = field(buffer, at, end)
        if after == BAD or not fits(buffer, tag, start, after, RESOURCE_SPANS, schema):
            return False, spans, resources, scopes
        at = after
        if tag == _RESOURCE:
            if seen or not sound(buffer, start, after, RESOURCE, 2, schema):
                return False, spans, resources, scopes
            seen, resource_at, resource_size = True, start, after - start
        elif tag == _SCOPE_SPANS:
            good, spans = _scope_spans(buffer, start, after, body, resource, scopes, spans, schema, found)
            if not good:
                return False, spans, resources, scopes
            scopes += 1
    if resource < len(found.resource_at):
        found.resource_at[resource] = resource_at
        found.resource_size[resource] = resource_size
    return True, spans, resources, scopes


@numba.njit(nogil=True, cache=True)
def _scope_spans(
    buffer: Any,
    at: int,
    end: int,
    body: int,
    resource: int,
    scope: int,
    spans: int,
    schema: Any,
    found: Any,
) -> Any:
    """(good, spans) after one ScopeSpans."""
    seen, name_at, name_size = False, at, 0
    while at < end:
        tag, _, start, after = field(buffer, at, end)
        if after == BAD or not fits(buffer, tag, start, after, SCOPE_SPANS, schema):
            return False, spans
        at = after
        if tag == _SPAN:
            if spans < len(found.at):
                found.at[spans] = start
                found.size[spans] = after - start
                found.body[spans] = body
                found.resource[spans] = resource
                found.scope[spans] = scope
            spans += 1
        elif tag == _SCOPE:
            if seen or not sound(buffer, start, after, SCOPE, 3, schema):
                return False, spans
            seen = True
            while start < after:
                tag, _, text, then = field(buffer, start, after)
                if tag == _NAME:
                    name_at, name_size = text, then - text
                start = then
    if scope < len(found.scope_at):
        found.scope_at[scope] = name_at
        found.scope_size[scope] = name_size
    return True, spans
