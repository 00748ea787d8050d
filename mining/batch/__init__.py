"""Logs larger than memory: cases in partitions on disk, summarised one partition after the other (docs/scale.md)."""
