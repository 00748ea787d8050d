"""Events as XES (IEEE 1849-2016), case by case."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import IO, Final
from xml.sax.saxutils import quoteattr

import pyarrow as pa

from collector.files.columns import TRACE
from collector.files.rest import REST, WORDS, Row, packed, shown, split
from collector.files.writing import About
from collector.files.writing.cases import HELD, ByCase
from collector.files.writing.single import SingleProcess
from collector.vocabulary.languages import text

_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
\t<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
\t<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
\t<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
\t<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
\t<global scope="trace">
\t\t<string key="concept:name" value="?"/>
\t</global>
\t<global scope="event">
\t\t<string key="concept:name" value="?"/>
\t\t<date key="time:timestamp" value="1970-01-01T00:00:00.000000+00:00"/>
\t\t<string key="lifecycle:transition" value="complete"/>
\t</global>
\t<classifier name="Activity" keys="concept:name"/>
"""
_KEYS: Final = {"actor": "org:resource", "role": "org:role"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPES: Final = {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}


class XesWriter:
    """An event with a length becomes a start and a complete that share a `concept:instance`; one without, a complete.

    Fields that begin with `case:` and are the same in all events of a case become attributes of its trace. Events
    without a case are left out, and that is told.
    """

    def __init__(self, file: IO[bytes], about: About, held: int = HELD) -> None:
        self._file, self._about = file, about
        self._cases = ByCase(held)
        self._single = SingleProcess(about)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch; PermanentError for one of another process."""
        self._single.check(batch)
        self._cases.add(batch)

    def close(self) -> None:
        """Write the log."""
        self._file.write(_HEAD.encode())
        for rows in self._cases.cases():
            self._file.write("".join(_trace(rows, self._single.leading, self._about.digits)).encode())
        self._file.write(b"</log>\n")
        if self._cases.without:
            message = "{file}: {count} events without a case were left out: XES has none"
            self._about.tell(text(self._about.language, message, file=self._about.path, count=self._cases.without))

    def discard(self) -> None:
        """Let go of the temporary files."""
        self._cases.discard()


def _trace(rows: list[Row], leading: str, digits: int) -> Iterator[str]:
    told = [split(row, leading) for row in rows]
    shared = _shared([fields for fields, _ in told])
    yield "\t<trace>\n" + _attribute("string", "concept:name", shown(rows[0]["case_id"]), 2)
    for name, value in shared.items():
        yield _attribute("string", name.removeprefix(TRACE), value, 2)
    records: list[tuple[int, int, str]] = []
    for number, (row, (fields, rest)) in enumerate(zip(rows, told, strict=True)):
        begun = _attribute("string", "concept:name", shown(row["activity"]), 3)
        for name in WORDS:
            if row[name]:
                begun += _attribute("string", _KEYS.get(name, name), shown(row[name]), 3)
        whole = begun
        if row["amount"] is not None:
            whole += _attribute("float", "amount", str(Decimal(row["amount"]).scaleb(-digits)), 3)
        for name, value in fields.items():
            if name not in shared:
                whole += _attribute("string", name, value, 3)
        if rest:
            whole += _attribute("string", REST, packed(rest), 3)
        start, end = row["start"], max(row["start"], row["end"])
        if end > start:
            instance = _attribute("string", "concept:instance", str(number + 1), 3)
            records.append((start, number, _event(begun + instance, "start", start)))
            records.append((end, number, _event(whole + instance, "complete", end)))
        else:
            records.append((end, number, _event(whole, "complete", end)))
    yield from (event for _, _, event in sorted(records, key=lambda record: record[:2]))
    yield "\t</trace>\n"


def _shared(fields: list[dict[str, str]]) -> dict[str, str]:
    """The fields that tell of the case: in every event the same."""
    first = fields[0]
    found = {name: value for name, value in first.items() if name.startswith(TRACE) and len(name) > len(TRACE)}
    return {name: value for name, value in found.items() if all(each.get(name) == value for each in fields)}


def _event(attributes: str, transition: str, time: int) -> str:
    stamp = (_EPOCH + timedelta(microseconds=time)).isoformat(timespec="microseconds")
    state = _attribute("string", "lifecycle:transition", transition, 3)
    return f"\t\t<event>\n{attributes}{state}{_attribute('date', 'time:timestamp', stamp, 3)}\t\t</event>\n"


def _attribute(kind: str, key: str, value: str, deep: int) -> str:
    return "\t" * deep + f"<{kind} key={quoteattr(key, _ESCAPES)} value={quoteattr(value, _ESCAPES)}/>\n"
