"""What several routes answer with, and who may have it."""

import msgspec
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.auth import identity
from mining.figures import By


def listed(items: object, after: str | None, **more: object) -> Response:
    """A part of a list whose items msgspec writes, which is faster than a model of each."""
    return Response(msgspec.json.encode({"items": items, "next": after, **more}), media_type="application/json")


def may_see_actors(request: Request, by: By) -> None:
    """403 unless figures by actor may be seen."""
    if by == "actor" and not identity(request).may("manager"):
        raise HTTPException(403, "figures by actor need the role manager")
