"""Lists in pages: the cursor holds the sort key of the last item seen, so that new items shift nothing."""

import base64
import binascii
import bisect
import json
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel

from collector.vocabulary.errors import PermanentError

T = TypeVar("T")
Key = tuple[int | float | str, ...]
DEFAULT_LIMIT = 50
MAX_LIMIT = 1000


class Page(BaseModel, Generic[T]):
    """A part of a list; `next` is the cursor of the following part, null at the end."""

    items: list[T]
    next: str | None


def encode(key: Key) -> str:
    """A cursor."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str) -> Key:
    """The key in a cursor; PermanentError where it is none of ours."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise PermanentError("cursor: not one that was given out here") from error
    if not isinstance(found, list) or not all(map(_is_part, found)):
        raise PermanentError("cursor: not one that was given out here")
    return tuple(found)


def _is_part(part: object) -> bool:
    """Whether it can stand in a key; whole numbers have 64 bits."""
    return isinstance(part, float | str) or (type(part) is int and -(1 << 63) <= part < 1 << 63)


def page(items: Sequence[T], key: Callable[[T], Key], limit: int, cursor: str | None) -> tuple[Sequence[T], str | None]:
    """The items after the cursor, and the next cursor. `items` must be in ascending order of unique keys."""
    try:
        begin = bisect.bisect_right(items, decode(cursor), key=key) if cursor else 0
    except TypeError as error:
        raise PermanentError("cursor: it belongs to another list") from error
    part = items[begin : begin + limit]
    return part, encode(key(part[-1])) if len(part) and begin + limit < len(items) else None
