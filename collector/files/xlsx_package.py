"""Looks into the package of an XLSX before it is taken apart: how much it unpacks to, how far its cells reach."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from isal import isal_zlib
from lxml import etree

from collector.files.log import Progress, ReadOptions
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

MOST_BYTES: Final = 2 << 30
"""So much may all parts be, unpacked."""
MOST_CELLS: Final = 40_000_000
"""Rows times columns of a sheet. Its cells are laid out whole, empty ones too."""
_MOST_PARTS: Final = 10_000
_SMALL: Final = 16 << 20
_BLOCK: Final = 1 << 20
_OVERLAP: Final = 512
_REFERENCE: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,4})(\d{1,8})["']""")
_LONG: Final = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*><(?:\w+:)?v>(\d{16,40})</""")
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Cell = tuple[int, int]
"""Row and column, from 0."""


@dataclass
class Part:
    """What a sheet's part holds."""

    rows: int = 0
    columns: int = 0
    long_numbers: dict[Cell, str] = field(default_factory=dict)
    """Numbers of so many digits that a float cannot hold them."""


def look_into(path: Path, options: ReadOptions, progress: Progress) -> dict[str, Part]:
    """Sheet name -> its part. PermanentError where the package is none, or unpacks to more than there may be."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as package:
            entries = package.infolist()
            if len(entries) > _MOST_PARTS:
                raise _too_large(path, options)
            total = max(1, sum(each.compress_size for each in entries))
            parts: dict[str, Part] = {}
            small: dict[str, bytes] = {}
            unpacked = done = 0
            for entry in entries:
                scan = _Scan() if entry.filename.lower().startswith("xl/worksheets/") else None
                kept: list[bytes] | None = (
                    [] if entry.filename.lower() in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels") else None
                )
                for block in _unpacked(file, entry):
                    unpacked += len(block)
                    if unpacked > MOST_BYTES or (kept is not None and sum(map(len, kept)) > _SMALL):
                        raise _too_large(path, options)
                    if scan is not None:
                        scan.add(block)
                        if scan.part.rows * scan.part.columns > MOST_CELLS:
                            raise _too_large(path, options)
                    if kept is not None:
                        kept.append(block)
                done += entry.compress_size
                progress(done, total)
                if scan is not None:
                    parts[entry.filename] = scan.part
                if kept is not None:
                    small[entry.filename.lower()] = b"".join(kept)
            return {name: parts[part] for name, part in _sheets(small).items() if part in parts}
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        isal_zlib.IsalError,  # type: ignore[misc]  # a class, untyped
        etree.XMLSyntaxError,
        NotImplementedError,
        ValueError,
        EOFError,
    ) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        message = text(options.language, "{file}: is no XLSX ({reason})", file=path, reason=reason)
        raise PermanentError(message) from error
    except OSError as error:
        reason = error.strerror or str(error)
        message = text(options.language, "{file}: cannot be read ({reason})", file=path, reason=reason)
        raise PermanentError(message) from error


class _Scan:
    """Finds references and long numbers in the text of a sheet that comes in blocks."""

    def __init__(self) -> None:
        self.part = Part()
        self._rest = b""

    def add(self, block: bytes) -> None:
        """The next block; what a block's end cuts through is seen again with the next one."""
        data = self._rest + block
        columns: set[bytes] = set()
        last = 0
        for letters, digits in _REFERENCE.findall(data):
            columns.add(letters)
            last = max(last, int(digits))
        self.part.rows = max(self.part.rows, last)
        self.part.columns = max([self.part.columns, *(_column(each) + 1 for each in columns)])
        for letters, digits, number in _LONG.findall(data):
            self.part.long_numbers[int(digits) - 1, _column(letters)] = number.decode()
        self._rest = data[-_OVERLAP:]


def _unpacked(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of an entry, whatever length its header claims."""
    if entry.flag_bits & 1:
        raise ValueError("it is encrypted")
    file.seek(entry.header_offset)
    head = file.read(30)
    if len(head) < 30 or not head.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile("an entry is not where the directory says")
    file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)
    left = entry.compress_size
    inflate = isal_zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    if inflate is None and entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError("it is packed in an unusual way")
    while left > 0:
        packed = file.read(min(left, _BLOCK))
        if not packed:
            raise EOFError("it breaks off")
        left -= len(packed)
        if inflate is None:
            yield packed
            continue
        while True:
            block = inflate.decompress(packed, _BLOCK)
            yield block
            packed = inflate.unconsumed_tail
            if inflate.eof:
                return
            if not block or (not packed and len(block) < _BLOCK):
                break


def _sheets(small: dict[str, bytes]) -> dict[str, str]:
    """Sheet name -> name of its part."""
    book, relations = small.get("xl/workbook.xml"), small.get("xl/_rels/workbook.xml.rels")
    if not book or not relations:
        raise ValueError("it has no workbook")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    targets = {
        each.get("Id"): posixpath.normpath(posixpath.join("/xl", each.get("Target", ""))).lstrip("/")
        for each in etree.fromstring(relations, parser).iterfind("{*}Relationship")
    }
    return {
        each.get("name", ""): targets.get(each.get(_RELATION), "")
        for each in etree.fromstring(book, parser).iterfind("{*}sheets/{*}sheet")
    }


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


def _too_large(path: Path, options: ReadOptions) -> PermanentError:
    return PermanentError(
        text(
            options.language,
            "{file}: unpacks to more than {gigabytes} GB or {cells} million cells: save it as CSV",
            file=path,
            gigabytes=MOST_BYTES >> 30,
            cells=MOST_CELLS // 1_000_000,
        )
    )
