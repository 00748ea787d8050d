"""The configuration can be read."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble


def configuration(seen: Situation) -> Iterator[Trouble]:
    """Invalid, told with its line."""
    if seen.invalid is not None:
        yield Trouble(
            "configuration",
            "critical",
            "The configuration is invalid: {reason}.",
            "correct that line; the commented houtai.yaml of the project holds every key.",
            {"reason": seen.invalid},
        )
