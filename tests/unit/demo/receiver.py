"""A real HTTP server that takes OTLP and counts, with answers of one's choice."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Receiver:
    """What came in: ids of spans, acknowledged or not, and the answers still to give before 200."""

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        self.services: set[str] = set()
        self.answers: list[int] = []
        self.refuse: int | None = None
        """The answer to everything."""
        self.tokens: set[str | None] = set()
        self.url = ""
        self._lock = threading.Lock()

    def take(self, body: bytes, token: str | None) -> int:
        """The status of the answer to one request."""
        request = ExportTraceServiceRequest.FromString(body)
        spans = [span.span_id for r in request.resource_spans for s in r.scope_spans for span in s.spans]
        with self._lock:
            self.tokens.add(token)
            if self.refuse is not None:
                return self.refuse
            if spans and self.answers:
                return self.answers.pop(0)
            self.ids += spans
            for resource in request.resource_spans:
                names = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
                self.services.update(names)
        return 200


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            self.send_response(receiver.take(body, self.headers.get("authorization")))
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
