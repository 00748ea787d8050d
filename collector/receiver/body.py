"""Reading a request's body within bounds, and unpacking it within bounds."""

from collections.abc import AsyncIterator
from typing import Final

from isal import isal_zlib

from collector.receiver.rejection import Rejection

DRAIN_FACTOR: Final = 8
"""A body over the limit is still read (a client that is cut off while sending sees a broken pipe, not our answer), up
to this many times the limit."""
_GZIP: Final = 31
_STEP: Final = 1 << 20


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


def gunzip(body: bytes, limit: int) -> bytes:
    """`body` unpacked: never more than `limit` bytes of it are made. Rejection 400 or 413."""
    pieces: list[bytes] = []
    total = 0
    rest = body
    while rest:
        stream = isal_zlib.decompressobj(_GZIP)
        try:
            while not stream.eof:
                piece = stream.decompress(rest, min(_STEP, limit + 1 - total))
                rest = stream.unconsumed_tail
                total += len(piece)
                if total > limit:
                    raise Rejection(
                        413, "too_large", f"the body is longer than {limit} bytes unpacked", body, len(body)
                    )
                pieces.append(piece)
                if not piece and not rest and not stream.eof:
                    raise Rejection(400, "bad_gzip", "the gzip body breaks off", body, len(body))
        except isal_zlib.error as error:
            raise Rejection(400, "bad_gzip", f"the body is not gzip: {error}", body, len(body)) from error
        # A gzip file may have several members, one behind the other.
        rest = stream.unused_data
    return b"".join(pieces)
