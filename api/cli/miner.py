"""The miner's process: follows the store, serves API and pages, delivers alerts."""

from pathlib import Path

from api.cli.options import Config, Data


def miner(config: Config = None, data: Data = Path("data")) -> None:
    """Mine what a collector keeps in the data folder; serve API, pages and metrics.

    Example: houtai miner --config houtai.yaml --data data
    """
    from api.service import run
    from api.settings import load
    from collector.running import leave

    run(load(config), data)
    leave()
