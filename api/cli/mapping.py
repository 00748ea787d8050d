"""`houtai mapping`: proposes a mapping from raw spans, or checks one against them."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Config, terminal_language
from collector.vocabulary.languages import Language

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILES]...",
        help="OTLP files: .json/.jsonl as the OpenTelemetry Collector's file exporter writes them, .pb/.bin protobuf; "
        "each with .gz, too. Without: the raw requests of the data folder.",
        show_default=False,
    ),
]
DataFolder = Annotated[Path, typer.Option("--data", help="The data folder.")]

app = typer.Typer(
    help="Proposes a mapping of spans to business events, or checks one.", no_args_is_help=True, rich_markup_mode=None
)


def _busy(language: Language) -> AbstractContextManager[object]:
    """On a terminal, a sign that work goes on."""
    from rich.console import Console

    from collector.vocabulary.languages import text

    console = Console(stderr=True)
    return console.status(text(language, "Reading raw requests ...")) if console.is_terminal else nullcontext()


@app.command("suggest")
def suggest(
    files: Files = None,
    data: DataFolder = Path("data"),
    config: Config = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the YAML here; else to standard output.", show_default=False)
    ] = None,
) -> None:
    """Read raw requests and propose the sections `processes` and `mapping`, with figures.

    Example: houtai mapping suggest traces.jsonl --out mapping.yaml
    """
    from api.mapping_jobs import source, suggest_mapping
    from api.outputs import check_writable, write_text
    from collector.suggest.page import as_yaml, summary

    language = terminal_language()
    if out is not None:
        check_writable(out, language)
    given = source(files or (), data, config)
    with _busy(language):
        proposal, tried = suggest_mapping(given)
    written = as_yaml(proposal, tried, language)
    if out is None:
        typer.echo(written, nl=False)
    else:
        write_text(out, written, language)
    for line in (*given.told(language), *summary(proposal, tried, language)):
        typer.echo(line, err=True)
    if not proposal.found:
        raise typer.Exit(1)


@app.command("check")
def check(files: Files = None, data: DataFolder = Path("data"), config: Config = None) -> None:
    """Apply the configured mapping to raw requests: what each rule matches, and what is left over and why.

    Exit code 1 where a rule never matches or an event has no case.

    Example: houtai mapping check --config houtai.yaml --data data
    """
    from api.mapping_jobs import check_mapping, source
    from api.settings import load
    from collector.suggest.check_page import as_lines

    language = terminal_language()
    settings = load(config)
    given = source(files or (), data, config)
    with _busy(language):
        found, tried = check_mapping(given, settings.mapping, settings.processes)
    for line in as_lines(found, tried, language):
        typer.echo(line)
    for line in given.told(language):
        typer.echo(line, err=True)
    if any(use.miss is not None or not use.spans for use in found.rules) or found.orphans:
        raise typer.Exit(1)
