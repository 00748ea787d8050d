"""`houtai doctor`: says what is wrong with this set-up, and how to mend it."""

from pathlib import Path

import typer

from api.cli.options import Config, Data, quiet, terminal_language


def doctor(config: Config = None, data: Data = Path("data")) -> None:
    """Say what is wrong with this set-up, and how to mend it; exit code 1 where something is.

    Example: houtai doctor --config houtai.yaml --data data
    """
    from api.doctor import examine
    from collector.vocabulary.errors import PermanentError
    from collector.vocabulary.languages import text

    if config is not None and not config.is_file():
        raise PermanentError(f"{config}: there is no such file")

    quiet()
    language = terminal_language()
    found = 0
    for trouble in examine(config, data):
        found += 1
        typer.echo(trouble.line(language))
    if not found:
        typer.echo(text(language, "Nothing is wrong."))
    raise typer.Exit(1 if found else 0)
