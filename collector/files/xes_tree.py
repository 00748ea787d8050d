"""Reads any XES trace by trace with a full XML parser."""

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from lxml import etree

from collector.files.columns import TRACE
from collector.files.log import ReadOptions
from collector.files.xes_columns import CASE, Found
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text


def read_tree(file: BinaryIO, path: Path, options: ReadOptions) -> Found:
    """The columns of a log; PermanentError names file and line where it breaks off, and a file with a DOCTYPE."""
    gathered = _Columns()
    unnamed = traces = 0
    root = None
    try:
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
    return gathered.found(unnamed)


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
        named = bool(shared.get(CASE, "").strip())
        if not named:
            shared[CASE] = str(number)
        for name, value in shared.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (begin - len(column)))
            column.extend([value] * (self._events - len(column)))
        return not named

    def found(self, unnamed: int) -> Found:
        """The columns, equally long."""
        for column in self._columns.values():
            column.extend([None] * (self._events - len(column)))
        return Found({name: pa.array(values, pa.string()) for name, values in self._columns.items()}, unnamed)


def _local(element: etree._Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
