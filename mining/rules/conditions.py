"""Conditions on fields, asked of events and of cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, WORDS, Arena
from mining.rules.settings import Condition

Flags = npt.NDArray[np.bool_]
OF_EVENTS: Final = frozenset({"outcome", *WORDS} - {"channel", "platform", "shop"})
"""What belongs to an event alone; all else may stand on another event of the case."""
EITHER: Final = 1 << 62
"""As many different words of a field as there are."""


@dataclass(frozen=True)
class _Asked:
    """Per event: whether the field is known, and whether it passes."""

    known: Flags
    passes: Flags


def events_pass(arena: Arena, conditions: Sequence[Condition]) -> Flags | None:
    """One flag an event: all conditions hold on it; None where nothing is asked."""
    return _all([_of_event(arena, condition) for condition in conditions])


def cases_pass(arena: Arena, conditions: Sequence[Condition]) -> Flags | None:
    """One flag a case: all conditions hold on the first event of it that has the field; None where nothing is asked."""
    return _all([_of_case(arena, _asked(arena, condition), condition) for condition in conditions])


def unknown_fields(arena: Arena, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Fields that no event has."""
    return tuple(dict.fromkeys(c.field for c in conditions if not _there(arena, c.field)))


def _all(flags: Sequence[Flags]) -> Flags | None:
    return np.logical_and.reduce(flags) if flags else None


def _there(arena: Arena, field: str) -> bool:
    if field == "outcome":
        return True
    if field == "amount":
        return bool((arena.amount != NO_TIME).any())
    return bool(arena.names[field]) if field in WORDS else field in arena.fields


def _of_event(arena: Arena, condition: Condition) -> Flags:
    asked = _asked(arena, condition)
    on = condition.on or ("event" if condition.field in OF_EVENTS else None)
    if on == "event":
        return _answer(asked.known, asked.passes, condition)
    sizes = np.diff(arena.offsets)
    whole = np.repeat(_of_case(arena, asked, condition), sizes)
    return whole if on == "case" else np.where(asked.known, _answer(asked.known, asked.passes, condition), whole)


def _of_case(arena: Arena, asked: _Asked, condition: Condition) -> Flags:
    if arena.cases == 0:
        return np.zeros(0, np.bool_)
    far = arena.events
    first = np.minimum.reduceat(np.where(asked.known, np.arange(far), far), arena.offsets[:-1])
    there = first < far
    return _answer(there, asked.passes[np.minimum(first, far - 1)], condition)


def _answer(known: Flags, passes: Flags, condition: Condition) -> Flags:
    if condition.known is None:
        return known & passes
    return known & passes if condition.known else ~known


def _asked(arena: Arena, condition: Condition) -> _Asked:
    field = condition.field
    if field == "amount":
        known = arena.amount != NO_TIME
        return _Asked(known, known & _amounts_pass(arena.amount.astype(np.float64), condition))
    if field == "outcome":
        codes = arena.error.astype(np.int64)
        words: tuple[str, ...] = ("ok", "error")
    elif field in WORDS:
        codes, words = arena.codes[field].astype(np.int64), arena.names[field]
    else:
        found = arena.fields.coded(field, EITHER) if field in arena.fields else None
        if found is None:
            nowhere = np.zeros(arena.events, np.bool_)
            return _Asked(nowhere, nowhere)
        codes, words = found[0].astype(np.int64), found[1]
    # One place more for code -1, which numpy takes for the last.
    fits = np.array([_word_passes(word, condition) for word in words] + [False], np.bool_)
    return _Asked(codes >= 0, fits[codes])


def _word_passes(word: str, condition: Condition) -> bool:
    if (condition.is_ and word not in condition.is_) or word in condition.is_not:
        return False
    return bool(_within(np.array([_number(word)]), condition)[0])


def _amounts_pass(values: npt.NDArray[np.float64], condition: Condition) -> Flags:
    keep = _within(values, condition)
    if condition.is_:
        keep &= np.isin(values, [_number(word) for word in condition.is_])
    if condition.is_not:
        keep &= ~np.isin(values, [_number(word) for word in condition.is_not])
    return keep


def _within(values: npt.NDArray[np.float64], condition: Condition) -> Flags:
    """Which numbers lie within the bounds; NaN lies in none but where none is asked for."""
    keep = np.ones(len(values), np.bool_)
    if condition.above is not None:
        keep &= values > condition.above
    if condition.at_least is not None:
        keep &= values >= condition.at_least
    if condition.below is not None:
        keep &= values < condition.below
    if condition.at_most is not None:
        keep &= values <= condition.at_most
    return keep


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan
