"""What the kinds of jobs have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from collector.jobs.queue import Job
from collector.raw.archive import RawArchive
from collector.settings import MappingSettings, ProcessSettings
from collector.store.manifest import Manifest

Tell = Callable[[str, int, int], None]
"""Takes the stage, and how much of how much is done."""


class Workshop(Protocol):
    """What a job needs of the store's one writer, between two of its rounds."""

    @property
    def data(self) -> Path:
        """The data folder."""
        ...

    @property
    def manifest(self) -> Manifest:
        """The open manifest: nobody else writes."""
        ...

    @property
    def archive(self) -> RawArchive | None:
        """The archive of raw requests, where one is kept."""
        ...

    @property
    def mapping(self) -> MappingSettings:
        """The mapping of now."""
        ...

    @property
    def processes(self) -> Mapping[str, ProcessSettings]:
        """The processes of now."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job. `reopen`: what the writer has in memory is not true any more; it goes on with `mapping`
    and `processes` where they are given."""

    result: Mapping[str, Any] = field(default_factory=dict)
    reopen: bool = False
    mapping: MappingSettings | None = None
    processes: Mapping[str, ProcessSettings] | None = None


class JobKind(Protocol):
    """One kind of job: a file of its own, listed in `collector.jobs.running.KINDS`."""

    @property
    def name(self) -> str:
        """As it is asked for."""
        ...

    def ready(self, job: Job, shop: Workshop) -> bool:
        """Whether it can be done now; where not, it is asked again after the next round."""
        ...

    def run(self, job: Job, shop: Workshop, tell: Tell) -> Done:
        """Do it. Killed at any moment it is done again: all of it or what is left. Raises HoutaiError in one line."""
        ...
