"""Whether a folder is a data folder."""

from pathlib import Path

from collector.vocabulary.errors import PermanentError


def existing_folder(data: Path) -> None:
    """Raises PermanentError where `data` is no data folder: a command that changes one must not make another."""
    if not any((data / name).exists() for name in ("manifest.sqlite", "wal", "dead-letters")):
        raise PermanentError(f"{data}: is no data folder (--data)")
