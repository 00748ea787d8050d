"""`houtai remap`: all events once more, by the mapping of now."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Config, Data, quiet, terminal_language


def remap(
    config: Config = None,
    data: Data = Path("data"),
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="Only events that began at this time or later (in the configuration's zone).",
            show_default="all",
        ),
    ] = None,
) -> None:
    """Derive the events again after the mapping has changed, while the collector goes on.

    Raw requests are read as far as they are kept (retention.raw_hours); before them stand the spans that are kept, with
    the attributes that were wanted at their time. Events of imported files stay. Until it is done everything shows the
    old events, and from then on the new ones; the service goes on with the new mapping.

    Example: houtai remap --config houtai.yaml --data data
    """
    from api.remapping import remap as run
    from api.settings import load
    from api.terminal.progress import Meter
    from collector.store.folder import existing_folder
    from collector.vocabulary.languages import text

    quiet()
    settings, language = load(config), terminal_language()
    existing_folder(data)
    since = None
    if from_ is not None:
        since = int(from_.replace(tzinfo=settings.zone).timestamp() * 1_000_000)
    with Meter(2, language) as meter:
        meter.stage(text(language, "deriving events"))
        told = run(settings, data, since, lambda _stage, done, total: meter.bytes(done, total))
    typer.echo(
        text(
            language,
            "{before} events were replaced by {after}.",
            before=f"{told['before']:,}",
            after=f"{told['after']:,}",
        )
    )
