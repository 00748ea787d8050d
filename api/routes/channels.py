"""`/api/v1/processes/{p}/channels`: how the cases of each channel, platform and shop turn out."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.channels import channels, channels_book, channels_csv
from api.routes.answers import listed
from api.routes.asked import Asked, Knows, Lang
from api.routes.documents import ChannelOutcome, ChannelsDocument, OutcomeCell, SourceRow
from mining.contrast.outcomes import NAMES
from mining.contrast.sheet import Cell, Source

router = APIRouter(prefix="/api/v1/processes", tags=["processes"])
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {}, XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/{process}/channels", response_model=ChannelsDocument, responses=FILES)
def channel_sheet(
    process: str,
    knows: Knows,
    asked: Asked,
    lang: Lang,
    format: Annotated[Literal["json", "csv", "xlsx"], Query()] = "json",  # noqa: A002
) -> Response:
    """Channels, platforms and shops, each with the outcomes of its cases, and where they differ from the others'."""
    snapshot = knows.snapshot(process)
    found = channels(knows, snapshot, asked.filters(snapshot.config))
    if format == "json":
        return listed(
            [_row(row) for row in found.rows],
            None,
            outcomes=[ChannelOutcome(name, NAMES[name], found.after_s.get(name)) for name in found.outcomes],
            missing=found.missing,
        )
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'channels-{process}.{format}', safe='')}"}
    if format == "csv":
        return Response(channels_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    return Response(channels_book(found, snapshot.config.currency, lang), media_type=XLSX, headers=headers)


def _row(row: Source) -> SourceRow:
    cells: dict[str, OutcomeCell | None] = dict.fromkeys(NAMES)
    return SourceRow(row.field, row.value, row.cases, {**cells, **{name: _cell(c) for name, c in row.cells.items()}})


def _cell(cell: Cell) -> OutcomeCell:
    return OutcomeCell(cell.cases, cell.value, cell.interval, cell.others, cell.differs, cell.p_value)
