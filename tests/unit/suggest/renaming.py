"""Takes every telling name out of OTLP requests: attributes, services, span names, and values that are words."""

import random
import re
import string
from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


class Renamer:
    """The same name becomes the same nonsense. `digits`: nonsense that looks like ids."""

    def __init__(self, seed: int, *, digits: bool = False) -> None:
        self._random = random.Random(seed)
        self._letters = string.ascii_lowercase + (string.digits if digits else "")
        self._names: dict[str, str] = {}

    def name(self, plain: str) -> str:
        """Nonsense for a name."""
        if plain not in self._names:
            self._names[plain] = "".join(self._random.choices(self._letters, k=self._random.randint(6, 10)))
        return self._names[plain]

    def requests(self, plain: Iterable[bytes]) -> list[bytes]:
        """The requests under other names. What the protocol itself reads, `service.name`, keeps its key."""
        return [self._request(each) for each in plain]

    def _request(self, plain: bytes) -> bytes:
        request = ExportTraceServiceRequest.FromString(plain)
        for resource in request.resource_spans:
            self._pairs(resource.resource.attributes)
            for scope in resource.scope_spans:
                scope.scope.name = self.name(scope.scope.name)
                for span in scope.spans:
                    span.name = self._title(span.name)
                    self._pairs(span.attributes)
        return request.SerializeToString()

    def _pairs(self, pairs: Iterable[KeyValue]) -> None:
        for pair in pairs:
            self._value(pair.value)
            if pair.key != "service.name":
                pair.key = self.name(pair.key)

    def _value(self, value: AnyValue) -> None:
        if value.HasField("array_value"):
            for each in value.array_value.values:
                self._value(each)
        elif value.HasField("string_value") and value.string_value.startswith("/"):
            value.string_value = self._words(value.string_value)
        elif value.HasField("string_value") and not any(c.isdigit() for c in value.string_value):
            value.string_value = self.name(value.string_value)

    def _title(self, plain: str) -> str:
        return self._words(plain) if any(c.isdigit() for c in plain) else self.name(plain)

    def _words(self, plain: str) -> str:
        """Ids inside of a name stay what they are; the words around them go."""
        return re.sub(r"[A-Za-z_]{2,}", lambda found: self.name(found[0]), plain)
