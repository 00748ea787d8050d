"""What was wrong with lines, counted so that pieces of a file add up."""

from dataclasses import dataclass, fields
from functools import partial

from collector.files.log import FileQuality, RawLog, ReadOptions
from collector.vocabulary.languages import text


@dataclass(frozen=True)
class Counts:
    """Of some lines of a file. `a + b` is what both have together."""

    dropped: int = 0
    """Lines with a case, without an activity or any time."""
    without_case: int = 0
    endless: int = 0
    """Lines without an end, where there are columns for both times."""
    unfinished: int = 0
    """Started lines that no complete line ended."""
    paired: bool = False
    """Whether two lines became one event anywhere."""
    transitions: int = 0
    """Lines whose lifecycle transition is neither start, complete nor schedule, where these count."""
    unread: bool = False
    """Whether there is a lifecycle column that does not tell start from complete."""
    held: int = 0
    unreadable: int = 0
    """Amounts that are no numbers."""
    local: bool = False
    """Whether a time stood without a zone."""

    def __add__(self, other: "Counts") -> "Counts":
        both = {field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)}
        return Counts(**{name: bool(both[name]) if name in _FLAGS else both[name] for name in both})

    def quality(self, raw: RawLog, options: ReadOptions, found: dict[str, int]) -> FileQuality:
        """The same as sentences; `found`: meaning -> column of `raw`."""
        say = partial(text, options.language)
        without_end = self.endless + (self.unfinished if self.paired else 0)
        notes = [*raw.notes]
        if self.local:
            notes.append(say("Times without a zone were read as {zone}.", zone=options.timezone))
        if ("start" not in found or "end" not in found) and not self.paired:
            name = raw.names[found["start"] if "start" in found else found["end"]]
            notes.append(say("There is one time column only ({column}): events have no length.", column=name))
        if self.unread:
            notes.append(
                say("Every line counts as an event, whatever its lifecycle transition.")
                if options.lifecycle == "all"
                else say("No lifecycle transition is start or complete: every line counts as an event.")
            )
        if self.transitions:
            message = "{count} lines with a lifecycle transition other than start and complete are no events."
            notes.append(say(message, count=self.transitions))
        if self.dropped:
            notes.append(say("{count} lines without an activity or a time were left out.", count=self.dropped))
        if without_end:
            notes.append(say("{count} events began and have no end: they have no length.", count=without_end))
        if self.held:
            message = "{count} events have begun and not ended: they are taken in once they have."
            notes.append(say(message, count=self.held))
        if self.unreadable:
            notes.append(say("{count} amounts could not be read and were left out.", count=self.unreadable))
        return FileQuality(
            dropped=self.dropped, without_case=self.without_case, without_end=without_end, notes=tuple(notes)
        )


_FLAGS = tuple(field.name for field in fields(Counts) if field.type is bool)
