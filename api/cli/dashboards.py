"""`houtai dashboards`: Grafana's files from one configuration."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Config


class Lang(StrEnum):
    """Languages of the dashboards."""

    english = "en"
    chinese = "zh-CN"


Language = Annotated[Lang, typer.Option("--lang", help="Language of titles and descriptions.")]

app = typer.Typer(
    help="Grafana dashboards and provisioning files from one configuration.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("build")
def build_files(
    config: Config = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write to.")] = Path("grafana"),
    lang: Language = Lang.english,
    prometheus: Annotated[str, typer.Option("--prometheus", metavar="URL", help="Where Prometheus is.")] = (
        "http://127.0.0.1:9090"
    ),
    mounted: Annotated[
        str | None,
        typer.Option("--mounted", metavar="DIR", help="The dashboards' folder as Grafana sees it.", show_default=False),
    ] = None,
    token_variable: Annotated[
        str | None,
        typer.Option(
            "--token-variable", metavar="NAME", help="Grafana's variable with a token for Houtai.", show_default=False
        ),
    ] = None,
) -> None:
    """Write the dashboards and Grafana's provisioning files.

    Example: houtai dashboards build --out grafana --lang zh-CN
    """
    from api.settings import load
    from dashboards import Sources, build

    settings = load(config)
    sources = Sources(
        prometheus_url=prometheus,
        houtai_url=settings.alerts.page_base_url,
        scrape_interval=settings.alerts.scrape.interval,
        dashboards_path=mounted,
        token_variable=token_variable,
    )
    for path in build(out, lang.value, sources):
        typer.echo(path)


@app.command("check")
def check_files() -> None:
    """Check every dashboard: ids, titles, units, texts in both languages, metrics that exist.

    Example: houtai dashboards check
    """
    from dashboards import check

    for line in check():
        typer.echo(line)


@app.command("push")
def push_to_grafana(
    url: Annotated[str, typer.Option("--url", help="Where Grafana is.", show_default=False)],
    token: Annotated[
        str, typer.Option("--token", envvar="GRAFANA_TOKEN", help="A service account's token.", show_default=False)
    ],
    lang: Language = Lang.english,
    folder: Annotated[str, typer.Option("--folder", help="Title of the folder.")] = "Houtai",
) -> None:
    """Put the dashboards into a Grafana by its API.

    Example: houtai dashboards push --url http://127.0.0.1:3000 --token TOKEN
    """
    from dashboards import push

    for line in push(url, token, lang.value, folder):
        typer.echo(line)
