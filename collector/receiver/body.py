"""Reading a request's body within bounds."""

from collections.abc import AsyncIterator
from typing import Final

from collector.receiver.rejection import Rejection

DRAIN_FACTOR: Final = 8
"""A body over the limit is still read (a client that is cut off while sending sees a broken pipe, not our answer), up
to this many times the limit."""


async def read_body(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """The whole body; Rejection 413 where it is longer than `limit` bytes."""
    kept: list[bytes] = []
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        if total <= limit:
            kept.append(chunk)
        elif total > DRAIN_FACTOR * limit:
            break
    if total > limit:
        begin = b"".join(kept)
        raise Rejection(413, "too_large", f"the body is longer than {limit} bytes", begin, total)
    return kept[0] if len(kept) == 1 else b"".join(kept)
