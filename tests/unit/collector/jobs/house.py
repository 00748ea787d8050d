"""A data folder with its converter, archive and jobs, as the service has them between two rounds."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.converter import Converter
from collector.jobs import ask, result
from collector.jobs.job_kind import Done
from collector.jobs.running import Bench, run_jobs
from collector.raw import RawArchive
from collector.settings import MappingSettings, ProcessSettings
from collector.store import Manifest
from tests.unit.collector.spans import MAPPING, PROCESSES, append

KEY = bytes(range(32))


class House:
    """`send` takes requests in and converts them; `job` does a job between two rounds."""

    def __init__(self, data: Path, mapping: MappingSettings = MAPPING, raw: bool = True) -> None:
        self.data, self.now = data, time.time_ns() // 1_000_000
        self.mapping: MappingSettings = mapping
        self.processes: Mapping[str, ProcessSettings] = PROCESSES
        self.archive = RawArchive(data, KEY) if raw else None
        self.converter = self._open()

    def _open(self) -> Converter:
        return Converter(self.mapping, self.processes, self.data, archive=self.archive, clock=lambda: self.now)

    def send(self, *bodies: bytes) -> "House":
        append(self.data, *bodies)
        self.converter.round()
        return self

    def later(self, seconds: float = 11) -> "House":
        self.now += int(seconds * 1000)
        self.converter.round()
        return self

    def job(self, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Ask, do, and go on as the service does; gives what came of it."""
        number = ask(self.data, kind, arguments)
        self.do_jobs()
        told = result(self.data, number)
        assert told is not None
        return told

    def do_jobs(self) -> Done | None:
        self.converter.close()
        manifest = Manifest(self.data)
        try:
            done = run_jobs(Bench(self.data, manifest, self.archive, self.mapping, self.processes))
        finally:
            manifest.close()
        if done is not None:
            self.mapping, self.processes = done.mapping or self.mapping, done.processes or self.processes
        self.converter = self._open()
        return done

    def close(self) -> None:
        self.converter.close()
        if self.archive is not None:
            self.archive.close()
