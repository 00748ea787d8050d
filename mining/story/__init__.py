"""Facts become findings: title and story in a language, severity, urgency, what to try."""

from mining.story.durations import hours, humanise
from mining.story.tell import tell

__all__ = ["hours", "humanise", "tell"]
