"""Ways in: one file each; the receiver opens all that the settings ask for."""

from collections.abc import Callable, Sequence
from typing import Final

from collector.settings import CollectorSettings
from collector.sources.cloud_events import cloud_events
from collector.sources.databases import databases
from collector.sources.folders import folders
from collector.sources.mqtt import mqtt
from collector.sources.otlp_grpc import otlp_grpc
from collector.sources.otlp_http import otlp_http
from collector.sources.source import Intake, Source

__all__ = ["SOURCES", "Intake", "Source"]

SOURCES: Final[tuple[Callable[[CollectorSettings], Sequence[Source]], ...]] = (
    otlp_http,
    otlp_grpc,
    cloud_events,
    databases,
    folders,
    mqtt,
)
"""What gives the sources that the settings ask for, in the order in which they are opened."""
