"""The output of PostgreSQL's `test_decoding` plugin, line by line (postgresql.org/docs, appendix F.41)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

_NAME: Final = r'"(?:[^"]|"")*"|[^\s"\[.:]+'
_TABLE: Final = re.compile(rf"table ({_NAME})\.({_NAME}): (INSERT|UPDATE|DELETE): ?")
_COLUMN: Final = re.compile(
    rf"({_NAME})\[((?:[^\[\]]|\[\])*)\]:(?:(unchanged-toast-datum)|([bB]?)'((?:[^']|'')*)'|(\S+))(?: |$)"
)
_COMMIT: Final = re.compile(r"COMMIT(?: \d+)?(?: \(at (.+)\))?$")
Value = Callable[[str, str], Any]
"""Type as PostgreSQL names it and text -> value."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The end of a transaction, with its time where the plugin tells it."""

    at: datetime | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that came, changed or went. `old` holds its replica identity, if the plugin gives it; `new` all columns.

    Columns that were too large to be logged again (TOAST) are left out of `new`.
    """

    operation: Literal["INSERT", "UPDATE", "DELETE"]
    relation: str
    """With its schema: `public.orders`."""
    old: dict[str, Any]
    new: dict[str, Any]


def parse(line: str, read: Value) -> RowChange | Commit | None:
    """What a line says; None for what says nothing of a row (BEGIN, TRUNCATE, messages, rows without any identity).

    Raises ValueError for a line of a row that cannot be read.
    """
    if (commit := _COMMIT.match(line)) is not None:
        return Commit(datetime.fromisoformat(commit[1]) if commit[1] else None)
    if (head := _TABLE.match(line)) is None:
        return None
    rest = line[head.end() :]
    if rest.startswith("(no-tuple-data)") or rest.startswith("(no-flags)"):
        return None
    operation = head[3]
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    if rest.startswith("old-key: "):
        old, place = _columns(read, rest, len("old-key: "), "new-tuple: ")
        rest = rest[place + len("new-tuple: ") :]
    tuple_, _ = _columns(read, rest, 0, None)
    if operation == "DELETE":
        old = tuple_
    else:
        new = tuple_
    relation = f"{_unquoted(head[1])}.{_unquoted(head[2])}"
    return RowChange(operation, relation, old, new)  # type: ignore[arg-type]


def _columns(read: Value, text: str, place: int, end: str | None) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while place < len(text) and not (end is not None and text.startswith(end, place)):
        match = _COLUMN.match(text, place)
        if match is None:
            raise ValueError(f"cannot be read from {text[place : place + 40]!r}")
        place = match.end()
        if match[3] is None:
            found[_unquoted(match[1])] = _value(read, match[2], match[5], match[6])
    return found, place


def _value(read: Value, kind: str, quoted: str | None, bare: str | None) -> Any:
    if quoted is None:
        if bare == "null":
            return None
        if kind == "boolean":
            return bare == "true"
    return read(kind, quoted.replace("''", "'") if quoted is not None else bare or "")


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
