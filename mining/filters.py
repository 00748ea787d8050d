"""Part of an arena: the cases that fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.errors import PermanentError
from collector.vocabulary.ids import stable_id
from mining.arena import NO_TIME, WORDS, Arena, Times
from mining.kernels.case_between import case_between
from mining.kernels.case_ends import case_ends
from mining.kernels.case_follows import case_follows
from mining.kernels.case_has import case_has
from mining.kernels.overlaps import overlaps
from mining.kernels.paths import paths
from mining.part import Part

Flags = npt.NDArray[np.bool_]
Window = Literal["touches", "within", "starts", "ends"]


@dataclass(frozen=True)
class Attribute:
    """The case has an event on which `name` (a column of `arena.WORDS`, or a further field) is one of `values`.

    `negated`: it has none.
    """

    name: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Succession:
    """In the case `target` comes after `source`: at once (`direct`) or some time, no event of the case before it.

    `within` (µs): at most so long from the end of the one to the start of the other, where an overlap is no time.
    `negated`: it never does.
    """

    source: str
    target: str
    direct: bool = False
    within: int | None = None
    negated: bool = False


@dataclass(frozen=True)
class Filters:
    """Which cases to keep; all that are given must hold. Whole cases are kept or left out, never parts of one."""

    from_: int | None = None
    """µs UTC: the case ends then or later; `window` may say otherwise."""
    to: int | None = None
    """µs UTC: the case starts before."""
    window: Window = "touches"
    """What lies between `from_` (taken in) and `to` (not): some moment of the case, all of it, its start, its end."""
    activity: str | None = None
    """This and the next: the case has an event of it."""
    role: str | None = None
    system: str | None = None
    channel: str | None = None
    platform: str | None = None
    where: tuple[Attribute, ...] = ()
    without: tuple[str, ...] = ()
    """Activities of which the case has no event."""
    starts_with: tuple[str, ...] = ()
    """The case's first activity is one of these."""
    ends_with: tuple[str, ...] = ()
    """Its last is one of these."""
    follows: tuple[Succession, ...] = ()
    min_duration: int | None = None
    """µs from the case's first start to its latest end; this and the next five are taken in."""
    max_duration: int | None = None
    min_events: int | None = None
    max_events: int | None = None
    min_amount: int | None = None
    """Minor units: the case has an event with an amount from here to `max_amount`."""
    max_amount: int | None = None
    state: Literal["open", "closed"] | None = None
    """Whether the case has had one of `end_activities`; where there are none every case is closed."""
    end_activities: tuple[str, ...] = ()
    """Of the process; asks for nothing by itself."""
    variant: str | None = None
    """`variant_id` of the case's path."""
    min_share: float | None = None
    """The case's variant has at least this share (0..1) of the cases that pass all the other filters."""


def variant_id(path: tuple[str, ...]) -> str:
    """The id by which a variant is asked for."""
    return stable_id(*path)


def choose(arena: Arena, filters: Filters) -> Flags:
    """One flag a case of the arena, shape (cases,): whether it fits. Copies no event."""
    there = [name for name in WORDS if arena.names[name] or name == "activity"]
    part = Part(
        first=arena.offsets[:-1],
        last=arena.offsets[1:],
        start=arena.start,
        end=arena.end,
        enabled=None,
        codes={name: arena.codes[name] for name in there},
        size={name: len(arena.names[name]) for name in there},
        error=arena.error,
    )
    return fits(part, arena.names, filters, arena.amount, arena.fields)


def fits(
    part: Part,
    names: Mapping[str, Sequence[str]],
    filters: Filters,
    amount: Times,
    fields: Mapping[str, pa.StringArray],
) -> Flags:
    """One flag a case of the part, shape (part.cases,), each with an event at least.

    `names` are the words of each column of codes; `amount` and `fields` have one entry a row of the part's columns.
    Only the fields that are asked for are touched. PermanentError for a field that is not there.
    """
    return _Choice(part, names, amount, fields).fits(filters)


def select(arena: Arena, filters: Filters) -> Arena:
    """The arena with the cases that fit; itself where nothing is asked. Names keep their codes, also unused ones."""
    if filters == Filters():
        return arena
    keep = choose(arena, filters)
    return arena if keep.all() else take(arena, keep)


