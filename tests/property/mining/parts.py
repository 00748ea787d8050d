"""Logs as a test looks at them, and the same as parts: any order of words, any place in the columns, either width."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mining.arena import NO_TIME, Codes
from mining.part import Part

COLUMNS = ("activity", "role", "actor", "system")
WORDS = {"activity": "abcd", "role": "xyz", "actor": "pqr", "system": "mn"}
YEAR = 365 * 86_400_000_000


@dataclass(frozen=True)
class Did:
    """An event; words are None where not known, times µs."""

    activity: str
    role: str | None
    actor: str | None
    system: str | None
    start: int
    end: int
    enabled: int | None
    error: bool


Log = list[list[Did]]
times = st.integers(0, 30) | st.integers(0, 10**10) | st.integers(-40, 40).map(lambda years: years * YEAR)


@st.composite
def dids(draw: st.DrawFn) -> Did:
    start = draw(times)
    length = draw(st.just(0) | st.integers(0, 9) | st.integers(0, 10**9))
    words = {name: draw(st.none() | st.sampled_from(WORDS[name])) for name in COLUMNS[1:]}
    enabled = draw(st.none() | times) if draw(st.booleans()) else None
    return Did(draw(st.sampled_from(WORDS["activity"])), **words, start=start, end=start + length, enabled=enabled,
               error=draw(st.booleans()))  # fmt: skip


cases = st.lists(dids(), max_size=7).map(lambda case: sorted(case, key=lambda did: (did.start, did.end)))
logs = st.lists(cases, max_size=8)


@dataclass(frozen=True)
class Laid:
    """A part and the words of its codes."""

    part: Part
    names: dict[str, tuple[str, ...]]


def lay(log: Sequence[Sequence[Did]], names: dict[str, tuple[str, ...]], wide: bool = False, between: int = 0) -> Laid:
    """The cases as columns with `between` rows of nobody before each."""
    rows: list[Did] = []
    first, last = [], []
    for case in log:
        rows += [Did(names["activity"][0], None, None, None, 5, 9, None, True)] * between
        first.append(len(rows))
        rows += case
        last.append(len(rows))
    width: type[np.signedinteger[Any]] = np.int32 if wide else np.int16
    codes: dict[str, Codes] = {}
    for name in names:
        place = {word: code for code, word in enumerate(names[name])}
        codes[name] = np.array([place.get(getattr(row, name), -1) for row in rows], np.int64).astype(width)
    enabled = [NO_TIME if row.enabled is None else row.enabled for row in rows]
    part = Part(
        first=np.array(first, np.int64),
        last=np.array(last, np.int64),
        start=np.array([row.start for row in rows], np.int64),
        end=np.array([row.end for row in rows], np.int64),
        enabled=np.array(enabled, np.int64) if any(e != NO_TIME for e in enabled) else None,
        codes=codes,
        size={name: len(words) for name, words in names.items()},
        error=np.array([row.error for row in rows], np.bool_),
    )
    return Laid(part, names)


@st.composite
def dictionaries(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """The words of each column in any order."""
    return {name: tuple(draw(st.permutations(WORDS[name]))) for name in COLUMNS}


@st.composite
def laid(draw: st.DrawFn, log: Log) -> Laid:
    """The log as a part, its cases in any order."""
    shuffled = draw(st.permutations(log)) if log else []
    return lay(shuffled, draw(dictionaries()), draw(st.booleans()), draw(st.integers(0, 2)))
