"""What a report notes of rules that name what no event has."""

from collections.abc import Sequence
from typing import Final

from mining.arena import Arena
from mining.rules.checking import unknown
from mining.rules.settings import RuleSettings

UNKNOWN_ACTIVITY_NOTE: Final = "rule {rule}: no event is {names}; not happened yet, or a name that is not right"
UNKNOWN_FIELD_NOTE: Final = "rule {rule}: no event has the field {names}, which its conditions ask for"


def notes_on(arena: Arena, rules: Sequence[RuleSettings]) -> tuple[str, ...]:
    """One note, in English, a rule and kind of name; none of an arena without events."""
    found = []
    for rule in rules if arena.events else ():
        for note, names in zip((UNKNOWN_ACTIVITY_NOTE, UNKNOWN_FIELD_NOTE), unknown(arena, rule), strict=True):
            if names:
                found.append(note.format(rule=rule.id, names=", ".join(names)))
    return tuple(found)
