"""An object-centric log (OCEL 2.0) gathered from any of its formats, and seen case by case.

A flat view of one object type: an event of several objects of that type stands in the case of each of them
(van der Aalst 2019, "Object-Centric Process Mining", section 4), because every such case went through it.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from collector.files.columns import TRACE, XES
from collector.files.log import RawLog, ReadOptions
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text
from collector.vocabulary.schema import EVENT_SCHEMA

CASE: Final = "ocel:case"
ACTIVITY: Final = "ocel:activity"
TIME: Final = "ocel:timestamp"
EVENT: Final = "ocel:eid"
USUAL: Final[dict[str, tuple[str, ...]]] = {
    **XES,
    "case": (CASE,),
    "activity": (ACTIVITY,),
    "end": (TIME,),
    "start": ("start_timestamp", "start_time", "start"),
}
"""The format's own columns, which no attribute of an event can hide; the rest as in XES."""

Relation = tuple[str, str | None]
"""Id of an object, and what it is to the event."""


class Ocel:
    """Takes in events, objects and their relations in any order; ids and values as texts."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._types: list[str | None] = []
        self._times: list[str | None] = []
        self._attributes: dict[str, dict[int, str]] = {}
        self._relations: list[list[Relation]] = []
        self._objects: dict[str, str] = {}
        self._first_values: dict[str, dict[str, tuple[str, str]]] = {}
        self._repeated = 0

    def add_event(self, name: str, kind: str | None, time: str | None, attributes: Iterable[tuple[str, str]]) -> bool:
        """One event; gives whether it is new. Of several with one id the first counts."""
        if name in self._place:
            self._repeated += 1
            return False
        at = self._place[name] = len(self._types)
        self._types.append(kind)
        self._times.append(time)
        self._relations.append([])
        for key, value in attributes:
            self._attributes.setdefault(key, {})[at] = value
        return True

    def relate(self, event: str, relation: Relation) -> None:
        """One object of an event; without such an event it is left out."""
        at = self._place.get(event)
        if at is not None:
            self._relations[at].append(relation)

    def add_object(self, name: str, kind: str) -> None:
        """One object; of several with one id the first counts."""
        self._objects.setdefault(name, kind)

    def add_value(self, name: str, attribute: str, time: str, value: str) -> None:
        """A value of an object's attribute; what is kept is the earliest (`time` as ISO 8601)."""
        values = self._first_values.setdefault(name, {})
        if attribute not in values or time < values[attribute][0]:
            values[attribute] = time, value

    @property
    def objects(self) -> int:
        """How many objects there are."""
        return len(self._objects)

    def raw_log(self, path: Path, options: ReadOptions) -> RawLog:
        """One row an event and case; attributes of the case's object are columns that begin with `case:`.

        PermanentError where no object type can be the case.
        """
        if options.case is not None:
            raise PermanentError(
                text(options.language, "{file}: the case of an OCEL is an object type: use --leading", file=path)
            )
        notes: list[str] = []
        unknown = self._resolve()
        if self._repeated:
            notes.append(
                text(options.language, "{count} events stand there twice: the first counts.", count=self._repeated)
            )
        if unknown:
            notes.append(
                text(
                    options.language,
                    "{count} relations name objects that are not in the file; they were left out.",
                    count=unknown,
                )
            )
        leading, note = self._leading(path, options)
        notes += note
        rows, cases = self._rows(leading)
        shared = Counter(row for row, case in zip(rows, cases, strict=True) if case is not None)
        several = sum(count > 1 for count in shared.values())
        if several:
            notes.append(
                text(
                    options.language,
                    "{count} events belong to several objects of type {type}: they stand in each of their cases, "
                    "which makes {more} events more.",
                    count=several,
                    type=leading,
                    more=sum(shared.values()) - len(shared),
                )
            )
        at = pa.array(rows, pa.int64())
        ids = list(self._place)
        names = [CASE, ACTIVITY, TIME, EVENT]
        columns = [
            pa.array(cases, pa.string()),
            pa.array(self._types, pa.string()).take(at),
            pa.array(self._times, pa.string()).take(at),
            pa.array(ids, pa.string()).take(at),
        ]
        for key, values in self._attributes.items():
            column = pa.array([values.get(i) for i in range(len(ids))], pa.string())
            names.append(key)
            columns.append(column.take(at))
        for key in dict.fromkeys(key for values in self._first_values.values() for key in values):
            found = [self._first_values.get(case or "", {}).get(key, ("", None))[1] for case in cases]
            if any(value is not None for value in found):
                names.append(TRACE + key)
                columns.append(pa.array(found, pa.string()))
        return RawLog(
            path,
            tuple(names),
            tuple(columns),
            USUAL,
            lambda i: text(options.language, "event {number}", number=ids[rows[i]]),
            tuple(notes),
            objects=self._object_lists(rows, cases, leading),
            leading=leading,
        )

    def _resolve(self) -> int:
        """Leave out relations to objects that are not there, and repeated ones; gives how many objects were unknown."""
        unknown = 0
        for at, relations in enumerate(self._relations):
            known = [each for each in dict.fromkeys(relations) if each[0] in self._objects]
            unknown += sum(each[0] not in self._objects for each in relations)
            self._relations[at] = known
        return unknown

    def _leading(self, path: Path, options: ReadOptions) -> tuple[str, list[str]]:
        kinds = sorted(set(self._objects.values()))
        listed = ", ".join(kinds[:20]) or "-"
        if options.case_type is not None:
            if options.case_type not in kinds:
                raise PermanentError(
                    text(
                        options.language,
                        "{file}: there is no object type {type!r} (--leading). There are: {types}.",
                        file=path,
                        type=options.case_type,
                        types=listed,
                    )
                )
            return options.case_type, []
        if options.leading in kinds:
            return options.leading, []
        events: Counter[str] = Counter()
        several: set[str] = set()
        for relations in self._relations:
            found = Counter(self._objects[name] for name in {name for name, _ in relations})
            events.update(found.keys())
            several.update(kind for kind, count in found.items() if count > 1)
        single = [kind for kind in kinds if kind not in several and events[kind]]
        if not single:
            raise PermanentError(
                text(
                    options.language,
                    "{file}: no object type has at most one object per event: say which is the case with --leading. "
                    "There are: {types}.",
                    file=path,
                    types=listed,
                )
            )
        leading = max(single, key=lambda kind: (events[kind], -kinds.index(kind)))
        note = "The cases are the objects of type {type} (--leading says another; there are: {types})."
        return leading, [text(options.language, note, type=leading, types=listed)]

    def _rows(self, leading: str) -> tuple[list[int], list[str | None]]:
        """For each row its event and the id of its case."""
        rows: list[int] = []
        cases: list[str | None] = []
        for at, relations in enumerate(self._relations):
            mine = dict.fromkeys(name for name, _ in relations if self._objects[name] == leading)
            found: list[str | None] = [*mine] or [None]
            rows += [at] * len(found)
            cases += found
        return rows, cases

    def _object_lists(self, rows: list[int], cases: list[str | None], leading: str) -> pa.Array:
        kinds: list[str] = []
        names: list[str] = []
        qualifiers: list[str | None] = []
        offsets = np.zeros(len(rows) + 1, dtype=np.int32)
        for number, (row, case) in enumerate(zip(rows, cases, strict=True)):
            # Of several objects of the leading type, the one whose case this row stands in comes first.
            for name, qualifier in sorted(self._relations[row], key=lambda each: each[0] != case):
                kinds.append(self._objects[name])
                names.append(name)
                qualifiers.append(qualifier)
            offsets[number + 1] = len(names)
        kind = EVENT_SCHEMA.field("objects").type
        things = pa.StructArray.from_arrays(
            [pa.array(kinds, pa.string()), pa.array(names, pa.string()), pa.array(qualifiers, pa.string())],
            fields=list(kind.value_type),
        )
        return pa.ListArray.from_arrays(pa.array(offsets), things, type=kind)


def told(value: object) -> str | None:
    """A value of JSON or SQLite as text: whole numbers without a point; None for null."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 2.0**53:
            return str(int(value))
        case bytes():
            return value.decode(errors="replace")
        case _:
            return str(value)


def old_version(path: Path, options: ReadOptions) -> PermanentError:
    """The refusal of OCEL 1.0."""
    return PermanentError(
        text(options.language, "{file}: is OCEL 1.0; only OCEL 2.0 is read (pm4py can convert it)", file=path)
    )
