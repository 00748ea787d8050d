"""Keeping an export request, over whichever protocol it came: checked, on disk, counted."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.otlp.check import BadJson, check_logs, check_traces
from collector.receiver.rejection import Rejection
from collector.vocabulary.errors import RetryableError
from collector.wal import Encoding, Signal

if TYPE_CHECKING:
    from collector.sources.source import Intake

OFF_LOOP_BYTES: Final = 1024 * 1024
"""Bodies from this size on are parsed in a thread, so that others need not wait for all of it."""

log = structlog.get_logger()
_CHECKS: Final[dict[Signal, Callable[[bytes], object]]] = {
    Signal.TRACES: ExportTraceServiceRequest.FromString,
    Signal.LOGS: ExportLogsServiceRequest.FromString,
    Signal.TRACES_JSON: check_traces,
    Signal.LOGS_JSON: check_logs,
}


class Exports:
    """Export requests of one kind (`traces` or `logs`)."""

    def __init__(self, label: str, intake: "Intake") -> None:
        self._label, self._intake = label, intake
        self._received = intake.told.received.labels(label)
        self._acknowledged = intake.told.acknowledged.labels(label)

    def came(self) -> None:
        """Count a request that has come in."""
        self._received.inc()

    async def keep(self, signal: Signal, encoding: Encoding, body: bytes, plain: bytes) -> None:
        """Returns once the request is safe on disk: `body` as it came, which holds `plain`.

        Raises Rejection 400 where the converter could not read it, 503 where the disk does not take it now.
        """
        check = _CHECKS[signal]
        try:
            if len(plain) < OFF_LOOP_BYTES:
                check(plain)
            else:
                await asyncio.to_thread(check, plain)
        except (DecodeError, BadJson) as error:
            detail = f"the body is no {self._label} export request: {error}"
            raise Rejection(400, "malformed", detail, body, len(body)) from error
        if plain:
            try:
                await self._intake.append(signal, encoding, body)
            except RetryableError as error:
                raise Rejection(503, "overload", str(error)) from error
        self._acknowledged.inc()

    async def refused(self, rejection: Rejection, content_type: str) -> Rejection:
        """Count a request that was refused, and keep it as a dead letter where it does not come again.

        Gives what to answer: where the letter cannot be kept now, that the request shall come again.
        """
        self._intake.told.rejected.labels(self._label, rejection.reason).inc()
        if rejection.kept:
            try:
                await asyncio.to_thread(
                    self._intake.letters.add,
                    rejection.reason,
                    rejection.detail,
                    rejection.body,
                    length=rejection.length,
                    signal=self._label,
                    content_type=content_type[:200],
                )
            except OSError as error:
                log.error("dead_letters.write_failed", reason=rejection.reason, error=str(error))
                return Rejection(503, "overload", f"the disk does not take it: {error.strerror}")
        return rejection

    def gone(self) -> None:
        """Count a request whose sender left before its end; it sends it again."""
        self._intake.told.rejected.labels(self._label, "disconnected").inc()
