"""Reads OCEL 2.0 in XML as a stream."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.ocel import Ocel, old_version
from collector.files.source import opened
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text


class OcelXmlReader:
    """`.xml`, `.xmlocel`, also packed. Relations between objects are left out."""

    endings: tuple[str, ...] = (".xml", ".xmlocel", ".xml.gz", ".xmlocel.gz")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names file and line where it breaks off, and a file with a DOCTYPE."""
        gathered = Ocel()
        root = None
        try:
            with opened(path, options, progress) as file:
                for element in etree.iterparse(
                    file,
                    events=("end",),
                    resolve_entities=False,
                    no_network=True,
                    load_dtd=False,
                    huge_tree=False,
                    remove_comments=True,
                    remove_pis=True,
                ):
                    root = _take_in(element[1], gathered, path, options, root)
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
            raise PermanentError(text(options.language, "{file}: is no OCEL 2.0: the root is not <log>", file=path))
        if root.find("{*}events") is None:
            raise PermanentError(text(options.language, "{file}: is no OCEL 2.0: it has no <events>", file=path))
        return gathered.raw_log(path, options)


def _take_in(
    element: etree._Element, gathered: Ocel, path: Path, options: ReadOptions, root: etree._Element | None
) -> etree._Element:
    if root is None:
        root = element.getroottree().getroot()
        if element.getroottree().docinfo.internalDTD is not None:
            raise PermanentError(text(options.language, "{file}: has a DOCTYPE, refused", file=path))
    kind = _local(element)
    if kind == "trace":
        raise PermanentError(text(options.language, "{file}: looks like XES: name it .xes", file=path))
    # Inside an event, some writers name a relation `object`, too.
    parent = element.getparent()
    if kind not in ("event", "object") or parent is None or _local(parent) != f"{kind}s":
        return root
    if parent.getparent() is not root:
        return root
    name = element.get("id")
    if name is None:
        if element.find("{*}string") is not None:
            raise old_version(path, options)
        raise PermanentError(
            text(
                options.language,
                "{file}, line {line}: <{tag}> has no id",
                file=path,
                line=element.sourceline,
                tag=kind,
            )
        )
    if kind == "event":
        values = [(key, value) for key, _, value in _attributes(element)]
        if gathered.add_event(name, element.get("type"), element.get("time"), values):
            for relation in element.iterfind("{*}objects/{*}*"):
                thing = relation.get("object-id")
                if thing is not None:
                    gathered.relate(name, (thing, relation.get("qualifier")))
    elif (type_ := element.get("type")) is not None:
        gathered.add_object(name, type_)
        for key, time, value in _attributes(element):
            gathered.add_value(name, key, time, value)
    element.clear()
    while element.getprevious() is not None:
        del parent[0]
    return root


def _attributes(element: etree._Element) -> Iterator[tuple[str, str, str]]:
    """Name, time and value of the attributes that have a value."""
    for each in element.iterfind("{*}attributes/{*}attribute"):
        name, value = each.get("name"), each.text
        if name is not None and value:
            yield name, each.get("time", ""), value


def _local(element: etree._Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]
