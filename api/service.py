"""The miner's process: one live miner, the HTTP server in front of it, and delivery of alerts."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from alerts.delivery import Deliverer
from api.app import create_app
from api.operations import Operations
from api.settings import Settings
from collector.store import Store
from collector.vocabulary.errors import PermanentError
from mining.kernels.warm import warm_up
from mining.live.knowledge import Knowledge
from mining.live.metrics import LiveMetrics
from mining.live.miner import Miner, Observer
from mining.live.register import Register

log = structlog.get_logger()


def run(settings: Settings, data: Path) -> None:
    """Mine and serve until SIGTERM or SIGINT.

    Raises PermanentError where the port is taken or the settings would open the service without a token.
    """
    data.mkdir(parents=True, exist_ok=True)
    _port_is_free(settings.api.host, settings.api.port)
    state = f"sqlite:///{data / 'state.sqlite'}"
    register, knowledge, metrics = Register(state), Knowledge(), LiveMetrics()
    deliverer = Deliverer(settings.alerts, data / "alerts.sqlite")
    configs = [settings.process_config(process) for process in sorted(settings.processes)]
    observers: list[Observer] = [metrics.update]
    if settings.alerts.alertmanager is None:
        observers.append(lambda snapshots, _lag, _seconds, now: deliverer.round(snapshots, now))
    store = Store(data)
    miner = Miner(store, configs, knowledge, register, observers)
    app = create_app(
        knowledge=knowledge,
        register=register,
        operations=Operations(state),
        settings=settings.api,
        metrics=metrics.render,
        ready=lambda: knowledge.taken > 0,
    )
    stop = threading.Event()
    with contextlib.suppress(FileNotFoundError):
        (data / "run" / "miner.json").unlink()
    thread = threading.Thread(target=_mine, args=(miner, stop, settings.mining.interval_seconds), name="miner")
    thread.start()
    try:
        asyncio.run(_serve(app, settings.api.host, settings.api.port, data))
    finally:
        stop.set()
        thread.join()
        register.close()


def _mine(miner: Miner, stop: threading.Event, interval: float) -> None:
    warm_up()
    miner.run(stop, interval)


async def _serve(app: Callable[..., object], host: str, port: int, data: Path) -> None:
    server = Server(app, address=host, port=port, interface=Interfaces.ASGI, log_enabled=False)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.stop)
    run_folder = data / "run"
    run_folder.mkdir(exist_ok=True)
    (run_folder / "miner.json").write_text(json.dumps({"pid": os.getpid(), "host": host, "port": port}))
    log.info("api.listening", host=host, port=port)
    await server.serve()


def _port_is_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PermanentError(f"api.port: {host}:{port} cannot be used: {error.strerror}") from error
