"""An OCEL 2.0 SQLite database as XML, event by event."""

import sqlite3
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from collector.files.writing.ocel_rows import attributes, event_tables, events, objects

_ESCAPES = {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}


def write_xml(log: sqlite3.Connection, file: IO[bytes]) -> None:
    """Write the whole log."""

    def put(text: str) -> None:
        file.write(text.encode())

    put('<?xml version="1.0" encoding="UTF-8"?>\n<log>\n<object-types>\n')
    for (kind,) in log.execute("SELECT ocel_type FROM object_map_type"):
        put(f"<object-type name={_quoted(kind)}><attributes/></object-type>\n")
    put("</object-types>\n<event-types>\n")
    for kind, table in event_tables(log).items():
        listed = "".join(f'<attribute name={_quoted(name)} type="string"/>' for name in attributes(log, table))
        put(f"<event-type name={_quoted(kind)}><attributes>{listed}</attributes></event-type>\n")
    put("</event-types>\n<objects>\n")
    for name, kind in objects(log):
        put(f"<object id={_quoted(name)} type={_quoted(kind)}><attributes/><objects/></object>\n")
    put("</objects>\n<events>\n")
    for each in events(log):
        values = "".join(
            f"<attribute name={_quoted(key)}>{escape(value, {chr(13): '&#13;'})}</attribute>"
            for key, value in each.values.items()
        )
        related = "".join(
            f"<relationship object-id={_quoted(name)} qualifier={_quoted(qualifier)}/>"
            for name, qualifier in each.objects
        )
        put(
            f"<event id={_quoted(each.name)} type={_quoted(each.kind)} time={_quoted(each.time)}>"
            f"<attributes>{values}</attributes><objects>{related}</objects></event>\n"
        )
    put("</events>\n</log>\n")


def _quoted(text: str) -> str:
    return quoteattr(text, _ESCAPES)
