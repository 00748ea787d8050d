"""A log in memory with everything, or part by part where it does not fit."""

import dataclasses
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from api.terminal.progress import Meter
from collector.files import ReadOptions, pieces, read
from collector.files.log import RawLog
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text
from mining.batch.room import MB, Room, partitions, room
from mining.config import ProcessConfig
from mining.figures import By
from mining.report import Report

if TYPE_CHECKING:
    from api.one_shot import Outputs
    from mining.arena import Arena
    from mining.findings.facts import Fact

Mined = tuple[Report, "Arena | None", "Sequence[Fact]"]


def mined(
    log: Path, options: ReadOptions, config: ProcessConfig, by: By, outputs: "Outputs", memory: int | None, meter: Meter
) -> Mined:
    """The report, and where the log is in memory its arena and what was found in it.

    `memory`: megabytes that may be taken; None: what there is. PermanentError for a log that cannot be read, or needs
    more memory in every way.
    """
    raw = pieces(log, options, meter.bytes)
    there = room(log, raw, None if memory is None else memory * MB)
    _check(log, options, raw, there, outputs)
    if memory is not None or not there.enough:
        _say(options, there)
    try:
        if there.enough:
            return _whole(log, options, config, by, meter)
        assert raw is not None
        return _parted(raw, options, config, by, there, outputs, meter), None, ()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "can't start new thread" not in str(error):
            raise
        message = "{file}: there is not enough memory ({free} MB were free); --memory MB says how much may be taken"
        raise PermanentError(text(options.language, message, file=log, free=there.free // MB)) from error


def _whole(log: Path, options: ReadOptions, config: ProcessConfig, by: By, meter: Meter) -> Mined:
    from mining.arena import Quality
    from mining.builder import Builder

    found = read(log, options, meter.bytes)
    config = dataclasses.replace(config, leading=found.leading)
    builder = Builder(config.process, found.leading, found)
    for batch in found.stream():
        builder.add(batch)
        del batch

    meter.stage(text(options.language, "sorting"))
    arena = builder.finish((), Quality(**dataclasses.asdict(found.quality)))

    meter.stage(text(options.language, "looking for findings"))
    from mining.findings import detect
    from mining.reporting import report, view

    now = int(arena.end.max()) if arena.events else 0
    seen = view(arena, config, now)
    facts = detect(seen)
    return report(arena, config, now, options.language, by, facts, seen.split), arena, facts


def _parted(
    raw: RawLog, options: ReadOptions, config: ProcessConfig, by: By, there: Room, outputs: "Outputs", meter: Meter
) -> Report:
    from mining.batch.executor import batch_report

    stages = {"summing": text(options.language, "adding up"), "quantiles": text(options.language, "looking again")}
    beside = [path.absolute().parent for path in outputs.given() if path != Path("-")]
    try:
        with _ended_in_order():
            return batch_report(
                raw,
                options,
                config,
                partitions(raw.lines or 0, there.free),
                beside[0] if beside else None,
                by,
                lambda name: meter.stage(stages[name]),
            )
    except OSError as error:
        message = "{file}: its parts cannot be kept on disk meanwhile ({reason})"
        reason = error.strerror or str(error)
        raise PermanentError(text(options.language, message, file=raw.path, reason=reason)) from error


def _check(log: Path, options: ReadOptions, raw: RawLog | None, there: Room, outputs: "Outputs") -> None:
    if there.enough:
        return
    if raw is None:
        advice = (
            "{file}: needs about {needed} MB of memory, {free} MB are free; as Parquet it can be mined part by part"
        )
    elif outputs.case_findings is not None:
        advice = "{file}: needs about {needed} MB of memory for --case-findings, {free} MB are free"
    else:
        return
    raise PermanentError(text(options.language, advice, file=log, needed=there.needed // MB, free=there.free // MB))


def _say(options: ReadOptions, there: Room) -> None:
    message = (
        "About {needed} MB of memory are needed, {free} MB are free: mined in memory."
        if there.enough
        else "About {needed} MB of memory are needed, {free} MB are free: mined part by part, without findings."
    )
    print(text(options.language, message, needed=there.needed // MB, free=there.free // MB), file=sys.stderr)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """What asks the process to end ends it as an error does, so that nothing is left on disk."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
