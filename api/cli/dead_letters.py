"""`houtai dead-letters`: what could not be read, and giving it in once more."""

import json as json_
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Config, Data, quiet, terminal_language

app = typer.Typer(
    help="Requests and spans that could not be read: list them, give them in once more.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_letters(
    data: Data = Path("data"),
    reason: Annotated[str | None, typer.Option("--reason", help="Only of this reason.", show_default=False)] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", help="Only from this time on (UTC).", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many at most, the newest.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the body in base64.")] = False,
) -> None:
    """Show what could not be read, and why.

    Example: houtai dead-letters list --data data --reason malformed --limit 10
    """
    import base64
    import heapq

    from collector.dead_letters import read_letters
    from collector.replaying import sendable
    from collector.store.folder import existing_folder
    from collector.vocabulary.languages import text

    existing_folder(data)
    begin = since.replace(tzinfo=since.tzinfo or UTC) if since is not None else None
    found = 0
    newest: list[tuple[datetime, int, object]] = []
    for number, letter in enumerate(read_letters(data)):
        if (reason is None or letter.reason == reason) and (begin is None or letter.at >= begin):
            found += 1
            heapq.heappush(newest, (letter.at, number, letter))
            if len(newest) > limit:
                heapq.heappop(newest)
    language = terminal_language()
    for _, _, each in sorted(newest, key=lambda item: item[:2]):
        letter = each  # type: ignore[assignment]
        if json:
            told = {"id": letter.id, **letter.told, "body": base64.b64encode(letter.body).decode()}
            typer.echo(json_.dumps(told, ensure_ascii=False))
            continue
        whole = text(language, "can be replayed") if sendable(letter) else text(language, "cannot be replayed")
        kind = letter.told.get("signal") or letter.told.get("writer", "")
        typer.echo(f"{letter.id}  {letter.at:%Y-%m-%d %H:%M:%S}  {letter.reason}  {kind}  {letter.size} B  {whole}")
        # What senders wrote must not steer the terminal.
        typer.echo("    " + "".join(sign if sign.isprintable() else "?" for sign in letter.detail))
    if not json:
        typer.echo(text(language, "{shown} of {found} dead letters.", shown=len(newest), found=found))


@app.command("replay")
def replay_letters(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Of which letters; all without.", show_default=False)
    ] = None,
    config: Config = None,
    data: Data = Path("data"),
) -> None:
    """Give letters in once more. Those that are taken in are removed, the others stay.

    Example: houtai dead-letters replay --config houtai.yaml --data data
    """
    from api.collector_settings import load_collector
    from collector.replaying import replay
    from collector.store.folder import existing_folder
    from collector.vocabulary.languages import text

    quiet()
    existing_folder(data)
    done = replay(data, load_collector(config).collector, ids or None)
    language = terminal_language()
    typer.echo(text(language, "{count} taken in and removed.", count=done.taken))
    if done.refused:
        why = ", ".join(f"{reason}: {count}" for reason, count in sorted(done.reasons.items()))
        typer.echo(text(language, "{count} refused again, and kept ({why}).", count=done.refused, why=why))
    if done.unsendable:
        typer.echo(text(language, "{count} cannot be replayed: not whole, or no request.", count=done.unsendable))
    if done.refused:
        raise typer.Exit(1)
