"""Parquet segments and the manifest that says which of them count."""

from collector.store.manifest import Manifest
from collector.store.schema import LOG_SCHEMA, SPAN_SCHEMA
from collector.store.segment import Kind, Segment
from collector.store.store import Store

__all__ = ["LOG_SCHEMA", "SPAN_SCHEMA", "Kind", "Manifest", "Segment", "Store"]
