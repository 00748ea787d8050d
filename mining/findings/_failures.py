"""Failed events by the step that saw them and by where they began: the deepest failing span, as far as known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.timeouts import is_timeout
from mining.arena import NO_CODE
from mining.findings._columns import ORIGIN, SECOND, WAITED
from mining.findings._stats import Flags, Floats, Ints
from mining.findings._waits import groups
from mining.findings.facts import View

FEWEST: Final = 5
PART: Final = 0.2
"""An origin with less of a step's failures is told together with others of its module, of its system, of the step."""
BOUND: Final = 1.05
"""Calls that are cut off at a bound end within this factor of each other."""
LEAST_BOUND: Final = 3.0
"""A bound lies this many times above the usual time at least."""
KNOWN: Final = 20
"""Good calls (and as many different lengths of them) that must be known before a bound is told from the usual time."""
_MOST_ORIGINS: Final = 10_000
_LEVELS: Final = (("service", "module", "operation"), ("service", "module"), ("service",))


@dataclass(frozen=True)
class Failures:
    """Failed events of one step (activity, system, module) that began at one place."""

    subject: dict[str, str | tuple[str, ...]]
    pool: Flags
    """Shape (events,): all events of the step, failed or not."""
    wrong: Ints
    """Rows of the failures, ascending."""
    version: str | None
    """What the place ran at most of them."""
    released: int | None
    """When (µs UTC) the first of them came from that version, where earlier ones came from another."""
    error_type: str | None
    """The most frequent one, of the place where it is known."""
    calls: float | None
    """Calls of the place for one failed event, on average; None where not known."""
    timed: bool
    """Whether they failed by waiting too long."""


def failures(view: View) -> Iterator[Failures]:
    """All groups of FEWEST failures and more, step by step; each failure is in one at most."""
    arena = view.arena
    failed = np.flatnonzero(arena.error)
    if not len(failed):
        return
    systems, modules = len(arena.names["system"]) + 1, len(arena.names["module"]) + 1
    key = (arena.activity.astype(np.int64) * systems + arena.codes["system"] + 1) * modules + arena.codes["module"] + 1
    origins = _Origins(view, failed)
    late = origins.timed()
    for value, places in sorted(dict(groups(key[failed])).items()):
        if len(places) < FEWEST:
            continue
        pool = key == value
        timed = late[places] | _bounded(view, pool, failed[places])
        if int(timed.sum()) < FEWEST or FEWEST > int((~timed).sum()) > 0:
            # Too few for a story of their own.
            timed[:] = 2 * int(timed.sum()) > len(timed)
        for is_timed in (False, True):
            mine = places[timed == is_timed]
            for group, parts in origins.split(mine):
                yield origins.told(group, parts, pool, is_timed)


