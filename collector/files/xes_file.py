"""Reads XES (IEEE 1849) as a stream, trace by trace."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
from lxml import etree

from collector.files.columns import TRACE, XES
from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.source import opened
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

_CASE: Final = f"{TRACE}concept:name"


class XesReader:
    """`.xes`, `.xes.gz`. Attributes of a trace become columns that begin with `case:`; nested ones are left out."""

    endings: tuple[str, ...] = (".xes", ".xes.gz")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names file and line where it breaks off, and a file with a DOCTYPE."""
        gathered = _Columns()
        unnamed = traces = 0
        root = None
        try:
            with opened(path, options, progress) as file:
                parsed = etree.iterparse(
                    file,
                    events=("start", "end"),
                    tag=("{*}log", "{*}trace"),
                    resolve_entities=False,
                    no_network=True,
                    load_dtd=False,
                    huge_tree=False,
                    remove_comments=True,
                    remove_pis=True,
                )
                for event, element in parsed:
                    if root is None:
                        root = element.getroottree().getroot()
                        if element.getroottree().docinfo.internalDTD is not None:
                            raise PermanentError(text(options.language, "{file}: has a DOCTYPE, refused", file=path))
                    if event == "start" or _local(element) != "trace":
                        continue
                    traces += 1
                    unnamed += gathered.add_trace(element, traces)
                    element.clear()
                    parent = element.getparent()
                    while parent is not None and element.getprevious() is not None:
                        del parent[0]
        except etree.XMLSyntaxError as error:
            raise PermanentError(
                text(
                    options.language,
                    "{file}, line {line}: breaks off or is no XML ({reason})",
                    file=path,
                    line=error.lineno or 1,
                    reason=str(error.msg).splitlines()[0][:200] if error.msg else "?",
                )
            ) from error
        if root is None or _local(root) != "log":
            raise PermanentError(text(options.language, "{file}: is no XES: the root is not <log>", file=path))
        notes = []
        if unnamed:
            notes.append(
                text(options.language, "{count} traces have no name: their position stands for it.", count=unnamed)
            )
        place: Callable[[int], str] = lambda i: text(options.language, "event {number}", number=i + 1)  # noqa: E731
        names = gathered.names()
        return RawLog(path, names, gathered.arrays(names), XES, place, tuple(notes))


class _Columns:
    """Texts by attribute; a column is only as long as its last value until all are made equally long."""

    def __init__(self) -> None:
        self._columns: dict[str, list[str | None]] = {}
        self._events = 0

    def add_trace(self, trace: etree._Element, number: int) -> bool:
        """Take in one trace; returns whether it had no name."""
        begin = self._events
        shared: dict[str, str] = {}
        columns = self._columns
        for child in trace:
            key = child.get("key")
            if key is not None:
                value = child.get("value")
                if value is not None:
                    shared[TRACE + key] = value
                continue
            if _local(child) != "event":
                continue
            at = self._events
            for attribute in child:
                name, value = attribute.get("key"), attribute.get("value")
                if name is None or value is None:
                    continue
                column = columns.get(name)
                if column is None:
                    column = columns[name] = []
                if len(column) < at:
                    column.extend([None] * (at - len(column)))
                if len(column) == at:
                    column.append(value)
            self._events += 1
        named = bool(shared.get(_CASE, "").strip())
        if not named:
            shared[_CASE] = str(number)
        for name, value in shared.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (begin - len(column)))
            column.extend([value] * (self._events - len(column)))
        return not named

    def names(self) -> tuple[str, ...]:
        """Names in order of their first value, those of traces first; without any event, those every log has."""
        if not self._events:
            self._columns = {_CASE: [], "concept:name": [], "time:timestamp": []}
        return tuple(sorted(self._columns, key=lambda name: not name.startswith(TRACE)))

    def arrays(self, names: tuple[str, ...]) -> tuple[pa.Array, ...]:
        """The columns, equally long."""
        for column in self._columns.values():
            column.extend([None] * (self._events - len(column)))
        return tuple(pa.array(self._columns[name], pa.string()) for name in names)


def _local(element: etree._Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
