"""Files that a command writes: whole or not at all, and refused before the work where they cannot be written."""

import os
import sys
import tempfile
from pathlib import Path

from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import Language, text


def check_writable(path: Path, language: Language, source: Path | None = None) -> None:
    """PermanentError where `path` cannot become a file; `-` is standard output. `source` must not be overwritten."""
    if str(path) == "-":
        return
    if path.is_dir():
        raise PermanentError(text(language, "{file}: cannot be written (it is a folder)", file=path))
    if not path.absolute().parent.is_dir():
        raise PermanentError(text(language, "{file}: cannot be written (there is no such folder)", file=path))
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise PermanentError(text(language, "{file}: cannot be written (not allowed)", file=path))
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise PermanentError(text(language, "{file}: cannot be written (it is the log itself)", file=path))


def write_text(path: Path, content: str, language: Language) -> None:
    """Write UTF-8 text to `path`, or to standard output for `-`; PermanentError names what cannot be written."""
    if str(path) == "-":
        sys.stdout.write(content)
        sys.stdout.flush()
        return
    _write(path, content.encode(), language)


def write_bytes(path: Path, content: bytes, language: Language) -> None:
    """The same for bytes."""
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    _write(path, content, language)


def _write(path: Path, content: bytes, language: Language) -> None:
    try:
        target = path.resolve()
        # Neither a device nor a file in a folder that takes no new ones can be replaced; they are written in place.
        if path.exists() and not (path.is_file() and os.access(target.parent, os.W_OK)):
            path.write_bytes(content)
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise PermanentError(
            text(language, "{file}: cannot be written ({reason})", file=path, reason=reason)
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