@dataclass(frozen=True)
class _Choice:
    part: Part
    names: Mapping[str, Sequence[str]]
    amount: Times
    fields: Mapping[str, pa.StringArray]

    def fits(self, asked: Filters) -> Flags:
        part = self.part
        keep = np.ones(part.cases, np.bool_)
        if not part.cases:
            return keep
        if asked.from_ is not None or asked.to is not None:
            keep &= self._in_window(asked)
        for name in ("activity", "role", "system", "channel", "platform"):
            word = getattr(asked, name)
            if word is not None:
                keep &= self._has(name, (word,))
        for attribute in asked.where:
            keep &= self._has(attribute.name, attribute.values) != attribute.negated
        if asked.without:
            keep &= ~self._has("activity", asked.without)
        for wanted, rows in ((asked.starts_with, part.first), (asked.ends_with, part.last - 1)):
            if wanted:
                keep &= np.append(self._wanted("activity", wanted), False)[part.codes["activity"][rows]]
        for succession in asked.follows:
            keep &= self._follows(succession) != succession.negated
        if asked.min_duration is not None or asked.max_duration is not None:
            lasting = case_ends(part.first, part.last, part.end) - part.start[part.first]
            keep &= _between(lasting, asked.min_duration, asked.max_duration)
        if asked.min_events is not None or asked.max_events is not None:
            keep &= _between(part.last - part.first, asked.min_events, asked.max_events)
        if asked.min_amount is not None or asked.max_amount is not None:
            most = np.iinfo(np.int64).max if asked.max_amount is None else asked.max_amount
            least = NO_TIME if asked.min_amount is None else asked.min_amount
            keep &= case_between(part.first, part.last, self.amount, least, most)
        if asked.state is not None:
            done = not asked.end_activities or self._has("activity", asked.end_activities)
            keep &= done == (asked.state == "closed")
        if asked.variant is not None or asked.min_share is not None:
            keep &= self._by_variant(asked, keep)
        return keep

    def _in_window(self, asked: Filters) -> Flags:
        part, keep = self.part, np.ones(self.part.cases, np.bool_)
        # Which end of the case must not lie before the window, and which not after it.
        low, high = {
            "touches": ("end", "start"),
            "within": ("start", "end"),
            "starts": ("start", "start"),
            "ends": ("end", "end"),
        }[asked.window]
        bounds = {name: bound for name, bound in ((low, asked.from_), (high, asked.to)) if bound is not None}
        moments = {"start": part.start[part.first]}
        if "end" in bounds:
            moments["end"] = case_ends(part.first, part.last, part.end)
        if asked.from_ is not None:
            keep &= moments[low] >= asked.from_
        if asked.to is not None:
            keep &= moments[high] < asked.to
        return keep

    def _wanted(self, name: str, values: tuple[str, ...]) -> Flags:
        """One flag a code."""
        return np.array([word in values for word in self.names[name]], np.bool_)

    def _has(self, name: str, values: tuple[str, ...]) -> Flags:
        part = self.part
        if name in part.codes:
            return case_has(part.first, part.last, part.codes[name], self._wanted(name, values))
        if name in WORDS:
            return np.zeros(part.cases, np.bool_)
        if name not in self.fields:
            raise PermanentError(f"where: there is no field {name!r} in these events")
        column = self.fields[name]
        found = pc.equal(column, values[0]) if len(values) == 1 else pc.is_in(column, pa.array(values, pa.string()))
        rows = np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False)).astype(np.int16)
        return case_has(part.first, part.last, rows, np.array([False, True]))

    def _follows(self, asked: Succession) -> Flags:
        part, words = self.part, list(self.names["activity"])
        if asked.source not in words or asked.target not in words:
            return np.zeros(part.cases, np.bool_)
        source, target = words.index(asked.source), words.index(asked.target)
        columns = part.first, part.last, part.codes["activity"], part.start, part.end
        return case_follows(*columns, source, target, asked.direct, asked.within)

    def _by_variant(self, asked: Filters, keep: Flags) -> Flags:
        """Which cases have the variant asked for and, of those kept so far, a variant common enough."""
        part, activity, words = self.part, self.part.codes["activity"], self.names["activity"]
        found = paths(part.first, part.last, activity)
        wanted = np.ones(len(found.example), np.bool_)
        if asked.variant is not None:
            wanted[:] = False
            # Ids are hashes: the only way is to try, and as a rule a common variant is asked for.
            for number in np.argsort(-np.bincount(found.of_case), kind="stable").tolist():
                case = found.example[number]
                codes = activity[part.first[case] : part.last[case]].tolist()
                if variant_id(tuple(words[code] for code in codes)) == asked.variant:
                    wanted[number] = True
                    break
        if asked.min_share is not None:
            kept = np.bincount(found.of_case[keep & wanted[found.of_case]], minlength=len(wanted))
            wanted &= kept >= asked.min_share * kept.sum()
        return np.asarray(wanted[found.of_case])


def _between(values: Times, low: int | None, high: int | None) -> Flags:
    keep = np.ones(len(values), np.bool_)
    if low is not None:
        keep &= values >= low
    if high is not None:
        keep &= values <= high
    return keep


def take(arena: Arena, keep: Flags) -> Arena:
    """The arena with some of its cases, one flag a case; their events are copied."""
    sizes = np.diff(arena.offsets)
    rows = np.flatnonzero(np.repeat(keep, sizes))
    offsets = np.zeros(int(keep.sum()) + 1, np.int64)
    np.cumsum(sizes[keep], out=offsets[1:])
    start, end = arena.start[rows], arena.end[rows]
    return replace(
        arena,
        offsets=offsets,
        case_ids=arena.case_ids.filter(pa.array(keep)),
        start=start,
        end=end,
        enabled=arena.enabled[rows],
        codes={name: codes[rows] for name, codes in arena.codes.items()},
        error=arena.error[rows],
        amount=arena.amount[rows],
        rows=arena.rows[rows],
        quality=replace(arena.quality, overlaps=overlaps(offsets, start, end)),
    )
