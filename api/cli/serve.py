"""`houtai serve` and `houtai collector`: processes started, watched over, and stopped in order."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Config, Data, terminal_language


def serve(
    config: Config = None,
    data: Data = Path("data"),
    demo: Annotated[bool, typer.Option("--demo", help="Also play a back office that sends real OTLP.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the demo.")] = 1,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders in the demo's history.")] = 20_000,
    days: Annotated[int, typer.Option("--days", min=1, help="Days of the demo's history.")] = 14,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="Live orders, as a multiple of the usual.")] = 1.0,
    healthy: Annotated[bool, typer.Option("--healthy", help="A demo without built-in problems.")] = False,
) -> None:
    """Run everything on one machine: receiver, converter, miner with API and pages.

    Example: houtai serve --config houtai.yaml --data /var/lib/houtai
    """
    from api.settings import load
    from api.supervisor import Child, child, supervise

    if demo and config is None:
        config = _demo_config()
    settings = load(config)
    children: list[Child] = [
        child("receiver", config, data),
        child("converter", config, data),
        child("miner", config, data),
    ]
    if demo:
        arguments = ["--seed", str(seed), "--orders", str(orders), "--days", str(days), "--rate", str(rate)]
        secret = {"HOUTAI_DEMO_TOKEN": settings.collector.token} if settings.collector.token else {}
        children.append(child("demo", None, data, (*arguments, *(["--healthy"] if healthy else [])), secret))
    raise typer.Exit(supervise(children, data, terminal_language()))


def collector(config: Config = None, data: Data = Path("data")) -> None:
    """Run the collector alone: receiver and converter, no mining.

    Example: houtai collector --config houtai.yaml --data /var/lib/houtai
    """
    from api.collector_settings import load_collector
    from api.supervisor import child, supervise

    load_collector(config)
    children = [child("receiver", config, data), child("converter", config, data)]
    raise typer.Exit(supervise(children, data, terminal_language()))


def _demo_config() -> Path:
    import importlib.resources

    return Path(str(importlib.resources.files("collector.demo") / "houtai.yaml"))
