"""The columns that bodies become."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


@dataclass(slots=True)
class Spans:
    """The spans of some bodies; places (`_at`) are into `buffer`, an `_at` without `_size` bytes says nothing.

    `trace_hi`, `trace_lo`, `span_id`, `parent` are big-endian, and 0 where the id does not have 16 or 8 bytes. Of the
    attributes there are the wanted ones only, all of them in wire order: those of span `i` at `attr_offsets[i]` to
    `attr_offsets[i + 1]`. `attr_type` and `exc_type` are those of `values` (0 none, 1 string, 2 bool, 3 int, 4 double,
    5 array, 6 map, 7 bytes); `attr_number` is a bool, an int or the bits of a double; for 1, 5, 6, 7 the bytes are at
    `attr_at`. Links have a trace id of 16 and a span id of 8 bytes; others are left out. `exc_` is the last
    `exception.type` of the events named `exception`, with an `exc_size` of -1 where there is none.
    """

    buffer: npt.NDArray[np.uint8]
    n: int
    body: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    size: npt.NDArray[np.int32]
    trace_hi: npt.NDArray[np.uint64]
    trace_lo: npt.NDArray[np.uint64]
    span_id: npt.NDArray[np.uint64]
    parent: npt.NDArray[np.uint64]
    state_at: npt.NDArray[np.int64]
    state_size: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint32]
    name_at: npt.NDArray[np.int64]
    name_size: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]
    start_ns: npt.NDArray[np.uint64]
    end_ns: npt.NDArray[np.uint64]
    status: npt.NDArray[np.int32]
    message_at: npt.NDArray[np.int64]
    message_size: npt.NDArray[np.int32]
    resource: npt.NDArray[np.int32]
    resource_at: npt.NDArray[np.int64]
    resource_size: npt.NDArray[np.int32]
    scope: npt.NDArray[np.int32]
    scope_at: npt.NDArray[np.int64]
    scope_size: npt.NDArray[np.int32]
    attr_offsets: npt.NDArray[np.int64]
    attr_key: npt.NDArray[np.int32]
    attr_type: npt.NDArray[np.uint8]
    attr_at: npt.NDArray[np.int64]
    attr_size: npt.NDArray[np.int32]
    attr_number: npt.NDArray[np.int64]
    link_offsets: npt.NDArray[np.int64]
    link_hi: npt.NDArray[np.uint64]
    link_lo: npt.NDArray[np.uint64]
    link_span: npt.NDArray[np.uint64]
    exc_at: npt.NDArray[np.int64]
    exc_size: npt.NDArray[np.int32]
    exc_type: npt.NDArray[np.uint8]
    exc_number: npt.NDArray[np.int64]


class Rows(NamedTuple):
    """What is found inside of spans; the names are those of `Spans`."""

    trace_hi: npt.NDArray[np.uint64]
    trace_lo: npt.NDArray[np.uint64]
    span_id: npt.NDArray[np.uint64]
    parent: npt.NDArray[np.uint64]
    state_at: npt.NDArray[np.int64]
    state_size: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint32]
    name_at: npt.NDArray[np.int64]
    name_size: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]
    start_ns: npt.NDArray[np.uint64]
    end_ns: npt.NDArray[np.uint64]
    status: npt.NDArray[np.int32]
    message_at: npt.NDArray[np.int64]
    message_size: npt.NDArray[np.int32]
    attr_offsets: npt.NDArray[np.int64]
    link_offsets: npt.NDArray[np.int64]
    exc_at: npt.NDArray[np.int64]
    exc_size: npt.NDArray[np.int32]
    exc_type: npt.NDArray[np.uint8]
    exc_number: npt.NDArray[np.int64]


class Lists(NamedTuple):
    """Attributes and links, as many as there are; the names are those of `Spans`."""

    attr_key: npt.NDArray[np.int32]
    attr_type: npt.NDArray[np.uint8]
    attr_at: npt.NDArray[np.int64]
    attr_size: npt.NDArray[np.int32]
    attr_number: npt.NDArray[np.int64]
    link_hi: npt.NDArray[np.uint64]
    link_lo: npt.NDArray[np.uint64]
    link_span: npt.NDArray[np.uint64]


def new_rows(n: int) -> Rows:
    """Room for what is in `n` spans."""
    return Rows(
        np.zeros(n, np.uint64),
        np.zeros(n, np.uint64),
        np.zeros(n, np.uint64),
        np.zeros(n, np.uint64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.zeros(n, np.uint32),
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.zeros(n, np.int32),
        np.zeros(n, np.uint64),
        np.zeros(n, np.uint64),
        np.zeros(n, np.int32),
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.zeros(n + 1, np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.zeros(n, np.uint8),
        np.zeros(n, np.int64),
    )


def new_lists(attrs: int, links: int) -> Lists:
    """Room for so many attributes and links."""
    return Lists(
        np.empty(attrs, np.int32),
        np.empty(attrs, np.uint8),
        np.empty(attrs, np.int64),
        np.empty(attrs, np.int32),
        np.empty(attrs, np.int64),
        np.empty(links, np.uint64),
        np.empty(links, np.uint64),
        np.empty(links, np.uint64),
    )
