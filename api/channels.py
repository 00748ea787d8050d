"""The sheet of channels, platforms and shops beside their outcomes, also as CSV and workbook."""

import csv
import io
from dataclasses import dataclass
from functools import partial

from babel.numbers import get_currency_precision
from openpyxl import Workbook

from api.knowing import Knowing
from api.sheet import Kind, Sheet, write
from collector.vocabulary.languages import Language, text, word
from mining.contrast.column import Column
from mining.contrast.outcomes import NAMES, Outcomes, outcomes, refunded_at
from mining.contrast.sheet import Cell, Source, source_sheet
from mining.filters import Filters
from mining.findings._columns import CASE_FIELDS, first_known
from mining.live.knowledge import Snapshot


@dataclass(frozen=True)
class Channels:
    """The sheet, and what is known of its outcomes."""

    rows: tuple[Source, ...]
    outcomes: tuple[str, ...]
    """Names of those that are known."""
    after_s: dict[str, float]

    @property
    def missing(self) -> list[str]:
        """Outcomes of which nothing is known."""
        return [name for name in NAMES if name not in self.outcomes]


def channels(knows: Knowing, snapshot: Snapshot, filters: Filters) -> Channels:
    """How the cases that pass the filters turned out, by channel, platform and shop."""

    def make() -> Channels:
        columns, found = knows.derived(snapshot, ("outcomes",), lambda: _told(knows, snapshot))
        rows = source_sheet(columns, found.known, knows.flags(snapshot, filters))
        return Channels(tuple(rows), tuple(outcome.name for outcome in found.known), found.after_s)

    return knows.derived(snapshot, ("channels", filters), make)


def _told(knows: Knowing, snapshot: Snapshot) -> tuple[list[Column], Outcomes]:
    arena, config = snapshot.arena, snapshot.config
    others = (knows.knowledge.snapshot(name) for name in knows.knowledge.processes() if name != config.process)
    every = (arena, *(other.arena for other in others if other is not None))
    refunded = refunded_at(arena, config, every)
    columns = [
        Column(name, first_known(arena, arena.codes[name]), arena.names[name])
        for name in CASE_FIELDS
        if arena.names[name]
    ]
    return columns, outcomes(knows.choosable(snapshot), config, snapshot.now, refunded)


def channels_csv(found: Channels) -> str:
    """A line a source; of each outcome its value, both ends of its interval, the cases counted, and the mark."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = ("", "_low", "_high", "_cases", "_differs")
    writer.writerow(["field", "value", "cases", *(name + part for name in found.outcomes for part in parts)])
    for row in found.rows:
        writer.writerow(
            [row.field, row.value, row.cases, *(v for name in found.outcomes for v in _flat(row.cells[name]))]
        )
    return out.getvalue()


def _flat(cell: Cell) -> tuple[object, ...]:
    low, high = cell.interval or (None, None)
    return cell.value, low, high, cell.cases, cell.differs


def channels_book(found: Channels, currency: str | None, language: Language) -> bytes:
    """The same as XLSX, with words; money in whole units of the currency."""
    say = partial(text, language)
    kinds: dict[str, Kind] = {"share": "share", "duration": "duration", "money": "number"}
    columns: list[tuple[str, Kind]] = [(say("Source"), "text"), (say("Value"), "text"), (say("Cases"), "count")]
    for name in found.outcomes:
        told, kind = word(language, "outcome", name), kinds[NAMES[name]]
        if NAMES[name] == "money" and currency:
            told = f"{told} ({currency})"
        columns += [(told, kind), (f"{told}: {say('from')}", kind), (f"{told}: {say('to')}", kind)]
        columns += [(f"{told}: {say('Cases')}", "count"), (f"{told}: {say('against the others')}", "text")]
    unit = 10 ** (get_currency_precision(currency) if currency else 2)
    rows = []
    for row in found.rows:
        values: list[object] = [word(language, "term", row.field), row.value, row.cases]
        for name in found.outcomes:
            *figures, cases, differs = _flat(row.cells[name])
            scale = unit if NAMES[name] == "money" else 1
            values += [figure / scale if isinstance(figure, float) else None for figure in figures]
            values += [cases, word(language, "differs", str(differs)) if differs else None]
        rows.append(values)
    book = Workbook(write_only=True)
    write(book, Sheet(say("Channels"), columns, rows))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
