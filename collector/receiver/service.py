"""The receiver's process."""

import asyncio
import ipaddress
import signal
from pathlib import Path

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from collector import logs
from collector.dead_letters import DeadLetters
from collector.receiver.app import create_app
from collector.receiver.telemetry import ReceiverMetrics
from collector.running import remove_run_file, usable_port, write_run_file
from collector.settings import CollectorSettings
from collector.vocabulary.errors import PermanentError, RetryableError
from collector.wal import WalWriter
from collector.wal.rotation import rotate_when_asked

log = structlog.get_logger()


def run(settings: CollectorSettings, data: Path, config: Path | None = None) -> None:
    """Receive until SIGTERM or SIGINT, then answer what is under way and return.

    Raises PermanentError where the port is taken, the address is open to others and no token is set, or another
    receiver has the data folder; RetryableError where the disk failed.
    """
    logs.configure()
    if not _is_loopback(settings.host) and not settings.token:
        raise PermanentError(f"collector.host {settings.host} is open to others: set collector.token")
    if settings.host == "localhost":
        settings = settings.model_copy(update={"host": "127.0.0.1"})
    port = usable_port(settings.host, settings.port, "collector.port")
    data.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(settings, data, port, config))


async def _serve(settings: CollectorSettings, data: Path, port: int, config: Path | None) -> None:
    # Here, because sources are made of what this package has.
    from collector.sources import SOURCES, Intake

    wal = WalWriter(data / "wal", settings.wal_segment_bytes)
    told = ReceiverMetrics()
    letters = DeadLetters(data, "receiver", told.registry)
    app = create_app(settings, wal, told)
    intake = Intake(settings, data, config, app, wal.append, letters, told)
    ways = [source.open(intake) for wanted in SOURCES for source in wanted(settings)]
    server = Server(app, address=settings.host, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.stop)
    watch = asyncio.create_task(_stop_when_failed(wal, server))
    rotation = asyncio.create_task(rotate_when_asked(wal, data / "wal"))
    tasks = [watch, rotation, *(asyncio.create_task(way) for way in ways if way is not None)]
    write_run_file(data, "receiver", settings.host, port)
    log.info("receiver.listening", host=settings.host, port=port, position=wal.last)
    try:
        await server.serve()
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("receiver.source_failed", error=repr(ended))
        failed = wal.failed.is_set()
        await wal.close()
        remove_run_file(data, "receiver")
        log.info("receiver.stopped", position=wal.last)
    if failed:
        raise RetryableError("the write-ahead log could not be written; start again when the disk is well")


async def _stop_when_failed(wal: WalWriter, server: Server) -> None:
    """Starting again reads the log's end from the disk: the only way to know what is there."""
    await wal.failed.wait()
    server.stop()  # type: ignore[no-untyped-call]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
