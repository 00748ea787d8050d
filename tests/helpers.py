"""A tiny language for event logs: `log("abc", "ab")` is an arena of two cases.

A letter is an activity; each takes a minute and follows the one before after an hour unless said otherwise.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from collector.vocabulary.schema import EVENT_SCHEMA
from mining.arena import Arena
from mining.build import build

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * SECOND
"""A Monday midnight: the start of every log made here."""


def event(
    case: str | None,
    activity: str,
    start: int,
    end: int | None = None,
    *,
    event_id: str | None = None,
    process: str = "test",
    leading: str = "case",
    actor: str | None = None,
    actor_kind: str = "staff",
    role: str | None = None,
    system: str | None = None,
    error: str | None = None,
    enabled: int | None = None,
    **more: object,
) -> dict[str, object]:
    """A row of EVENT_SCHEMA (µs); `end` is `start` where not given, `error` the error type, `more` any column."""
    row: dict[str, object] = dict.fromkeys(EVENT_SCHEMA.names)
    row |= {
        "event_id": event_id if event_id is not None else f"{case}/{activity}/{start}/{end}",
        "process": process,
        "activity": activity,
        "start": start,
        "end": start if end is None else end,
        "enabled": enabled,
        "actor_kind": actor_kind,
        "actor": actor,
        "role": role,
        "system": system,
        "outcome": "ok" if error is None else "error",
        "error_type": error,
        "objects": [] if case is None else [{"type": leading, "id": case, "qualifier": None}],
        "fields": {},
    }
    row |= more
    fields = row["fields"]
    assert isinstance(fields, dict)
    row["fields"] = list(fields.items())
    return row


def batch(rows: Iterable[dict[str, object]]) -> pa.RecordBatch:
    """Rows made by `event` as a record batch of EVENT_SCHEMA."""
    return pa.RecordBatch.from_pylist(list(rows), schema=EVENT_SCHEMA)


def arena(rows: Iterable[dict[str, object]], process: str = "test", leading: str = "case") -> Arena:
    """Rows made by `event` as an arena."""
    return build([batch(rows)], process, leading)


def log(
    *cases: str | Sequence[str],
    service: int = MINUTE,
    gap: int = HOUR,
    apart: int = DAY,
    roles: dict[str, str] | None = None,
    actors: dict[str, str] | None = None,
    systems: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Arena:
    """An arena with one case a string (a letter an activity) or sequence of activity names.

    Case `c000` starts at T0, each further one `apart` later; times in µs. `roles`, `actors`, `systems` and `errors`
    give an activity its role, actor, system and error type.
    """
    rows = []
    for number, path in enumerate(cases):
        at = T0 + number * apart
        for place, activity in enumerate(path):
            rows.append(
                event(
                    f"c{number:03}",
                    activity,
                    at,
                    at + service,
                    event_id=f"{number:06}{place:06}",
                    role=(roles or {}).get(activity),
                    actor=(actors or {}).get(activity),
                    system=(systems or {}).get(activity),
                    error=(errors or {}).get(activity),
                )
            )
            at += service + gap
    return arena(rows)
