"""Reads a log, mines it, writes what was asked for: the work of `houtai mine`."""

import dataclasses
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import Language, text
from mining.config import ProcessConfig

CASE = "case"
"""Object type of the cases of a file."""


@dataclass(frozen=True)
class Outputs:
    """Where to write what; `-` is standard output."""

    json: Path | None = None
    html: Path | None = None
    pdf: Path | None = None
    case_findings: Path | None = None
    bpmn: Path | None = None
    pnml: Path | None = None
    xlsx: Path | None = None

    def given(self) -> tuple[Path, ...]:
        """Those that are wanted."""
        every = (self.json, self.html, self.pdf, self.case_findings, self.xlsx, self.bpmn, self.pnml)
        return tuple(path for path in every if path is not None)


@dataclass(frozen=True)
class Columns:
    """Names of columns where the usual ones do not fit."""

    case: str | None = None
    activity: str | None = None
    start: str | None = None
    end: str | None = None
    actor: str | None = None
    role: str | None = None


def mine_log(
    log: Path,
    outputs: Outputs,
    columns: Columns,
    *,
    process: str | None,
    config: Path | None,
    lifecycle: Literal["pair", "all"],
    timezone: str | None,
    by: Literal["role", "actor"],
    language: Language,
    leading: str | None = None,
    memory: int | None = None,
) -> None:
    """Mine `log`, write `outputs`, and print a summary unless an output is standard output.

    `memory`: megabytes it may take; None: what there is. PermanentError, one line, for a log, an option or an output
    that will not do.
    """
    _check(log, outputs, language)
    known, zone = _config(process or _stem(log), config, timezone, language)

    from babel.numbers import get_currency_precision

    from api.terminal import compiling
    from api.terminal.progress import Meter
    from collector.files import ReadOptions
    from collector.files.memory import spare_memory

    spare_memory()
    with compiling.told(compiling.on_stderr(language)), Meter(4, language) as meter, ExitStack() as ending:
        meter.stage(text(language, "reading"))
        options = ReadOptions(
            process=known.process,
            leading=CASE,
            case_type=leading,
            lifecycle=lifecycle,
            timezone=zone.key,
            minor_digits=get_currency_precision(known.currency) if known.currency else 2,
            language=language,
            **dataclasses.asdict(columns),
        )
        from api.mining_ways import mined

        discoverer = None
        if outputs.bpmn is not None or outputs.pnml is not None:
            from api.model_outputs import loading

            discoverer = ending.enter_context(loading())
        told, arena, facts = mined(log, options, known, by, outputs, memory, meter)

        meter.stage(text(language, "writing"))
        if outputs.json is not None:
            import msgspec

            from api.outputs import write_text
            from mining.reporting import document

            raw = msgspec.json.format(msgspec.json.encode(document(told)), indent=2)
            write_text(outputs.json, raw.decode() + "\n", language)
        if any(path is not None for path in (outputs.html, outputs.pdf, outputs.xlsx)):
            from api.bottlenecks.one_log import write_documents

            write_documents(outputs, told, arena, dataclasses.replace(known, zone=zone), language)
        if outputs.case_findings is not None and arena is not None:
            from api.case_findings import case_findings
            from api.outputs import write_text

            write_text(outputs.case_findings, case_findings(arena, facts), language)
        if discoverer is not None:
            from api.model_outputs import write_models

            write_models(discoverer, told, outputs.bpmn, outputs.pnml, language)

    if Path("-") not in outputs.given():
        import shutil

        from api.terminal.summary import printed

        columns_wide = shutil.get_terminal_size().columns
        sys.stdout.write(printed(told, language, zone, terminal=sys.stdout.isatty(), columns=columns_wide))


def _check(log: Path, outputs: Outputs, language: Language) -> None:
    from api.outputs import check_writable

    for path in outputs.given():
        check_writable(path, language, source=log)
    if sum(path == Path("-") for path in outputs.given()) > 1:
        raise PermanentError(text(language, "only one output can be -, the standard output"))


def _config(
    process: str, config: Path | None, timezone: str | None, language: Language
) -> tuple[ProcessConfig, ZoneInfo]:
    zone = ZoneInfo("UTC")
    if timezone is not None:
        try:
            zone = ZoneInfo(timezone)
        except (ValueError, OSError, KeyError) as error:
            message = text(language, "--timezone: {name!r} is no time zone (write it as Asia/Shanghai)", name=timezone)
            raise PermanentError(message) from error
    if config is None:
        return ProcessConfig(process=process, leading=CASE, zone=zone), zone
    from api.settings import load

    known = load(config).judged_config(process, CASE)
    if timezone is not None:
        known = dataclasses.replace(known, zone=zone)
    return dataclasses.replace(known, leading=CASE), known.zone


def _stem(log: Path) -> str:
    """The file's name without its endings: `orders.csv.gz` is the process `orders`."""
    from collector.files import READERS

    endings = [ending for reader in READERS for ending in reader.endings if log.name.lower().endswith(ending)]
    longest = max(map(len, endings), default=0)
    return log.name[: len(log.name) - longest] or log.name
