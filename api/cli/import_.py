"""`houtai import`: a log into a data folder."""

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from api.cli.mine import Lang, Lifecycle
from api.cli.options import Config, Data


def import_(
    log: Annotated[
        Path,
        typer.Argument(
            metavar="LOG",
            help="A log: .csv, .xlsx, .parquet, .jsonl, .xes, OCEL .jsonocel, .json, .xml, .sqlite; texts also as .gz.",
            show_default=False,
        ),
    ],
    process: Annotated[str, typer.Option("--process", help="The process its events belong to.", show_default=False)],
    data: Data = Path("data"),
    config: Config = None,
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
            show_default="the process's, or the one most events have one object of",
        ),
    ] = None,
    lifecycle: Annotated[
        Lifecycle,
        typer.Option("--lifecycle", help="pair start and complete into one event, or take all lines as events."),
    ] = Lifecycle.pair,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="Zone of times without one.", show_default="the configuration's"),
    ] = None,
    growing: Annotated[
        bool,
        typer.Option(
            "--growing",
            help="An export that is written anew with more rows: rows taken in before are left out, steps that have "
            "not ended wait.",
        ),
    ] = False,
    lang: Annotated[
        Lang | None, typer.Option("--lang", help="Language of what is said.", show_default="the terminal's")
    ] = None,
    background: Annotated[bool, typer.Option("--background", hidden=True)] = False,
) -> None:
    """Take the events of a log into a data folder, once; the same file again changes nothing.

    Example: houtai import orders.xlsx --process order --data /var/lib/houtai
    """
    from api.cli.options import terminal_language
    from api.importing import import_log, step_back, tell
    from api.one_shot import Columns
    from collector.vocabulary.languages import Language

    # What the store logs is for its service; here the result says it.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    if background:
        step_back()
    languages: dict[str, Language] = {"en": "en", "zh-CN": "zh-CN"}
    language = languages[lang.value] if lang is not None else terminal_language()
    done = import_log(
        log,
        Columns(case=case, activity=activity, start=start, end=end, actor=actor, role=role),
        process=process,
        data=data,
        config=config,
        leading=leading,
        lifecycle="all" if lifecycle is Lifecycle.all else "pair",
        timezone=timezone,
        growing=growing,
        language=language,
    )
    typer.echo(tell(log, process, done, language))
