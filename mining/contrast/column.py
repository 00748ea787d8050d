"""What cases or events are told apart by."""

from dataclasses import dataclass

from mining.arena import Codes


@dataclass(frozen=True)
class Column:
    """A dictionary-encoded column: codes (NO_CODE where unknown) of length events or cases."""

    field: str
    codes: Codes
    names: tuple[str, ...]
