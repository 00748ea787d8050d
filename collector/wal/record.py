"""The bytes of one record: a 24-byte header and a body.

Header, little-endian: body length (u32), CRC32 of the rest of the header and the body (u32), sequence number (u64),
and a u64 of signal (8 bits), encoding (8 bits) and arrival in ms since 1970 (48 bits). Preallocated space is zero, and
a sequence number is at least 1, so empty space never looks like a record.
"""

import enum
import struct
from dataclasses import dataclass
from typing import Final

from isal import isal_zlib

HEADER: Final = struct.Struct("<IIQQ")
HEADER_BYTES: Final = HEADER.size
_TAIL: Final = struct.Struct("<QQ")
_MS_BITS: Final = 48


class Signal(enum.IntEnum):
    """What a body holds."""

    TRACES = 1
    LOGS = 2
    TRACES_JSON = 3
    LOGS_JSON = 4
    EVENTS = 5

    @property
    def label(self) -> str:
        """Its name in metrics and dead letters: `traces`, `logs` or `events`."""
        return self.name.lower().removesuffix("_json")


class Encoding(enum.IntEnum):
    """How a body is compressed."""

    IDENTITY = 0
    GZIP = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One request body. `received` is its arrival in ms since 1970."""

    sequence: int
    signal: Signal
    encoding: Encoding
    received: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a record that may still be bad."""

    length: int
    crc: int
    sequence: int
    flags: int

    @property
    def received(self) -> int:
        """Arrival in ms since 1970."""
        return self.flags & ((1 << _MS_BITS) - 1)


def encode(record: Record) -> bytes:
    """Header and body."""
    return encode_header(record) + record.body


def encode_header(record: Record) -> bytes:
    """What stands before the body."""
    flags = record.signal << 56 | record.encoding << _MS_BITS | record.received
    crc = _crc(record.sequence, flags, record.body)
    return HEADER.pack(len(record.body), crc, record.sequence, flags)


def decode_header(raw: bytes) -> Header | None:
    """The header in 24 bytes; None where there is none (too short, or empty space)."""
    if len(raw) < HEADER_BYTES:
        return None
    header = Header(*HEADER.unpack_from(raw))
    return header if header.sequence else None


def decode(header: Header, body: bytes) -> Record | None:
    """The record, or None where body and header do not fit each other or say something unknown."""
    if len(body) != header.length or _crc(header.sequence, header.flags, body) != header.crc:
        return None
    try:
        signal, encoding = Signal(header.flags >> 56), Encoding(header.flags >> _MS_BITS & 0xFF)
    except ValueError:
        return None
    return Record(header.sequence, signal, encoding, header.received, body)


def _crc(sequence: int, flags: int, body: bytes) -> int:
    start = isal_zlib.crc32(len(body).to_bytes(4, "little") + _TAIL.pack(sequence, flags))
    return int(isal_zlib.crc32(body, start))
