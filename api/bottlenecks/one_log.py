"""The bottleneck report of a log that `houtai mine` has read: page, PDF, workbook."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.bottlenecks.build import bottleneck_report
from api.bottlenecks.context import Context
from api.bottlenecks.material import material
from api.outputs import write_bytes, write_text
from collector.vocabulary.languages import Language
from mining.arena import Arena
from mining.config import ProcessConfig
from mining.report import Report

if TYPE_CHECKING:
    from api.one_shot import Outputs


def write_documents(
    outputs: "Outputs", report: Report, arena: Arena | None, config: ProcessConfig, language: Language
) -> None:
    """Write those that are wanted. `arena` is None where the log was too large to be held: then there are no trends."""
    found = material(arena, config, report.findings) if arena is not None else None
    context = Context(language, config.zone, report.currency, config.prices)
    told = bottleneck_report(report, found, context)
    if outputs.html is not None:
        from api.bottlenecks.html import html_file

        write_text(outputs.html, html_file(told, report), language)
    if outputs.pdf is not None:
        from api.bottlenecks.pdf import pdf_file

        # The end of the log and not the clock: the same log makes the same file.
        moment = datetime.fromisoformat(report.log.to) if report.log.to else datetime.fromtimestamp(0, UTC)
        write_bytes(outputs.pdf, pdf_file(told, moment), language)
    if outputs.xlsx is not None:
        from api.workbook import workbook

        write_bytes(outputs.xlsx, workbook(report, language, config.zone, told), language)
