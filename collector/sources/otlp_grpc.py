"""OTLP/gRPC: traces and logs on a port of their own (opentelemetry.io/docs/specs/otlp).

Bodies are taken as bytes, not as objects: they are checked and kept like those that come by HTTP. gRPC has unpacked
them by then.
"""

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

import structlog

from collector.otlp.exports import Exports
from collector.receiver.rejection import RETRY_AFTER, Rejection
from collector.running import remove_run_file, usable_port, write_run_file
from collector.settings import CollectorSettings
from collector.sources.source import Intake, Source
from collector.vocabulary.errors import PermanentError
from collector.wal import Encoding, Signal

if TYPE_CHECKING:
    import grpc

RUN_FILE: Final = "receiver-grpc"
_METHODS: Final = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": Signal.TRACES,
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": Signal.LOGS,
}
_STOP_SECONDS: Final = 5.0
# Longer than the limit, but not by much, is refused here, counted and kept; beyond that by gRPC itself.
_ROOM_FOR_REFUSAL: Final = 2

log = structlog.get_logger()


def otlp_grpc(settings: CollectorSettings) -> Sequence[Source]:
    """One, where it has a port."""
    return () if settings.grpc_port is None else (OtlpGrpc(settings.grpc_port),)


class OtlpGrpc:
    """Serves the export methods on `port` (0: a free one, told in `data/run/receiver-grpc.json`)."""

    def __init__(self, port: int) -> None:
        self._port = port

    def open(self, intake: Intake) -> Coroutine[Any, Any, None]:
        """Take the port. Raises PermanentError where it cannot be had."""
        import grpc

        settings = intake.settings
        port = usable_port(settings.host, self._port, "collector.grpc_port")
        limit = _ROOM_FOR_REFUSAL * settings.max_body_bytes
        server = grpc.aio.server(
            handlers=(_handlers(intake),),
            # Two services on one port would answer in turns.
            options=(("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", limit)),
        )
        address = f"[{settings.host}]:{port}" if ":" in settings.host else f"{settings.host}:{port}"
        try:
            server.add_insecure_port(address)
        except RuntimeError as error:
            raise PermanentError(f"collector.grpc_port: {address} cannot be used: {error}") from error
        return _serve(server, intake, port)


async def _serve(server: "grpc.aio.Server", intake: Intake, port: int) -> None:
    await server.start()
    write_run_file(intake.data, RUN_FILE, intake.settings.host, port)
    log.info("receiver.listening_grpc", host=intake.settings.host, port=port)
    try:
        await server.wait_for_termination()
    finally:
        remove_run_file(intake.data, RUN_FILE)
        await server.stop(_STOP_SECONDS)


def _handlers(intake: Intake) -> "grpc.GenericRpcHandler":
    import grpc

    methods = {
        # No (de)serializers: bytes in, bytes out.
        path: grpc.unary_unary_rpc_method_handler(_Method(signal, intake).export)
        for path, signal in _METHODS.items()
    }

    class Handlers(grpc.GenericRpcHandler):
        """Whatever else is asked for is UNIMPLEMENTED."""

        def service(self, handler_call_details: Any) -> Any:
            """The method's handler."""
            return methods.get(handler_call_details.method)

    return Handlers()


class _Method:
    """Export of one signal."""

    def __init__(self, signal: Signal, intake: Intake) -> None:
        self._signal, self._intake = signal, intake
        self._exports = Exports(signal.label, intake)

    async def export(self, body: bytes, context: Any) -> bytes:
        """Full success is an empty message."""
        self._exports.came()
        try:
            metadata = {key.encode(): _as_bytes(value) for key, value in context.invocation_metadata() or ()}
            self._intake.bodies.check_token(metadata)
            if len(body) > (limit := self._intake.settings.max_body_bytes):
                raise Rejection(413, "too_large", f"the body is longer than {limit} bytes", body, len(body))
            await self._exports.keep(self._signal, Encoding.IDENTITY, body, body)
        except Rejection as rejection:
            await _refuse(context, await self._exports.refused(rejection, "application/grpc"))
        return b""


async def _refuse(context: Any, rejection: Rejection) -> None:
    """End the call. What may be sent again later is RESOURCE_EXHAUSTED with RetryInfo: without it, it may not."""
    import grpc
    from google.protobuf.any_pb2 import Any as AnyMessage
    from google.protobuf.duration_pb2 import Duration
    from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
    from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

    code = {400: grpc.StatusCode.INVALID_ARGUMENT, 401: grpc.StatusCode.UNAUTHENTICATED}.get(
        rejection.status, grpc.StatusCode.RESOURCE_EXHAUSTED
    )
    metadata: tuple[tuple[str, bytes], ...] = ()
    if rejection.status in RETRY_AFTER:
        retry = RetryInfo(retry_delay=Duration(seconds=int(RETRY_AFTER[rejection.status])))
        detail = AnyMessage()
        detail.Pack(retry)
        status = Status(code=code.value[0], message=rejection.detail, details=[detail])
        metadata = (
            ("grpc-status-details-bin", status.SerializeToString()),
            # Where the Python SDK looks for it.
            ("google.rpc.retryinfo-bin", retry.SerializeToString()),
        )
    await context.abort(code, rejection.detail, metadata)


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
