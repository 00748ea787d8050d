"""`houtai alerts`: files for Prometheus and Alertmanager from one configuration."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Config

app = typer.Typer(
    help="Files for Prometheus and Alertmanager from one configuration.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("build")
def build_files(
    config: Config = None,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("alerts.d"),
) -> None:
    """Write the alert rules, a prometheus.yml and an alertmanager.yml.

    Example: houtai alerts build --config houtai.yaml --out alerts.d
    """
    from alerts.build import build
    from api.settings import load

    for path in build(load(config).alerts, out):
        typer.echo(path)


@app.command("check")
def check_files(config: Config = None) -> None:
    """Check the files that would be built, by promtool and amtool where they are installed.

    Example: houtai alerts check --config houtai.yaml
    """
    from alerts.check import check
    from api.settings import load

    for line in check(load(config).alerts):
        typer.echo(line)
