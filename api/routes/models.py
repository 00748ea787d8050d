"""`/api/v1/processes/{p}/model` and `/reference`: a model made of the cases, and the one they should follow."""

from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.reference import ReferenceDocument, reference_document
from api.routes.asked import Asked, Knows
from collector.vocabulary.errors import RetryableError
from mining.discovery.bpmn_xml import bpmn_xml
from mining.discovery.documents import NOISE, Format, ModelDocument, model_document, text_of
from mining.discovery.miner import Discovered, Discoverer
from mining.reference.reference import Reference

router = APIRouter(prefix="/api/v1/processes", tags=["processes"])
TYPES: Final = {"bpmn": "application/xml", "pnml": "application/xml", "tree": "text/plain; charset=utf-8"}


@router.get("/{process}/model", response_model=ModelDocument)
def model(
    request: Request,
    process: str,
    knows: Knows,
    asked: Asked,
    format: Annotated[Format, Query()] = "json",  # noqa: A002
    noise: Annotated[
        float, Query(ge=0, le=1, allow_inf_nan=False, description="how rare a way must be to be left out; 0: none is")
    ] = NOISE,
) -> Response:
    """A process tree, Petri net (PNML) or BPMN 2.0 by the inductive miner, within seconds.

    The headers `Houtai-Coverage` (share of cases the model was made of) and `Houtai-Complete` say how far it got.
    """
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    discoverer = request.app.state.discoverer
    assert isinstance(discoverer, Discoverer)

    def discovered() -> Discovered:
        variants = knows.variants(snapshot, filters)
        return discoverer.discover({variant.path: variant.cases for variant in variants}, noise)

    try:
        found = knows.derived(snapshot, ("model", filters, noise), discovered)
    except RetryableError as error:
        raise HTTPException(503, str(error), {"Retry-After": "5"}) from error
    headers = {"Houtai-Coverage": f"{found.coverage:.4f}", "Houtai-Complete": str(found.in_time).lower()}
    if format == "json":
        raw = msgspec.json.encode(model_document(found, process))
        return Response(raw, media_type="application/json", headers=headers)
    if format != "tree":
        headers["Content-Disposition"] = f'attachment; filename="model.{format}"'
    return Response(text_of(found, process, format), media_type=TYPES[format], headers=headers)


@router.get("/{process}/reference", response_model=ReferenceDocument)
def reference(
    process: str,
    knows: Knows,
    format: Annotated[Literal["json", "bpmn"], Query()] = "json",  # noqa: A002
) -> Response:
    """The model that the process should follow, and how far its cases are from it; 404 where none is configured.

    `format=bpmn` gives the model as it was understood.
    """
    snapshot = knows.snapshot(process)
    found = snapshot.config.reference
    document = reference_document(snapshot)
    if document is None or not isinstance(found, Reference):
        raise HTTPException(404, f"process {process!r} has no model (processes.{process}.model)")
    if format == "bpmn":
        headers = {"Content-Disposition": 'attachment; filename="reference.bpmn"'}
        return Response(bpmn_xml(found.model), media_type=TYPES["bpmn"], headers=headers)
    return Response(msgspec.json.encode(document), media_type="application/json")
