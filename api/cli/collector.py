"""The collector's two processes, as the supervisor starts them."""

from pathlib import Path

from api.cli.options import Config, Data


def receiver(config: Config = None, data: Data = Path("data")) -> None:
    """Take in OTLP, keep it in the write-ahead log, acknowledge."""
    from api.collector_settings import load_collector
    from collector.receiver import run
    from collector.running import leave

    run(load_collector(config).collector, data, config)
    leave()


def converter(config: Config = None, data: Data = Path("data")) -> None:
    """Turn what the write-ahead log holds into events in Parquet segments."""
    from api.collector_settings import load_collector
    from collector.converter import run

    settings = load_collector(config)
    run(settings.collector, settings.mapping, settings.processes, data, settings.retention)
