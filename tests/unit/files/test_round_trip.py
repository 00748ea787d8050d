"""What goes out comes back equal, in every format."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.files import LogFile, read
from collector.files.rest import REST, shown
from collector.files.writing import About, writer
from collector.vocabulary.schema import EVENT_SCHEMA
from tests.helpers import DAY, HOUR, T0, event
from tests.unit.files.readers import OPTIONS

Row = dict[str, Any]
EXPORTED = pa.schema([*list(EVENT_SCHEMA)[:2], pa.field("case_id", pa.string()), *list(EVENT_SCHEMA)[2:]])
EXACT = (".parquet", ".jsonl", ".jsonl.gz", ".xes", ".xes.gz", ".jsonocel", ".xmlocel", ".sqlite")
ENDINGS = (*EXACT, ".csv", ".csv.gz", ".xlsx")
COMPARED = tuple(name for name in EVENT_SCHEMA.names if name not in ("event_id", "process"))


def exported(rows: list[Row], name: Path, **about: Any) -> None:
    with name.open("wb") as file:
        made = writer(file, EXPORTED, About(name, leading={"test": "case"}, **about))
        try:
            for at in range(0, len(rows), 3):
                made.write(pa.RecordBatch.from_pylist(rows[at : at + 3], EXPORTED))
            made.close()
        except BaseException:
            made.discard()
            raise


def told(log: LogFile) -> list[Row]:
    return [row for batch in log.batches for row in batch.to_pylist()]


def comparable(rows: list[Row], change: Callable[[str], str] = lambda text: text) -> Counter[str]:
    """Rows regardless of order; an empty word is no word, an empty qualifier none. `change`: what becomes of words."""

    def value(name: str, row: Row) -> object:
        match row[name]:
            case str() as text:
                return change(text) or None
            case [*things] if name == "objects":
                first, *rest = [(each["type"], each["id"], each["qualifier"] or "") for each in things]
                return first, sorted(rest)
            case [*things]:
                return sorted(things)
            case other:
                return other

    return Counter(repr([value(name, row) for name in COMPARED]) for row in rows)


def row(case: str, activity: str, start: int, end: int | None = None, **more: Any) -> Row:
    made = event(case, activity, start, end, **more)
    (found,) = pa.RecordBatch.from_pylist([made], EVENT_SCHEMA).to_pylist()
    return {**found, "case_id": case}


def check(rows: list[Row], ending: str, change: Callable[[str], str] = lambda text: text) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"log{ending}"
        exported(rows, path)
        back = read(path, OPTIONS)
    for batch in back.batches:
        batch.validate(full=True)
        assert batch.schema.equals(EVENT_SCHEMA)
    assert comparable(told(back)) == comparable(rows, change)
    assert back.leading == "case"
    assert back.quality.dropped == back.quality.without_case == back.quality.without_end == 0


TEXTS = st.one_of(
    st.text(min_size=1, max_size=5),
    st.sampled_from(["付款", "a\nb", "a\r\nb", "\t", '"', "'", "=1+1", "'=x", "+1", "-", "@a", "😀", "&amp;", "<a>"]),
    st.sampled_from([" x ", "\x01", "a\x00b", "\ufffe", "\x85", "_x000D_", '="x"', "00123456789012345678", "1e5"]),
    st.sampled_from(["\r", "a,b;c", '=""', "a\rb", "1.0", "2024-01-01", "TRUE", "]]>", "_x0041_x0042_"]),
)  # fmt: skip
NAMES = TEXTS.filter(lambda name: bool(shown(name).strip()) and name != '=""')
"""Of activities and cases: a blank is none."""
WORDS = st.one_of(st.none(), TEXTS)
KEYS = st.one_of(
    TEXTS,
    st.sampled_from(["case:channel", "user", "start", "concept:name", "A", "a", "ocel:eid", REST, "case:concept:name"]),
)


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    rows = []
    cases = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=lambda case: shown(case).strip()))
    for number in range(draw(st.integers(1, 7))):
        case = draw(st.sampled_from(cases))
        start = T0 + draw(st.sampled_from([0, 0, 1, HOUR, DAY, -DAY * 400]))
        length = draw(st.sampled_from([0, 0, 1, HOUR, DAY, -HOUR]))
        others = draw(st.lists(st.tuples(st.sampled_from(["order", "付款"]), TEXTS), max_size=2, unique=True))
        made = row(
            case,
            draw(st.one_of(st.sampled_from(["a", "b"]), NAMES)),
            start,
            start + length,
            event_id=f"{number:04d}",
            actor=draw(WORDS),
            role=draw(WORDS),
            system=draw(WORDS),
            actor_kind=draw(st.sampled_from(["user", "staff", "system", "device"])),
            error=draw(WORDS),
            enabled=draw(st.sampled_from([None, start, start - 1])),
            amount=draw(st.one_of(st.none(), st.integers(-(10**17), 10**17))),
            fields=draw(st.dictionaries(KEYS, st.one_of(TEXTS, st.just("")), max_size=3)),
            **{
                name: draw(WORDS) for name in ("module", "device", "channel", "platform", "shop", "trace_id", "span_id")
            },
        )
        made["objects"] += [{"type": kind, "id": name, "qualifier": draw(WORDS)} for kind, name in others]
        rows.append(made)
    return rows


@pytest.mark.parametrize("ending", EXACT)
@given(tables())
@settings(deadline=None, max_examples=60)
def test_everything_comes_back(ending: str, rows: list[Row]) -> None:
    check(rows, ending)


@given(tables())
@settings(deadline=None, max_examples=60)
def test_csv_but_for_null_characters(rows: list[Row]) -> None:
    check(rows, ".csv", lambda text: text.replace("\0", "\ufffd"))


@given(tables())
@settings(deadline=None, max_examples=60)
def test_xlsx_but_for_what_xml_has_not(rows: list[Row]) -> None:
    check(rows, ".xlsx", lambda text: shown(text).strip())
