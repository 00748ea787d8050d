"""What the tests of the readers share."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.files import LogFile, ReadOptions, read

OPTIONS = ReadOptions(process="test")


def read_text(folder: Path, text: str, name: str = "log.csv", encoding: str = "utf-8", **options: Any) -> LogFile:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return read(path, replace(OPTIONS, **options))


def rows(log: LogFile) -> list[dict[str, Any]]:
    return [row for batch in log.batches for row in batch.to_pylist()]


def short(log: LogFile) -> list[tuple[str, str, str, str]]:
    """(case, activity, start, end) of every event, times as HH:MM of UTC with the day of the month before."""
    return [
        (row["objects"][0]["id"], row["activity"], f"{row['start']:%d %H:%M}", f"{row['end']:%d %H:%M}")
        for row in rows(log)
    ]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


XES_HEAD = '<?xml version="1.0" encoding="UTF-8"?><log xmlns="http://www.xes-standard.org/">'


def xes_event(**attributes: str) -> str:
    """An event; `__` in a name stands for a colon, names that end in `timestamp` are dates."""
    inside = "".join(
        f'<{"date" if "timestamp" in key else "string"} key="{key.replace("__", ":")}" value="{value}"/>'
        for key, value in attributes.items()
    )
    return f"<event>{inside}</event>"


def xes_trace(case: str, *events: str, **attributes: str) -> str:
    named = {"concept__name": case, **attributes}
    inside = "".join(f'<string key="{key.replace("__", ":")}" value="{value}"/>' for key, value in named.items())
    return f"<trace>{inside}{''.join(events)}</trace>"


def xes(*traces: str) -> str:
    return XES_HEAD + "\n".join(traces) + "</log>"
