"""Opens files, packed or not, and says in one line what is wrong with them."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import BinaryIO, cast

from isal import igzip, isal_zlib

from collector.files.log import Progress, ReadOptions
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text


class _Counted(io.RawIOBase):
    """Bytes of a file as they stand on disk, telling how far the reader has come."""

    def __init__(self, file: BinaryIO, total: int, progress: Progress) -> None:
        self._file, self._total, self._progress = file, total, progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # a buffer in typeshed
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._progress(self._file.tell(), self._total)
        return len(data)


@contextmanager
def opened(path: Path, options: ReadOptions, progress: Progress) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if its name ends in `.gz`; PermanentError where they cannot be had."""
    language = options.language
    try:
        total = path.stat().st_size
        with path.open("rb") as file:
            if total == 0:
                raise PermanentError(text(language, "{file}: is empty", file=path))
            counted = io.BufferedReader(_Counted(file, total, progress), 1 << 18)
            if path.suffix.lower() != ".gz":
                yield counted
                return
            if counted.peek(2)[:2] != b"\x1f\x8b":
                raise PermanentError(text(language, "{file}: is not gzip, though its name ends in .gz", file=path))
            with igzip.IGzipFile(fileobj=counted, mode="rb") as unpacked:  # type: ignore[no-untyped-call]
                yield cast(BinaryIO, unpacked)
    except EOFError as error:
        raise PermanentError(text(language, "{file}: breaks off: the gzip stream has no end", file=path)) from error
    except (isal_zlib.IsalError, zlib.error, BadGzipFile) as error:  # type: ignore[misc]  # a class, untyped
        raise PermanentError(text(language, "{file}: is damaged gzip ({reason})", file=path, reason=error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise PermanentError(text(language, "{file}: cannot be read ({reason})", file=path, reason=reason)) from error
