"""Deriving all events again with another mapping, beside the converter that goes on."""

from collector.remapping.staging import Staging
from collector.remapping.swapping import swap

__all__ = ["Staging", "swap"]
