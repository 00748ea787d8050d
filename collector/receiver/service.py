"""The receiver's process."""

import asyncio
import contextlib
import ctypes
import gc
import ipaddress
import signal
import sys
from pathlib import Path
from typing import Final

import structlog
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from collector import logs
from collector.dead_letters import DeadLetters
from collector.receiver.app import create_app
from collector.receiver.telemetry import ReceiverMetrics
from collector.running import most_connections, remove_run_file, usable_port, write_run_file
from collector.settings import CollectorSettings
from collector.vocabulary.errors import PermanentError, RetryableError
from collector.wal import WalWriter
from collector.wal.rotation import rotate_when_asked

# glibc's malloc.h
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 16 * 1024 * 1024
_RECURSION_LIMIT: Final = 700
_HEADER_MILLISECONDS: Final = 10_000

log = structlog.get_logger()


def run(settings: CollectorSettings, data: Path, config: Path | None = None) -> None:
    """Receive until SIGTERM or SIGINT, then answer what is under way and return.

    Raises PermanentError where the port is taken, the address is open to others and no token is set, or another
    receiver has the data folder; RetryableError where the disk cannot be read or written at the start. Later it is
    waited for: senders are asked to come back.
    """
    logs.configure()
    if not _is_loopback(settings.host) and not settings.token:
        raise PermanentError(f"collector.host {settings.host} is open to others: set collector.token")
    if settings.host == "localhost":
        settings = settings.model_copy(update={"host": "127.0.0.1"})
    port = usable_port(settings.host, settings.port, "collector.port")
    data.mkdir(parents=True, exist_ok=True)
    _keep_memory()
    # What is nested to the limit here is read by a converter that stands deeper in its own calls.
    sys.setrecursionlimit(_RECURSION_LIMIT)
    try:
        asyncio.run(_serve(settings, data, port, config))
    except OSError as error:
        raise RetryableError(f"{data}: cannot be read or written ({error.strerror})") from error


async def _serve(settings: CollectorSettings, data: Path, port: int, config: Path | None) -> None:
    # Here, because sources are made of what this package has.
    from collector.sources import SOURCES, Intake

    wal = WalWriter(data / "wal", settings.wal_segment_bytes)
    told = ReceiverMetrics()
    letters = DeadLetters(data, "receiver", told.registry)
    app = create_app(settings, wal, told)
    intake = Intake(settings, data, config, app, wal.append, letters, told)
    ways = [source.open(intake) for wanted in SOURCES for source in wanted(settings)]
    server = Server(
        app,
        address=settings.host,
        port=port,
        interface=Interfaces.ASGINL,
        backlog=1024,
        # Connections that are kept open count, so that this is the number of senders; by default it would be 128.
        backpressure=most_connections(),
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.stop)
    rotation = asyncio.create_task(rotate_when_asked(wal, data / "wal"))
    tasks = [rotation, *(asyncio.create_task(way) for way in ways if way is not None)]
    for task in tasks:
        task.add_done_callback(_tell_failure)
    write_run_file(data, "receiver", settings.host, port)
    # What is here now stays; looking through it for garbage again and again would be felt in every hundredth answer.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    log.info("receiver.listening", host=settings.host, port=port, position=wal.last)
    try:
        await server.serve()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await wal.close()
        remove_run_file(data, "receiver")
        log.info("receiver.stopped", position=wal.last)


def _tell_failure(task: asyncio.Task[None]) -> None:
    """At once, not when the receiver ends: a way in that is closed is missed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("receiver.source_failed", error=repr(error))


def _keep_memory() -> None:
    """Let the allocator keep for the next request what one has needed: handing it back costs a fifth of all time."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
