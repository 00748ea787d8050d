"""The bytes of an archive file: a head that names the key, then blocks of records, each encrypted and authenticated.

Head: 8 bytes of format, 16 of the key's id. Block: a header in clear (little-endian: magic u32, length of what follows
u32, length unpacked u32, compression u32, first and last position u64, oldest and newest arrival in ms u64, nonce of
12 bytes), then AES-256-GCM over the records in the write-ahead log's own framing. The head and the header are
authenticated with it: a block can be neither changed nor moved to another position.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.wal.record import HEADER_BYTES, Encoding, Record, decode, decode_header, encode

FORMAT: Final = b"HOUTAIR1"
HEAD_BYTES: Final = len(FORMAT) + 16
_HEADER: Final = struct.Struct("<IIIIQQQQ12s")
BLOCK_BYTES: Final = _HEADER.size
_MAGIC: Final = 0x4B4C4252
_PLAIN, _ZSTD = 0, 1
_TAG_BYTES: Final = 16
_CODEC: Final = pa.Codec("zstd", compression_level=1)


class BadBlock(ValueError):
    """The bytes are no block of this key."""


@dataclass(frozen=True, slots=True)
class Block:
    """The header of a block: what stands in it, and how long it is."""

    length: int
    plain_length: int
    compression: int
    first: int
    last: int
    oldest: int
    newest: int
    nonce: bytes

    def packed(self) -> bytes:
        """The header's bytes."""
        return _HEADER.pack(
            _MAGIC,
            self.length,
            self.plain_length,
            self.compression,
            self.first,
            self.last,
            self.oldest,
            self.newest,
            self.nonce,
        )


def parse(raw: bytes) -> Block | None:
    """The header in the first bytes of a block; None where there is none."""
    if len(raw) < BLOCK_BYTES:
        return None
    magic, *rest = _HEADER.unpack_from(raw)
    return Block(*rest) if magic == _MAGIC else None


class Sealer:
    """Makes blocks; its buffers are used again: fresh memory of that size costs more than the encryption."""

    def __init__(self, cipher: AESGCM, head: bytes) -> None:
        self._cipher, self._head = cipher, head
        self._plain, self._sealed = bytearray(), bytearray()

    def seal(self, records: Sequence[Record], first: int, last: int) -> memoryview:
        """A block that stands for the positions `first..last`; `records` are those of them that are kept, at least one.

        What comes back holds until the next call.
        """
        length = sum(HEADER_BYTES + len(each.body) for each in records)
        if len(self._plain) < length:
            self._plain = bytearray(length)
            self._sealed = bytearray(BLOCK_BYTES + length + _TAG_BYTES)
        offset = 0
        for each in records:
            raw = encode(each)
            self._plain[offset : offset + len(raw)] = raw
            offset += len(raw)
        plain, size, compression = memoryview(self._plain)[:length], length, _PLAIN
        # What came compressed does not get smaller.
        if sum(len(each.body) for each in records if each.encoding is Encoding.IDENTITY) * 2 > length:
            packed = _CODEC.compress(pa.py_buffer(plain), asbytes=True)
            if len(packed) < length:
                plain, size, compression = memoryview(packed), len(packed), _ZSTD
        received = [each.received for each in records]
        block = Block(size + _TAG_BYTES, length, compression, first, last, min(received), max(received), os.urandom(12))
        header = block.packed()
        end = BLOCK_BYTES + block.length
        sealed = memoryview(self._sealed)
        sealed[:BLOCK_BYTES] = header
        self._cipher.encrypt_into(block.nonce, plain, self._head + header, sealed[BLOCK_BYTES:end])
        return sealed[:end]


def unseal(cipher: AESGCM, head: bytes, block: Block, sealed: bytes) -> Iterator[Record]:
    """The records of a block, in order. Raises BadBlock where it was changed, moved, or is of another key."""
    try:
        plain = cipher.decrypt(block.nonce, sealed, head + block.packed())
    except InvalidTag as error:
        raise BadBlock(
            f"the block of positions {block.first} to {block.last} was changed, or is of another key"
        ) from error
    if block.compression == _ZSTD:
        plain = _CODEC.decompress(plain, block.plain_length, asbytes=True)
    return _records(plain)


def _records(plain: bytes) -> Iterator[Record]:
    offset = 0
    while (header := decode_header(plain[offset : offset + HEADER_BYTES])) is not None:
        end = offset + HEADER_BYTES + header.length
        record = decode(header, plain[offset + HEADER_BYTES : end])
        if record is None:
            raise BadBlock(f"the record at position {header.sequence} is broken")
        yield record
        offset = end
