"""What comes in by a form."""

from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request
from starlette.exceptions import HTTPException

from collector.vocabulary.errors import PermanentError

FORM_BYTES: Final = 20_000


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; 413 for one that is no honest form's size."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > FORM_BYTES:
            raise HTTPException(413, "this form is too large")
    return {name: values[-1] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}


def day_of(value: str) -> datetime:
    """A date of a form; PermanentError where it is none."""
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise PermanentError(f"done_at: {value!r} is no date (write 2026-01-31)") from error
