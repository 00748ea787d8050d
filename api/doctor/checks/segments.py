"""Kept files can be read."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble


def segments(seen: Situation) -> Iterator[Trouble]:
    """Segment files that are committed and broken."""
    for name, reason in sorted(seen.store.bad().items()):
        yield Trouble(
            "segments",
            "critical",
            "The stored file {name} cannot be read: {reason}.",
            "put it back from a backup, or make it anew from the kept requests by houtai remap.",
            {"name": name, "reason": reason},
        )
