"""Types of error that say that something took too long."""

import re
from typing import Final

_TIMED_OUT: Final = re.compile(r"time-?d?-?out(?!age)|deadline-?exceeded|超时")
_STATUSES: Final = frozenset({"408", "504"})


def is_timeout(error_type: str) -> bool:
    """Whether a type of error says that something took too long: timeout, ReadTimedOut, DEADLINE_EXCEEDED, 504."""
    word = re.sub(r"[\s_.]", "-", error_type.lower())
    return error_type in _STATUSES or _TIMED_OUT.search(word) is not None
