"""Takes in OTLP/HTTP, keeps every request in the write-ahead log, acknowledges. Nothing clever before that."""

from collector.receiver.app import create_app
from collector.receiver.service import run

__all__ = ["create_app", "run"]
