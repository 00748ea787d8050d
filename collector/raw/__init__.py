"""Requests as they came in, kept encrypted for a while after their conversion, so that they can be converted anew."""

from collector.raw.archive import RawArchive, open_archive
from collector.raw.key import key_path, load_key

__all__ = ["RawArchive", "key_path", "load_key", "open_archive"]
