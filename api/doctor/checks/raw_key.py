"""Kept requests can be read again."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble
from collector.raw import RawArchive, load_key
from collector.vocabulary.errors import PermanentError


def raw_key(seen: Situation) -> Iterator[Trouble]:
    """An archive of raw requests whose key is missing, wrong, or in the folder it is to protect."""
    if not any((seen.data / "raw").glob("raw-*.bin")):
        return
    try:
        RawArchive(seen.data, load_key(seen.data, seen.settings.retention.raw_key_file, make=False)).close()
    except PermanentError as error:
        yield Trouble(
            "raw_key",
            "critical",
            "Kept requests cannot be read: {reason}.",
            "put the key back from its backup (retention.raw_key_file); without it delete {folder}, and only what "
            "comes from now on can be remapped.",
            {"reason": error, "folder": seen.data / "raw"},
        )
