"""The discovered model as files, for `houtai mine`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.outputs import write_text
from collector.vocabulary.languages import Language
from mining.discovery.documents import NOISE, text_of
from mining.discovery.miner import Discoverer
from mining.report import Report


@contextmanager
def loading() -> Iterator[Discoverer]:
    """A discoverer that loads pm4py in its own process, while something else is done."""
    discoverer = Discoverer()
    try:
        discoverer.start()
        yield discoverer
    finally:
        discoverer.close()


def write_models(
    discoverer: Discoverer, report: Report, bpmn: Path | None, pnml: Path | None, language: Language
) -> None:
    """Discover one model of the report's variants and write it as asked.

    RetryableError where none was finished in time, PermanentError for a file that cannot be written.
    """
    found = discoverer.discover({variant.path: variant.cases for variant in report.variants}, NOISE)
    if bpmn is not None:
        write_text(bpmn, text_of(found, report.process, "bpmn"), language)
    if pnml is not None:
        write_text(pnml, text_of(found, report.process, "pnml"), language)
