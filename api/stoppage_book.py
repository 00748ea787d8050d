"""The cases caught in a stoppage as a workbook, with columns to fill in while they are worked through by hand."""

import io
from functools import partial
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from api.html_report.humanise import moment
from api.sheet import Kind, Sheet, write
from api.stoppages import Stoppage
from collector.vocabulary.languages import Language, text, word


def stoppage_book(found: Stoppage, title: str, language: Language, zone: ZoneInfo) -> bytes:
    """Two sheets as XLSX: the cases, earliest deadline first, and the stoppage. Times are in `zone`, ids are text."""
    say = partial(text, language)
    book = Workbook(write_only=True)
    columns: list[tuple[str, Kind]] = [
        (say("Case"), "text"),
        (say("Stands at"), "text"),
        (say("Since"), "text"),
        (say("Next step"), "text"),
        (say("Role"), "text"),
        (say("System"), "text"),
        (say("Expected by"), "text"),
        (say("Deadline"), "text"),
        (say("Deadline of"), "text"),
        (say("Customer"), "text"),
        (say("Objects"), "long"),
        (say("Done by"), "long"),
        (say("Done at"), "long"),
        (say("Note"), "long"),
        (say("What became of it"), "text"),
        (say("Went on with"), "text"),
        (say("Went on at"), "text"),
        (say("Went on in"), "text"),
    ]
    rows = [
        (
            *(row.case_id, row.step, moment(row.since, zone), row.next, row.role, row.system),
            moment(row.expected, zone),
            *(moment(row.deadline, zone) if row.deadline else None, row.deadline_step, row.customer),
            ", ".join(f"{thing.type} {thing.id}" for thing in row.objects),
            *(None, None, None),
            *(word(language, "outcome", row.outcome), row.went_on_with),
            *(moment(row.went_on_at, zone) if row.went_on_at else None, row.went_on_in),
        )
        for row in found.cases
    ]
    about: list[tuple[object, ...]] = [
        (say("Stoppage"), title),
        (say("Process"), found.process),
        (say("Silent since"), moment(found.since, zone)),
        (say("Silent until"), moment(found.until, zone)),
        (say("State"), word(language, "stoppage", found.state)),
        (say("Cases"), len(found.cases)),
        *((word(language, "outcome", name), count) for name, count in found.outcomes.items()),
        (say("Time zone"), str(zone)),
    ]
    write(book, Sheet(say("Cases"), columns, rows))
    write(book, Sheet(say("Stoppage"), ((say("Figure"), "text"), (say("Value"), "long")), about))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
