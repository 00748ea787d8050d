"""Unpacking a gzip body within bounds."""

from typing import Final

from isal import isal_zlib

_GZIP: Final = 31
_STEP: Final = 1 << 20
_MAX_MEMBERS: Final = 64
"""Each member copies what stands behind it: before a long one, a thousand empty ones keep us busy for ten seconds."""


class BadGzip(ValueError):
    """The bytes are no gzip, or break off."""


class TooLong(BadGzip):
    """There is more in them than the limit."""


def gunzip(body: bytes, limit: int) -> bytes:
    """`body` unpacked; never more than `limit` + 1 bytes of it are made. Raises BadGzip or TooLong."""
    pieces: list[bytes] = []
    total = members = 0
    rest = body
    while rest:
        members += 1
        if members > _MAX_MEMBERS:
            raise BadGzip(f"the gzip body has more than {_MAX_MEMBERS} members")
        stream = isal_zlib.decompressobj(_GZIP)
        while not stream.eof:
            before = len(rest)
            try:
                piece = stream.decompress(rest, min(_STEP, limit + 1 - total))
            except isal_zlib.error as error:  # type: ignore[misc]
                raise BadGzip(f"the body is not gzip: {error}") from error
            rest = stream.unconsumed_tail
            total += len(piece)
            if total > limit:
                raise TooLong(f"the body is longer than {limit} bytes unpacked")
            pieces.append(piece)
            if not piece and len(rest) in (0, before) and not stream.eof:
                raise BadGzip("the gzip body breaks off")
        # A gzip file may have several members, one behind the other.
        rest = stream.unused_data
    return b"".join(pieces)
