"""Something comes in."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble
from collector.wal.folder import read_synced


def requests(seen: Situation) -> Iterator[Trouble]:
    """No request was ever taken in."""
    if seen.data.exists() and not seen.data.is_dir():
        return
    if not read_synced(seen.data / "wal") and not seen.span_rows and not seen.event_rows:
        collector = seen.settings.collector
        yield Trouble(
            "requests",
            "warning",
            "Nothing was ever received in {data}.",
            "point an exporter there: OTEL_EXPORTER_OTLP_ENDPOINT=http://{host}:{port}, or the OpenTelemetry "
            "Collector's otlphttp exporter; or try `houtai demo`.",
            {"data": seen.data, "host": collector.host, "port": collector.port},
        )
