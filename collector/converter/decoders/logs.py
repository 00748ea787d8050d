"""Logs in OTLP's protobuf."""

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs

from collector.converter.decoders.log_spans import EVENT_NAME, Digests, span_field
from collector.converter.decoders.writing import ATTRIBUTE_9, field
from collector.converter.span import BODY


def canonical(plain: bytes, wanted: frozenset[str] | None) -> bytes:
    """Every record as a span, with its wanted attributes (None: all). Raises DecodeError."""
    request = ExportLogsServiceRequest.FromString(plain)
    digests = Digests()
    return b"".join(
        [
            field(
                b"\x0a",
                resource + b"".join([_scope_spans(each, resource, wanted, digests) for each in logs.scope_logs]),
            )
            for logs in request.resource_logs
            for resource in [field(b"\x0a", logs.resource.SerializeToString()) if logs.HasField("resource") else b""]
        ]
    )


def _scope_spans(logs: ScopeLogs, resource: bytes, wanted: frozenset[str] | None, digests: Digests) -> bytes:
    scope = field(b"\x0a", logs.scope.SerializeToString()) if logs.HasField("scope") else b""
    spans = [
        _span(record, digests.of((record.SerializeToString(), scope, resource)), wanted) for record in logs.log_records
    ]
    return field(b"\x12", scope + b"".join(spans))


def _span(record: LogRecord, digest: bytes, wanted: frozenset[str] | None) -> bytes:
    name = record.event_name
    kept = []
    for each in record.attributes:
        if each.key == EVENT_NAME and not name and each.value.WhichOneof("value") == "string_value":
            name = each.value.string_value
        if wanted is None or each.key in wanted:
            kept.append(field(ATTRIBUTE_9, each.SerializeToString()))
    if (wanted is None or BODY in wanted) and record.HasField("body"):
        kept.append(field(ATTRIBUTE_9, KeyValue(key=BODY, value=record.body).SerializeToString()))
    time = record.time_unix_nano or record.observed_time_unix_nano
    return span_field(digest, record.trace_id, record.span_id, name.encode(), time, b"".join(kept))
