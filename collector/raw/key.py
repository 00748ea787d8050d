"""The archive's key: 32 random bytes in a file outside the data folder, so that a copy of the folder tells nothing."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from collector.vocabulary.errors import PermanentError
from collector.wal.folder import sync_folder

KEY_BYTES: Final = 32


def key_path(data: Path, setting: Path | None) -> Path:
    """Where the key of `data` stands: as set, else beside the folder."""
    return setting if setting is not None else data.absolute().with_name(f"{data.absolute().name}.key")


def key_id(key: bytes) -> bytes:
    """16 bytes that tell keys apart and say nothing about them."""
    return hashlib.sha256(b"houtai raw archive\0" + key).digest()[:16]


def load_key(data: Path, setting: Path | None = None, *, make: bool = True) -> bytes:
    """The key of `data`; made where there is none and `make` says so.

    Raises PermanentError for a key inside the data folder, a file that holds no key, and a missing key where an
    archive needs it.
    """
    path = key_path(data, setting)
    if path.absolute().is_relative_to(data.absolute()):
        raise PermanentError(f"{path}: the key must stand outside the data folder (retention.raw_key_file)")
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    if any((data / "raw").glob("raw-*.bin")):
        raise PermanentError(
            f"{path}: there is no key, and {data / 'raw'} needs it; put the key back, or delete that folder"
        )
    if not make:
        raise PermanentError(f"{path}: there is no key")
    return _make(path)


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise PermanentError(f"{path}: the key cannot be read: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise PermanentError(f"{path}: holds no key ({len(key)} bytes instead of {KEY_BYTES})")
    return key


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # A link, not a rename: where another process was faster, its key holds.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(partial)
        partial.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise PermanentError(f"{path}: the key cannot be made: {error.strerror}") from error
    return _read(path)
