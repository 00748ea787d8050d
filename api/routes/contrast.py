"""`/api/v1/processes/{p}/contrast`: what sets some cases apart from the others."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.contrast import contrasted, filters_in
from api.routes.answers import listed
from api.routes.asked import Asked, Knows, allowed
from api.routes.documents import Condition, ContrastDocument, SeparationRow
from mining.contrast.separating import Separation

router = APIRouter(prefix="/api/v1/processes", tags=["processes"])


@router.get("/{process}/contrast", response_model=ContrastDocument)
def contrast(
    request: Request,
    process: str,
    knows: Knows,
    asked: Asked,
    against: Annotated[
        str, Query(description="filters of the cases to compare with, as one text: `channel=live`; else all others")
    ] = "",
) -> Response:
    """By which fields, and combinations of them, the cases that pass the filters stand apart; the clearest first."""
    snapshot = knows.snapshot(process)
    others = allowed(request, filters_in("against", against)).filters(snapshot.config)
    found = contrasted(knows, snapshot, asked.filters(snapshot.config), others)
    return listed(
        [row(each) for each in found.separations],
        None,
        cases=found.cases,
        others=found.others,
        fields=found.fields,
        left_out=found.left_out,
    )


def row(found: Separation) -> SeparationRow:
    """As the API gives it."""
    return SeparationRow(
        conditions=[Condition(field, value) for field, value in found.conditions],
        cases=found.cases,
        chosen=found.hits,
        share=found.share_of_set,
        share_of_others=found.share_of_rest,
        lift=found.lift,
        interval=found.interval,
        p_value=found.p_value,
    )
