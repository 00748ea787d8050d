"""Turns what the write-ahead log holds into events: immutable Parquet segments that a manifest names."""

from collector.converter.converter import Converter
from collector.converter.service import run

__all__ = ["Converter", "run"]