class _Origins:
    """Where each failed event began: codes of the fields `error.origin.*`, NO_CODE where the event is all we know.

    Of a call that ran out of time what it waited for goes before the call itself (`error.waited.*`).
    """

    def __init__(self, view: View, failed: Ints) -> None:
        self._arena, self._failed = view.arena, failed
        self._rows = view.arena.rows[failed]
        self._columns = {name: self._coded(name) for name in ("service", "module", "operation", "type", "version")}
        self._columns["calls"] = self._coded("calls")
        self._deeper = self._beneath()
        waited = {name: self._coded(name, WAITED) for name in ("service", "module", "operation", "version")}
        there = waited["service"][0] >= 0
        if there.any():
            self._deeper |= there
            for name, other in waited.items():
                self._columns[name] = _instead(self._columns[name], other, there)

    def timed(self) -> Flags:
        """Which of them ended with a type of error that says that something took too long."""
        codes, names = self._columns["type"]
        deep = np.array([*map(is_timeout, names), False])[codes]
        own, words = self._arena.codes["error_type"][self._failed], self._arena.names["error_type"]
        seen = np.array([*map(is_timeout, words), False])[own]
        found: Flags = np.where(codes >= 0, deep, seen)
        return found

    def split(self, places: Ints) -> Iterator[tuple[Ints, dict[str, str]]]:
        """Failures by operation, those too few for that by module, by service, and the rest."""
        enough = max(FEWEST, PART * len(places))
        for level in _LEVELS:
            codes = [self._columns[name][0][places].astype(np.int64) for name in level]
            there = self._deeper[places] & (codes[0] >= 0) & (codes[-1] >= 0)
            key = np.zeros(len(places), np.int64)
            for name, code in zip(level, codes, strict=True):
                key = key * (len(self._columns[name][1]) + 1) + code + 1
            told = np.zeros(len(places), np.bool_)
            for _, inside in sorted(dict(groups(np.where(there, key, -1))).items()):
                if there[inside[0]] and len(inside) >= enough:
                    told[inside] = True
                    first = places[inside[0]]
                    yield places[inside], {name: word for name in level if (word := self._word(name, first))}
            places = places[~told]
        if len(places) >= FEWEST:
            yield places, {}

    def told(self, places: Ints, parts: dict[str, str], pool: Flags, timed: bool) -> Failures:
        """The group with its subject: where it began, else the step's own system and module."""
        arena, wrong = self._arena, self._failed[places]
        subject: dict[str, str | tuple[str, ...]] = {"activity": arena.activities[int(arena.activity[wrong[0]])]}
        if parts:
            subject |= {"system" if name == "service" else name: word for name, word in parts.items()}
        else:
            for part in ("system", "module"):
                code = int(arena.codes[part][wrong[0]])
                if code >= 0:
                    subject[part] = arena.names[part][code]
        by_time = places[np.argsort(arena.start[wrong], kind="stable")]
        codes, names = self._columns["version"]
        main = _most(codes[places])
        ran = by_time[codes[by_time] >= 0]
        released = None
        if main is not None and codes[ran[0]] != main:
            released = int(arena.start[self._failed[ran[codes[ran] == main][0]]])
        version = None if main is None else names[main]
        return Failures(
            subject, pool, np.sort(wrong), version, released, self._type(places), self._calls(places), timed
        )

    def _type(self, places: Ints) -> str | None:
        codes, names = self._columns["type"]
        if (main := _most(codes[places])) is not None:
            return names[main]
        seen = _most(self._arena.codes["error_type"][self._failed[places]].astype(np.int64))
        return None if seen is None else self._arena.names["error_type"][seen]

    def _calls(self, places: Ints) -> float | None:
        codes, names = self._columns["calls"]
        there = places[self._columns["operation"][0][places] >= 0]
        numbers = np.array([*(float(word) if word.isdecimal() else 1.0 for word in names), 1.0])
        return round(float(numbers[codes[there]].mean()), 1) if len(there) else None

    def _coded(self, name: str, prefix: str = ORIGIN) -> tuple[Ints, tuple[str, ...]]:
        fields = self._arena.fields
        found = fields.coded(prefix + name, _MOST_ORIGINS) if prefix + name in fields else None
        if found is None:
            return np.full(len(self._failed), NO_CODE, np.int64), ()
        return found[0][self._failed].astype(np.int64), found[1]

    def _word(self, name: str, place: int) -> str | None:
        codes, names = self._columns[name]
        return names[codes[place]] if codes[place] >= 0 else None

    def _beneath(self) -> Flags:
        """Whether the place is another span than the event's own."""
        fields = self._arena.fields
        if ORIGIN + "span" not in fields:
            return np.zeros(len(self._failed), np.bool_)
        span = fields[ORIGIN + "span"].take(pa.array(self._failed))
        own = pc.utf8_slice_codeunits(self._arena.details.event_ids(self._rows), -16)
        deeper: Flags = pc.fill_null(pc.not_equal(span, own), False).to_numpy(zero_copy_only=False)
        return deeper


def spans_of(view: View, rows: Ints) -> str | None:
    """The spans where failures of `rows` began, as `trace:span`, with blanks between; None without any."""
    arena = view.arena
    if ORIGIN + "span" not in arena.fields:
        return None
    spans = arena.fields[ORIGIN + "span"].take(pa.array(rows)).to_pylist()
    traces = arena.details.trace_ids(arena.rows[rows]).to_pylist()
    found = [f"{trace}:{span}" for trace, span in zip(traces, spans, strict=True) if trace and span]
    return " ".join(found) or None


def _instead(
    column: tuple[Ints, tuple[str, ...]], other: tuple[Ints, tuple[str, ...]], there: Flags
) -> tuple[Ints, tuple[str, ...]]:
    """The column with the words of `other` where `there`."""
    places = {word: code for code, word in enumerate(dict.fromkeys((*column[1], *other[1])))}
    moved = np.array([*(places[word] for word in other[1]), NO_CODE], np.int64)
    return np.where(there, moved[other[0]], column[0]), tuple(places)


def _most(codes: Ints) -> int | None:
    """The most frequent code; None where none is known."""
    known = codes[codes >= 0]
    return int(np.bincount(known).argmax()) if len(known) else None


def _bounded(view: View, pool: Flags, wrong: Ints) -> Flags:
    """Which of a step's failures end at one bound far above the usual time, whatever they are called."""
    arena = view.arena
    nothing = np.zeros(len(wrong), np.bool_)
    good = np.flatnonzero(pool & ~arena.error)
    usual = (arena.end[good] - arena.start[good]) / SECOND
    if len(usual) < KNOWN or len(np.unique(usual)) < KNOWN:
        return nothing
    seconds = (arena.end[wrong] - arena.start[wrong]) / SECOND
    bound = densest(seconds)
    inside = (seconds >= bound) & (seconds <= BOUND * bound)
    far = bound >= max(LEAST_BOUND * float(np.median(usual)), 1.0) and float((usual > bound).mean()) <= 0.01
    return inside if far and 2 * int(inside.sum()) > len(wrong) and int(inside.sum()) >= FEWEST else nothing


def densest(seconds: Floats) -> float:
    """The lower end of the window of a factor BOUND that holds most of `seconds`; 0 of nothing."""
    ordered = np.sort(seconds)
    if not len(ordered):
        return 0.0
    held = np.searchsorted(ordered, ordered * BOUND, side="right") - np.arange(len(ordered))
    return float(ordered[int(held.argmax())])
