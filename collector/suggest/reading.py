"""Raw requests from where they lie: a data folder's log and archive, or files in OTLP.

Everything comes out as bytes of an ExportTraceServiceRequest. What cannot be read is told and counted, not hidden.
"""

import gzip
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.converter.decoders import DECODERS
from collector.gzip_body import BadGzip, gunzip
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import Language, text
from collector.wal import Encoding, Record, Signal, WalReader

JSON_ENDINGS: Final = (".json", ".jsonl", ".ndjson")
BINARY_ENDINGS: Final = (".pb", ".bin", ".binpb")
_AT_ONCE: Final = 16 << 20
_TOLD: Final = 5
_UNPACKED_LIMIT: Final = 1 << 30


@dataclass
class Input:
    """Requests that can be read again and again. `limit` is how many are given at most.

    `unreadable` says (place, reason) of what the last reading had to leave out.
    """

    files: Sequence[Path] = ()
    data: Path | None = None
    key_file: Path | None = None
    limit: int | None = None
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path in self.files:
            if not path.is_file():
                raise PermanentError(f"{path}: there is no such file")
            _ending(path)
        if not self.files and self.data is None:
            raise PermanentError("name files with OTLP, or a data folder by --data")
        if not self.files and self.data is not None and not self.data.is_dir():
            raise PermanentError(f"{self.data}: there is no such data folder")

    def __iter__(self) -> Iterator[bytes]:
        self.unreadable.clear()
        yield from itertools.islice(self._from_files() if self.files else self._from_folder(), self.limit)

    def told(self, language: Language) -> list[str]:
        """What the last reading had to leave out, a few lines of it."""
        lines = [
            text(language, "Left out: {place}: {reason}", place=place, reason=reason)
            for place, reason in self.unreadable[:_TOLD]
        ]
        if len(self.unreadable) > _TOLD:
            lines.append(text(language, "and {count} more that cannot be read", count=len(self.unreadable) - _TOLD))
        return lines

    def _from_files(self) -> Iterator[bytes]:
        for path in self.files:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                try:
                    if _ending(path) in JSON_ENDINGS:
                        yield from self._lines(path, file.read())
                    else:
                        yield from self._binary(path, file.read())
                except (OSError, EOFError) as error:
                    raise PermanentError(f"{path}: cannot be read: {error}") from error

    def _lines(self, path: Path, content: bytes) -> Iterator[bytes]:
        """One request as a whole file, or one a line, as the OpenTelemetry Collector's file exporter writes."""
        if content.lstrip()[:1] == b"[":
            yield from self._listed(path, content)
            return
        try:
            yield from_json(content)
            return
        except ValueError:
            pass
        for number, line in enumerate(content.splitlines(), 1):
            if line.strip():
                try:
                    yield from_json(line)
                except ValueError as error:
                    self.unreadable.append((f"{path}, line {number}", _short(error)))

    def _listed(self, path: Path, content: bytes) -> Iterator[bytes]:
        try:
            found = json.loads(content)
        except ValueError as error:
            self.unreadable.append((str(path), _short(error)))
            return
        for number, each in enumerate(found, 1):
            try:
                yield from_json(json.dumps(each).encode())
            except ValueError as error:
                self.unreadable.append((f"{path}, item {number}", _short(error)))

    def _binary(self, path: Path, content: bytes) -> Iterator[bytes]:
        """One request, or several, each behind its length in four bytes (as the file exporter writes protobuf)."""
        framed = _frames(content)
        for each in framed or [content]:
            try:
                ExportTraceServiceRequest.FromString(each)
            except DecodeError as error:
                self.unreadable.append((str(path), _short(error)))
            else:
                yield each

    def _from_folder(self) -> Iterator[bytes]:
        assert self.data is not None
        for record in records(self.data, self.key_file):
            try:
                body = canonical(record)
            except (BadGzip, DecodeError, ValueError) as error:
                self.unreadable.append((f"{self.data}, position {record.sequence}", _short(error)))
                continue
            if body:
                yield body


def records(data: Path, key_file: Path | None = None) -> Iterator[Record]:
    """The raw requests of a data folder in their order: those of the archive, then what the log still holds."""
    last = 0
    if any((data / "raw").glob("raw-*.bin")):
        from collector.raw import RawArchive, load_key

        archive = RawArchive(data, load_key(data, key_file))
        try:
            for record in archive.records():
                last = record.sequence
                yield record
        finally:
            archive.close()
    reader = WalReader(data / "wal", last)
    try:
        while found := reader.read(_AT_ONCE):
            yield from found
    finally:
        reader.close()


def canonical(record: Record) -> bytes:
    """A record's body as an ExportTraceServiceRequest; empty where it holds nothing that can become one.

    Raises BadGzip, DecodeError or ValueError where it cannot be read.
    """
    plain = gunzip(record.body, _UNPACKED_LIMIT) if record.encoding is Encoding.GZIP else record.body
    if record.signal is Signal.TRACES:
        ExportTraceServiceRequest.FromString(plain)
        return plain
    decode = DECODERS.get(record.signal)
    return decode(plain, None) if decode is not None else b""


def from_json(content: bytes) -> bytes:
    """OTLP/JSON of traces or logs as protobuf. Raises ValueError."""
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")
    if "resourceLogs" in found:
        return DECODERS[Signal.LOGS_JSON](content, None)
    if "resourceSpans" not in found and found:
        raise ValueError("has no resourceSpans: it is no trace request in OTLP/JSON")
    return DECODERS[Signal.TRACES_JSON](content, None)


def _frames(content: bytes) -> list[bytes]:
    """Messages behind their lengths (four bytes, big-endian); none where the content is not made so."""
    found, at = [], 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if length == 0 or at + 4 + length > len(content):
            return []
        found.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _ending(path: Path) -> str:
    ending = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if ending.lower() not in (*JSON_ENDINGS, *BINARY_ENDINGS):
        known = ", ".join((*JSON_ENDINGS, *BINARY_ENDINGS))
        raise PermanentError(f"{path}: is no file with OTLP by its ending (known: {known}, each with .gz, too)")
    return ending.lower()


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
