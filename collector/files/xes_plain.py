"""Reads plain XES block by block with the scanner; anything unusual is left to the full parser."""

import codecs
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
from lxml import etree

from collector.files.columns import TRACE
from collector.files.xes_columns import CASE, Found
from collector.files.xes_scan import SENTINEL, Keys, Scanned, column, scan

BLOCK: Final = 1 << 23
_LARGEST: Final = 1 << 29
"""Bytes to which one huge trace makes the block grow."""
_REPEATS: Final = 4
"""A text must occur so often on average in the first block for its column to become a dictionary."""
_LAST_TAG: Final = b"</trace>"
_NO_CHARACTERS: Final = ("\ufffe", "\uffff")
"""What UTF-8 can hold and XML cannot."""


def read_plain(file: BinaryIO, block: int = BLOCK) -> Found | None:
    """The columns of a log; None where it holds anything that the scanner does not know, or is no well-formed XES."""
    blocks = _Blocks(file, block)
    if not blocks.pass_head():
        return None
    keys, gathered = Keys(), _Gathered()
    while True:
        end, last = blocks.next()
        if end is None:
            return None
        found = scan(blocks.bytes, end, last, keys)
        if found is None or not gathered.add(blocks.bytes, found):
            return None
        if last:
            return gathered.found(keys.names())


class _Blocks:
    """Whole traces at a time, in one buffer, followed by zero bytes."""

    def __init__(self, file: BinaryIO, block: int) -> None:
        self._file = file
        self._raw = bytearray(block + SENTINEL)
        self._filled = 0
        self._rest = b""
        self._ended = False

    @property
    def bytes(self) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """The buffer."""
        return np.frombuffer(self._raw, np.uint8)

    def pass_head(self) -> bool:
        """Whether what stands before the first trace is the head of a log; it is parsed in full."""
        while (at := self._raw.find(b"<trace", 0, self._filled)) < 0:
            if not self._more():
                return False
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(bytes(self._raw[:at]) + b"</log>", parser)
        except (etree.XMLSyntaxError, ValueError):
            return False
        about = root.getroottree().docinfo
        if (
            about.internalDTD is not None
            or about.xml_version != "1.0"
            or (about.encoding or "UTF-8").upper() != "UTF-8"
        ):
            return False
        self._rest, self._filled = bytes(self._raw[at : self._filled]), 0
        # Within another namespace's prefix or a head that closes the log the tag would not have fitted.
        return str(root.tag).rsplit("}", 1)[-1] == "log" and root.prefix is None

    def next(self) -> tuple[int | None, bool]:
        """Where the next block ends in the buffer, and whether it is the last; None: it is no text."""
        self._raw[: len(self._rest)] = self._rest
        self._filled = len(self._rest)
        while True:
            last = not self._more()
            end = self._filled if last else self._raw.rfind(_LAST_TAG, 0, self._filled) + len(_LAST_TAG)
            if last or end >= len(_LAST_TAG):
                break
        self._rest = bytes(self._raw[end : self._filled])
        self._raw[end : end + SENTINEL] = bytes(SENTINEL)
        try:
            decoded, _ = codecs.utf_8_decode(memoryview(self._raw)[:end], "strict", True)
        except UnicodeDecodeError:
            return None, last
        if not decoded.isascii() and any(each in decoded for each in _NO_CHARACTERS):
            return None, last
        return end, last

    def _more(self) -> bool:
        """Fill the buffer, made larger where it is full; whether there was more to read."""
        if self._filled + SENTINEL >= len(self._raw):
            if len(self._raw) >= _LARGEST:
                return False
            grown = bytearray(2 * len(self._raw))
            grown[: self._filled] = self._raw[: self._filled]
            self._raw = grown
        before = self._filled
        with memoryview(self._raw) as view:
            while self._filled + SENTINEL < len(view):
                count = self._file.readinto(view[self._filled : len(view) - SENTINEL])  # type: ignore[attr-defined]
                if not count:
                    break
                self._filled += count
        return self._filled > before


class _Gathered:
    """Columns of the blocks so far; a block that has no value of a key has no chunk of it."""

    def __init__(self) -> None:
        self._events: list[int] = []
        self._traces: list[int] = []
        self._owners: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
        self._chunks: dict[int, dict[int, pa.Array]] = {}

    def add(self, data: np.ndarray[tuple[int], np.dtype[np.uint8]], found: Scanned) -> bool:
        """Take in what a block holds; False where a value is not well-formed."""
        number = len(self._events)
        order = np.argsort(found.code, kind="stable")
        row, begin, size = found.row[order], found.begin[order], found.size[order]
        amounts = np.bincount(found.code)
        ends = np.cumsum(amounts)
        codes = np.flatnonzero(amounts)
        # In order of the first cell, so that columns come in the order of the file.
        for code in codes[np.argsort(order[ends[codes] - amounts[codes]])].tolist():
            cells = slice(int(ends[code] - amounts[code]), int(ends[code]))
            of_trace = code % 2 == 1
            count = found.traces if of_trace else found.events
            made = column(data, row[cells], begin[cells], size[cells], count, of_trace)
            if made is None:
                return False
            offsets, given, text = made
            bits = None if given.all() else pa.array(given).buffers()[1]
            buffers = [bits, pa.py_buffer(offsets), pa.py_buffer(text)]
            self._chunks.setdefault(code, {})[number] = pa.Array.from_buffers(pa.string(), count, buffers)
        self._owners.append(found.owner.copy() + np.int32(sum(self._traces)))
        self._events.append(found.events)
        self._traces.append(found.traces)
        return True

    def found(self, keys: list[str]) -> Found | None:
        """All of it; None where an event has a key that looks like one of a trace."""
        owner = pa.array(np.concatenate(self._owners))
        columns: dict[str, pa.Array] = {}
        names: list[str | None] = [None] * sum(self._traces)
        for code, chunks in self._chunks.items():
            name = keys[code // 2]
            if code % 2 == 0:
                if name.startswith(TRACE):
                    return None
                columns[name] = _joined(chunks, self._events)
            elif TRACE + name == CASE:
                names = _joined(chunks, self._traces).cast(pa.string()).to_pylist()
            else:
                columns[TRACE + name] = _of_traces(_joined(chunks, self._traces), owner)
        unnamed = 0
        for number, each in enumerate(names):
            if each is None or not each.strip():
                unnamed += 1
                names[number] = str(number + 1)
        columns[CASE] = _of_traces(pa.array(names, pa.string()), owner)
        return Found(columns, unnamed)


def _joined(chunks: dict[int, pa.Array], counts: list[int]) -> pa.Array:
    """One column of the chunks of all blocks; a dictionary where texts repeat: it is smaller and sooner looked at."""
    block, first = next(iter(chunks.items()))
    repeats = len(first.dictionary_encode().dictionary) * _REPEATS < counts[block]
    parts = [chunks[i] if i in chunks else pa.nulls(count, pa.string()) for i, count in enumerate(counts)]
    if not repeats:
        return pa.concat_arrays(parts)
    return pa.chunked_array([each.dictionary_encode() for each in parts]).unify_dictionaries().combine_chunks()


def _of_traces(values: pa.Array, owner: pa.Array) -> pa.Array:
    """For every event the value of its trace."""
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(owner), encoded.dictionary)
