"""Sending spans by the SDK's OTLP/HTTP exporter, so that none is lost in silence."""

import http.client
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from collector.vocabulary.errors import PermanentError, RetryableError

BATCH: Final = 2000
"""Spans a request."""
PATIENCE: Final = 120.0
"""Seconds for which an endpoint that cannot be reached is tried again."""
_THREADS: Final = 2


class Stopped(Exception):
    """Asked to stop while the endpoint was away: what is under way is not acknowledged."""


class Sender:
    """Sends batches, two at a time. `flush` returns when everything handed over is acknowledged."""

    def __init__(self, endpoint: str, token: str | None, stop: threading.Event) -> None:
        """`endpoint` is the base URL. Raises PermanentError where it refuses us, RetryableError where it is away."""
        self._url = endpoint.rstrip("/") + "/v1/traces"
        if not self._url.startswith(("http://", "https://")):
            raise PermanentError(f"{endpoint}: an endpoint begins with http:// or https://")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._stop = stop
        # The exporter says on its own logger what we tell as an error.
        logging.getLogger("opentelemetry.exporter.otlp.proto.http").setLevel(logging.CRITICAL)
        self._knock(PATIENCE)
        self._exporter = OTLPSpanExporter(self._url, headers=self._headers, compression=Compression.Gzip)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="demo-sender")
        self._under_way: list[Future[None]] = []

    def send(self, spans: Sequence[ReadableSpan]) -> None:
        """Hand spans over; waits while too many batches are under way."""
        for first in range(0, len(spans), BATCH):
            while len(self._under_way) >= 2 * _THREADS:
                self._under_way.pop(0).result()
            self._under_way.append(self._pool.submit(self._export, spans[first : first + BATCH]))

    def flush(self) -> None:
        """Wait until everything is acknowledged; raises what went wrong."""
        while self._under_way:
            self._under_way.pop(0).result()

    def close(self) -> None:
        """Wait for what is under way, then let go."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _export(self, spans: Sequence[ReadableSpan]) -> None:
        end = time.monotonic() + PATIENCE
        while self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            # Refused for good, or not there? An empty request tells.
            self._knock(end - time.monotonic())
            if time.monotonic() > end:
                raise RetryableError(f"{self._url}: does not take our spans; tried for {PATIENCE:.0f} s")
            if self._stop.wait(0.5):
                raise Stopped

    def _knock(self, patience: float) -> None:
        """Send an empty request until it is taken."""
        end = time.monotonic() + patience
        while True:
            request = urllib.request.Request(
                self._url, b"", {"Content-Type": "application/x-protobuf", **self._headers}, method="POST"
            )
            try:
                with urllib.request.urlopen(request, timeout=10):
                    return
            except urllib.error.HTTPError as error:
                why = f"{error.code} {error.reason}"
                error.close()
                if error.code not in (429, 502, 503, 504):
                    raise PermanentError(f"{self._url}: refuses our spans: {why}") from None
            except (ValueError, http.client.InvalidURL) as error:
                raise PermanentError(f"{self._url}: {error}") from None
            except OSError as error:
                why = str(getattr(error, "reason", error))
            if self._stop.is_set():
                raise Stopped
            if time.monotonic() > end:
                raise RetryableError(f"{self._url}: cannot be reached: {why}")
            self._stop.wait(1.0)
