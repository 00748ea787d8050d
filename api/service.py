"""The miner's process: one live miner, the HTTP server in front of it, and delivery of alerts."""

import asyncio
import dataclasses
import os
import signal
import threading
from functools import partial
from pathlib import Path

import structlog
from fastapi import FastAPI
from granian.constants import Interfaces
from granian.server.embed import Server

from alerts.delivery import Background, Deliverer
from api.app import create_app
from api.bottlenecks.delivering import documents
from api.changes import Changes
from api.forgetting import Forgetting
from api.operations import Operations
from api.releases import Releases
from api.routes.events import Forward
from api.settings import Settings
from api.terminal import compiling
from collector import logs
from collector.files.memory import spare_memory
from collector.listening import Listening
from collector.running import most_connections, open_folder, remove_run_file, usable_port, write_run_file
from collector.store import Store
from mining.kernels.warm import warm_up
from mining.live.knowledge import Knowledge
from mining.live.marks import MarkBook
from mining.live.metrics import LiveMetrics
from mining.live.miner import Miner, Observer
from mining.live.redesigns import Redesigns
from mining.live.register import Register
from mining.live.stoppages import Stoppages

log = structlog.get_logger()


def run(settings: Settings, data: Path) -> None:
    """Mine and serve until SIGTERM or SIGINT.

    Raises PermanentError where the port is taken, the data folder can't be used or the settings would open the
    service without a token.
    """
    logs.configure()
    spare_memory()
    port = usable_port(settings.api.host, settings.api.port, "api.port")
    open_folder(data)
    state = f"sqlite:///{data / 'state.sqlite'}"
    register, operations, changes = Register(state), Operations(state), Changes(state)
    knowledge, metrics = Knowledge(), LiveMetrics(memory=data / "counted")
    titles = {process: known.title for process, known in settings.processes.items()}
    files = documents(titles, Redesigns(state))
    delivery = Background(Deliverer(settings.alerts, data / "alerts.sqlite", metrics.registry, files))
    observers: list[Observer] = [metrics.update]
    stoppages = Stoppages(state)
    observers.append(lambda snapshots, _lag, _seconds, now: stoppages.round(snapshots, now))
    if settings.alerts.delivers:
        observers.append(lambda snapshots, _lag, _seconds, now: delivery.round(snapshots, now))
    releases = Releases(Store(data), changes)
    observers.append(lambda _snapshots, _lag, _seconds, _now: releases.take())
    forgetting = Forgetting(Store(data), operations)
    observers.append(lambda _snapshots, _lag, _seconds, _now: forgetting.take())
    listening = Listening(data)
    marks = MarkBook(state)
    configs = [
        dataclasses.replace(settings.judged_config(process), marks=partial(marks.marks, process))
        for process in sorted(settings.processes)
    ]
    observers.append(lambda _snapshots, _lag, _seconds, _now: metrics.hold(*miner.memory, miner.refused))
    miner = Miner(
        Store(data), configs, knowledge, register, observers, changes=changes.for_findings, listening=listening
    )
    app = create_app(
        knowledge=knowledge,
        register=register,
        operations=operations,
        changes=changes,
        settings=settings.api,
        metrics=metrics.render,
        ready=lambda: knowledge.taken > 0,
        titles=titles,
        forward=Forward(data, settings.collector.token),
    )
    # So that the first model does not wait for pm4py to load.
    app.state.discoverer.start()
    stop = threading.Event()
    thread = threading.Thread(target=_mine, args=(miner, stop, settings.mining.interval_seconds), name="miner")
    thread.start()
    try:
        asyncio.run(_serve(app, settings.api.host, port, data))
    finally:
        stop.set()
        thread.join()
        miner.close()
        delivery.close()
        app.state.discoverer.close()
        register.close()


def _mine(miner: Miner, stop: threading.Event, interval: float) -> None:
    try:
        with compiling.told(_compiling):
            warm_up()
    except Exception:
        # Without its kernels the service could only be stale for ever; a fresh start may do better.
        log.exception("mining.warm_up_failed")
        os.kill(os.getpid(), signal.SIGTERM)
        return
    miner.run(stop, interval)


def _compiling(done: int, most: int) -> None:
    """Every tenth: the first start on a machine takes a minute or so, and somebody may be looking."""
    if done % 10 == 0:
        log.info("mining.compiling_kernels_once", done=done, of=most)


async def _serve(app: FastAPI, host: str, port: int, data: Path) -> None:
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        backlog=1024,
        # Browsers keep six open each; by default the 129th would not be served.
        backpressure=most_connections(),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.stop)
    write_run_file(data, "miner", host, port)
    log.info("api.listening", host=host, port=port)
    try:
        await server.serve()
    finally:
        remove_run_file(data, "miner")
