"""`houtai erase`: one object or person, out of everything that is kept."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Config, Data, quiet, terminal_language


def erase(
    object_: Annotated[
        str, typer.Argument(metavar="OBJECT", help="An object (order:123), or a person's id.", show_default=False)
    ],
    type_: Annotated[
        str | None,
        typer.Option("--type", help="The object's type, where it does not stand before the id.", show_default=False),
    ] = None,
    config: Config = None,
    data: Data = Path("data"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take an object or a person out of every file of the data folder, raw requests included. There is no way back.

    The whole case of an object that leads a process goes; anything else is replaced by a token that leads to nothing.

    Example: houtai erase order:4711 --config houtai.yaml --data data
    """
    from api.erasing import erase as run
    from api.erasing import parse
    from api.settings import load
    from api.terminal.progress import Meter
    from collector.store.folder import existing_folder
    from collector.vocabulary.languages import text

    quiet()
    settings, language = load(config), terminal_language()
    existing_folder(data)
    wanted = parse(object_, type_, settings)
    if not yes and sys.stdin.isatty():
        question = (
            text(language, "The whole case of {kind} {value} will go from every file. Go on?", **wanted.words())
            if wanted.leading
            else text(language, "{value} will be replaced in every file. Go on?", value=wanted.value)
        )
        typer.confirm(question, abort=True)
    with Meter(1, language) as meter:
        meter.stage(text(language, "erasing"))
        told = run(wanted, settings, data, lambda _stage, done, total: meter.bytes(done, total))
    counts = {key: count for key, count in told["counts"].items() if count}
    changed = ", ".join(f"{key} {count}" for key, count in counts.items())
    if not counts:
        typer.echo(text(language, "Nothing of it was found."))
    else:
        typer.echo(text(language, "Erased: {changed}.", changed=changed))
    for path in told["left"]:
        typer.echo(text(language, "It still stands in {path}, which is not of ours to change.", path=path), err=True)
    if told["left"]:
        raise typer.Exit(1)
