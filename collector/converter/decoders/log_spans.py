"""A log record as a span: what both of its encodings have in common."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from collector.converter.decoders.writing import FIXED64
from collector.converter.decoders.writing import field as wire_field
from collector.converter.span import LOG

EVENT_NAME: Final = "event.name"
"""Attribute that named an event before records had a field for it."""
_KIND: Final = b"\x30" + bytes([LOG])


@dataclass(slots=True)
class Digests:
    """Ids for records that have none: the same record sent again gets the same, two alike in one request do not."""

    _seen: dict[bytes, int] = field(default_factory=dict)

    def of(self, parts: Iterable[bytes]) -> bytes:
        """32 bytes that stand for a record: `parts` are its own bytes and those of what sent it."""
        hashed = hashlib.sha256()
        for part in parts:
            hashed.update(len(part).to_bytes(8, "little"))
            hashed.update(part)
        digest = hashed.digest()
        count = self._seen.get(digest, 0)
        self._seen[digest] = count + 1
        return hashlib.sha256(digest + count.to_bytes(8, "little")).digest() if count else digest


def span_field(
    digest: bytes, trace_id: bytes, parent: bytes, name: bytes, nanoseconds: int, attributes: bytes
) -> bytes:
    """The `spans` field of a ScopeSpans message for one record.

    Without a trace id (or with one of zeros) it stands alone in a trace of its own. `attributes` are fields of a span.
    """
    time = FIXED64.pack(nanoseconds)
    content = [
        wire_field(b"\x0a", trace_id if any(trace_id) else digest[8:24]),
        wire_field(b"\x12", digest[:8]),
        wire_field(b"\x22", parent) if any(parent) else b"",
        wire_field(b"\x2a", name) if name else b"",
        _KIND,
        b"\x39" + time + b"\x41" + time,
        attributes,
    ]
    return wire_field(b"\x12", b"".join(content))
