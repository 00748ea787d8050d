"""The converter's process."""

import gc
import hmac
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

from collector import logs
from collector.converter.converter import ROUND_BYTES, Converter
from collector.converter.telemetry import ConverterMetrics
from collector.converter.warm import warm_up
from collector.dead_letters import DeadLetters
from collector.jobs import pending
from collector.raw import open_archive
from collector.running import remove_run_file, usable_port, write_run_file
from collector.settings import CollectorSettings, MappingSettings, ProcessSettings
from collector.store.retention import Retention
from collector.store.settings import RetentionSettings
from collector.vocabulary.errors import PermanentError

POLL_SECONDS: Final = 0.05
IDLE_ROUND_SECONDS: Final = 1.0
LONGEST_PAUSE: Final = 30.0
TIDY_SECONDS: Final = 60.0
LATEST_TIDY_SECONDS: Final = 600.0
"""So long it is put off while there is always something to convert."""

log = structlog.get_logger()


def run(
    settings: CollectorSettings,
    mapping: MappingSettings,
    processes: Mapping[str, ProcessSettings],
    data: Path,
    retention: RetentionSettings,
) -> None:
    """Convert until SIGTERM or SIGINT, then convert what the log holds and return.

    Raises PermanentError where another converter has the data folder, the metrics port is taken or the raw requests
    cannot be read with the key. A full disk or a busy database is waited for.
    """
    logs.configure()
    stop = threading.Event()

    def stop_now(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop_now)
    told = ConverterMetrics()
    letters = DeadLetters(data, "converter", told.registry)
    # Millions of spans are kept: looking through all of them for garbage every few rounds would be most of the work.
    gc.set_threshold(200_000, 50, 1_000)

    warm_up()
    archive = open_archive(data, retention.raw_hours, retention.raw_key_file)
    keeping = Retention(retention, lambda what, count: told.forgotten.labels(what).inc(count))

    def open_converter(mapping: MappingSettings, processes: Mapping[str, ProcessSettings]) -> Converter:
        return Converter(
            mapping,
            processes,
            data,
            told=told,
            letters=letters,
            archive=archive,
            retention=keeping,
            correct_clocks=settings.correct_clocks,
        )

    converter = open_converter(mapping, processes)
    try:
        gc.freeze()
        server = _Metrics(settings, told.registry)
    except BaseException:
        converter.close()
        raise
    write_run_file(data, "converter", settings.host, server.port)
    log.info("converter.started", position=converter.position, metrics_port=server.port)
    try:
        _follow(converter, open_converter, settings.batch_seconds, stop)
    finally:
        server.close()
        remove_run_file(data, "converter")


Open = Callable[[MappingSettings, Mapping[str, ProcessSettings]], Converter]


def _follow(converter: Converter, reopen: Open, batch_seconds: float, stop: threading.Event) -> None:
    # Jobs open converters of their own.
    from collector.jobs.running import run_jobs

    failures = 0
    tidied = time.monotonic()
    closed = False
    # A new mapping stays the mapping, whatever fails after it.
    mapping, processes = converter.mapping, converter.processes
    try:
        while True:
            try:
                if closed:
                    converter, closed = reopen(mapping, processes), False
                since = time.monotonic() - tidied
                idle = since > TIDY_SECONDS and not converter.reader.behind()[0]
                if (idle or since > LATEST_TIDY_SECONDS) and not stop.is_set():
                    tidied = time.monotonic()
                    converter.tidy()
                if not stop.is_set():
                    _wait_for_work(converter, batch_seconds, stop)
                taken = converter.take_files() + converter.round()
                done = run_jobs(converter)
                if done is not None and done.reopen:
                    mapping, processes = done.mapping or mapping, done.processes or processes
                    converter.close()
                    converter = reopen(mapping, processes)
                failures = 0
                if stop.is_set() and taken == 0:
                    log.info("converter.stopped", position=converter.position)
                    return
                if taken == 0 and converter.reader.behind()[0]:
                    # The next record cannot be read and nothing follows yet: only a new segment gets us on.
                    stop.wait(IDLE_ROUND_SECONDS)
            except PermanentError:
                raise
            except Exception:
                # What is in memory may be ahead of the disk: begin again from the disk.
                failures += 1
                pause = min(LONGEST_PAUSE, 0.5 * 2**failures)
                log.exception("converter.round_failed", pause_seconds=pause)
                converter.close()
                closed = True
                if stop.is_set() or stop.wait(pause):
                    return
    finally:
        converter.close()


def _wait_for_work(converter: Converter, batch_seconds: float, stop: threading.Event) -> None:
    """Until there is a batch: enough bytes, or something for `batch_seconds`, or something that waits for its time."""
    idle_until = time.monotonic() + IDLE_ROUND_SECONDS
    while converter.reader.behind()[0] == 0:
        converter.observe()
        if stop.wait(POLL_SECONDS) or converter.has_files or pending(converter.data):
            return
        if converter.waiting and time.monotonic() >= idle_until:
            return
    until = time.monotonic() + max(0.0, batch_seconds - converter.reader.behind()[1])
    while time.monotonic() < until and converter.reader.bytes_behind() < ROUND_BYTES:
        if stop.wait(min(POLL_SECONDS, batch_seconds)):
            return


class _Metrics:
    """Serves `/metrics` and `/healthz` from threads of its own; wants the token where one is set."""

    def __init__(self, settings: CollectorSettings, registry: CollectorRegistry) -> None:
        wanted = f"Bearer {settings.token}".encode() if settings.token else None
        metrics = make_wsgi_app(registry)

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/healthz":
                start_response("200 OK", [("Content-Type", "text/plain")])
                return [b"ok\n"]
            if wanted and not hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", "").encode(), wanted):
                start_response("401 Unauthorized", [("WWW-Authenticate", "Bearer")])
                return [b""]
            if environ["PATH_INFO"] != "/metrics":
                start_response("404 Not Found", [("Content-Type", "text/plain")])
                return [b"not found\n"]
            served: Iterable[bytes] = metrics(environ, start_response)
            return served

        self.port = usable_port(settings.host, settings.metrics_port, "collector.metrics_port")
        self._server = make_server(
            settings.host, self.port, app, _Server6 if ":" in settings.host else ThreadingWSGIServer, _Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server6(ThreadingWSGIServer):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    """Logs no line a scrape."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its base names it so)
        """Nothing."""
