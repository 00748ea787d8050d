"""`houtai export`: out of a data folder."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.mine import Lang
from api.cli.options import Config, Data


class What(StrEnum):
    """What can be taken out."""

    events = "events"
    spans = "spans"
    report = "report"


def export(
    what: Annotated[What, typer.Argument(help="Events with their cases, all kept spans, or the report.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="By ending: .csv, .xlsx, .parquet, .jsonl; events also .xes, OCEL 2.0 .jsonocel, .xmlocel, .sqlite; "
            "texts also as .gz; a report is .json. - is standard output.",
            show_default=False,
        ),
    ],
    data: Data = Path("data"),
    config: Config = None,
    process: Annotated[
        str | None, typer.Option("--process", help="Only events of this process.", show_default=False)
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="Only these columns.", show_default=False)
    ] = None,
    lang: Annotated[
        Lang | None, typer.Option("--lang", help="Language of a report.", show_default="the terminal's")
    ] = None,
) -> None:
    """Write what a data folder holds to a file; the service may be running.

    Example: houtai export events --out events.parquet --data /var/lib/houtai
    """
    from api.cli.options import terminal_language
    from api.exporting import export as write
    from collector import logs
    from collector.vocabulary.languages import Language, text

    logs.configure()
    languages: dict[str, Language] = {"en": "en", "zh-CN": "zh-CN"}
    language = languages[lang.value] if lang is not None else terminal_language()
    if what is What.events and config is None:
        typer.echo(
            text(language, "Without --config it is not known what the cases are: case_id is often empty."), err=True
        )
    chosen = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    count = write(
        what.value,
        out,
        data=data,
        config=config,
        process=process,
        columns=chosen or None,
        language=language,
        tell=lambda said: typer.echo(said, err=True),
    )
    if count is not None and out != Path("-"):
        typer.echo(text(language, "{file}: {count} rows", file=out, count=count))
