"""Names that XML can hold."""

import re
from typing import Final

# What XML 1.0 does not allow even as a reference.
FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(name: str) -> str:
    """The name with U+FFFD for each character that no XML document may hold."""
    return FORBIDDEN.sub("�", name)
