"""Asks for an erasure, and puts it on the record of operations without what was erased."""

import getpass
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.operations import Operations
from api.settings import Settings
from collector.erasing.scrubber import new_token
from collector.jobs import ask
from collector.jobs.erase import arguments
from collector.jobs.waiting import wait_for
from collector.vocabulary.errors import PermanentError


@dataclass(frozen=True)
class Wanted:
    """What is to be erased; `leading`: it is a case of its own."""

    value: str
    kind: str | None
    leading: bool

    def words(self) -> dict[str, object]:
        """For a sentence."""
        return {"kind": self.kind, "value": self.value}


def parse(written: str, kind: str | None, settings: Settings) -> Wanted:
    """`order:4711` where `order` is a known type; anything else is an id as it stands. PermanentError for none."""
    leading = {each.leading for each in settings.processes.values()}
    types = leading | {each.type for each in settings.mapping.objects} | {each.kind for each in settings.mapping.actors}
    before, colon, rest = written.partition(":")
    if kind is None and colon and before in types:
        kind, written = before, rest
    elif kind is not None and before == kind and colon:
        written = rest
    if not written.strip():
        raise PermanentError("OBJECT: there is no id")
    return Wanted(written, kind, kind in leading)


def erase(wanted: Wanted, settings: Settings, data: Path, shown: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Do it, or have the converter do it; gives `counts` by what, and `left`. Raises HoutaiError where it fails."""
    operations = Operations(f"sqlite:///{data / 'state.sqlite'}")
    salt = secrets.token_hex(16)
    # Whoever knows the id can prove by this row that it was erased; nobody can read it from there.
    subject = f"erased:{hashlib.sha256(f'{salt}:{wanted.value}'.encode()).hexdigest()[:32]}"
    who = f"cli:{_user()}"
    try:
        operations.record(who, "erase.asked", subject, None, {"salt": salt, "type": wanted.kind})
        number = ask(data, "erase", arguments(data, wanted.value, wanted.kind, new_token()))
        told = wait_for(data, number, settings.mapping, settings.processes, settings.retention, shown)
        counts = {name: int(count) for name, count in told["counts"].items()}
        operations.record(who, "erase.done", subject, None, {"salt": salt, "type": wanted.kind, **counts})
    finally:
        operations.close()
    return told


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
