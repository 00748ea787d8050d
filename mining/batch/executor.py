"""The report of a log that is larger than memory, partition by partition."""

import dataclasses
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa

from collector.files.log import RawLog, ReadOptions
from mining.arena import Arena, Quality
from mining.batch.actors import Actors
from mining.batch.shelf import Shelf
from mining.batch.spill import Spill
from mining.builder import NEGATIVE_NOTE, Builder
from mining.config import ProcessConfig
from mining.figures import By
from mining.part import part_of
from mining.report import Report
from mining.reporting import tables, worded
from mining.summary.exact import exact
from mining.summary.summary import Summary
from mining.summary.tallying import summarise

NO_FINDINGS_NOTE: Final = "The log does not fit into memory: figures are exact, without causes of waiting and findings."
GROUPS: Final = ("role",)
Stage = Callable[[str], None]
"""Told what is done next: `summing` or `quantiles`."""


def batch_report(
    raw: RawLog,
    options: ReadOptions,
    config: ProcessConfig,
    partitions: int,
    folder: Path | None = None,
    by: By = "role",
    stage: Stage = lambda _: None,
) -> Report:
    """The report of the log `raw`, which must be readable in pieces, without findings.

    Its figures are those of `mining.reporting.report`, bit for bit. A temporary folder in `folder` (None: where the
    system has such) holds about 60 bytes an event and is removed whatever happens. PermanentError for lines that
    cannot be read; OSError where the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="houtai-", dir=folder) as place:
        spill = Spill(raw, options, Path(place), partitions)
        shelf = Shelf(Path(place), ("activity", *GROUPS))
        actors = Actors(Path(place))
        spill.fill()
        stage("summing")
        summary, qualities = Summary({}, GROUPS), []
        for batch in spill.partitions():
            arena = _arena(batch, options)
            del batch
            part = part_of(arena)
            summary.add(summarise(part, arena.names, groups=GROUPS))
            shelf.put(part, arena.names)
            actors.put(part, arena.names, summary)
            qualities.append(arena.quality)
            del arena, part
        actors.finish(shelf)
        stage("quantiles")
        quality = together(Quality(**dataclasses.asdict(spill.quality)), qualities)
        found = tables(summary, exact(summary, shelf), config.process, config, quality, by)
    return worded(_noted(found), options.language)


def _arena(batch: pa.RecordBatch, options: ReadOptions) -> Arena:
    builder = Builder(options.process, options.leading)
    builder.add(batch)
    return builder.finish((), Quality())


def _noted(found: Report) -> Report:
    notes = (*found.quality.notes, NO_FINDINGS_NOTE)
    return dataclasses.replace(found, quality=dataclasses.replace(found.quality, notes=notes))


def together(read: Quality, partitions: list[Quality]) -> Quality:
    """What the reader and the builders of all partitions had to say, as one builder would have said it."""
    pattern = re.escape(NEGATIVE_NOTE).replace(r"\{count\}", "([0-9]+)")
    told = [re.fullmatch(pattern, note) for each in partitions for note in each.notes]
    negative = sum(int(match[1]) for match in told if match)
    notes = (NEGATIVE_NOTE.format(count=negative),) if negative else ()
    return dataclasses.replace(
        read,
        duplicates=read.duplicates + sum(each.duplicates for each in partitions),
        without_case=read.without_case + sum(each.without_case for each in partitions),
        overlaps=read.overlaps + sum(each.overlaps for each in partitions),
        notes=(*read.notes, *notes),
    )
