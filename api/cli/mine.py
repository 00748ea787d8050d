"""`houtai mine`: a log in, the report out, nothing kept."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class By(StrEnum):
    """Between whom handovers are counted."""

    role = "role"
    actor = "actor"


class Lifecycle(StrEnum):
    """What becomes of start and complete records."""

    pair = "pair"
    all = "all"


class Lang(StrEnum):
    """Languages of the report."""

    english = "en"
    chinese = "zh-CN"


def mine(
    log: Annotated[
        Path,
        typer.Argument(
            metavar="LOG",
            help="A log: .csv, .xlsx, .parquet, .jsonl, .xes, OCEL .jsonocel, .json, .xml, .sqlite; texts also as .gz.",
            show_default=False,
        ),
    ],
    json: Annotated[
        Path | None,
        typer.Option("--json", help="Write the report document here; - is standard output.", show_default=False),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one HTML page here.", show_default=False)
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write the report as PDF on A4 here.", show_default=False)
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", help="Write the report as a workbook here.", show_default=False)
    ] = None,
    case_findings: Annotated[
        Path | None,
        typer.Option("--case-findings", help="Write for every case what was found in it, as CSV.", show_default=False),
    ] = None,
    bpmn: Annotated[
        Path | None, typer.Option("--bpmn", help="Write a model of the process as BPMN 2.0 here.", show_default=False)
    ] = None,
    pnml: Annotated[
        Path | None, typer.Option("--pnml", help="Write the same model as a Petri net here.", show_default=False)
    ] = None,
    process: Annotated[
        str | None, typer.Option("--process", help="Name of the process; else the file's name.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="houtai.yaml with deadlines, prices, end activities.", show_default=False),
    ] = None,
    case: Annotated[str | None, typer.Option("--case", metavar="COLUMN", help="Column of the case id.")] = None,
    activity: Annotated[
        str | None, typer.Option("--activity", metavar="COLUMN", help="Column of the activity.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="COLUMN", help="Column of the start time.")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="COLUMN", help="Column of the end time.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="COLUMN", help="Column of who did it.")] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="COLUMN", help="Column of the role.")] = None,
    leading: Annotated[
        str | None,
        typer.Option(
            "--leading",
            metavar="TYPE",
            help="OCEL: the object type of the cases.",
            show_default="the one most events have one object of",
        ),
    ] = None,
    lifecycle: Annotated[
        Lifecycle,
        typer.Option("--lifecycle", help="pair start and complete into one event, or take all lines as events."),
    ] = Lifecycle.pair,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="Zone of times without one, as Asia/Shanghai.", show_default="UTC"),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="Count handovers between roles or actors.")] = By.role,
    memory: Annotated[
        int | None,
        typer.Option("--memory", metavar="MB", min=1, help="Memory that may be taken.", show_default="what there is"),
    ] = None,
    lang: Annotated[
        Lang | None, typer.Option("--lang", help="Language of the report.", show_default="the terminal's")
    ] = None,
) -> None:
    """Mine a log once and write the report.

    Example: houtai mine orders.csv --json report.json --html report.html
    """
    if sys.platform == "linux":
        # Before Arrow is loaded: what it takes by itself comes from there, too (collector.files.memory).
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
    from api.cli.options import terminal_language
    from api.one_shot import Columns, Outputs, mine_log
    from collector.vocabulary.languages import Language

    languages: dict[str, Language] = {"en": "en", "zh-CN": "zh-CN"}
    mine_log(
        log,
        Outputs(json=json, html=html, pdf=pdf, case_findings=case_findings, bpmn=bpmn, pnml=pnml, xlsx=xlsx),
        Columns(case=case, activity=activity, start=start, end=end, actor=actor, role=role),
        process=process,
        config=config,
        lifecycle="all" if lifecycle is Lifecycle.all else "pair",
        timezone=timezone,
        by="actor" if by is By.actor else "role",
        language=languages[lang.value] if lang is not None else terminal_language(),
        leading=leading,
        memory=memory,
    )
