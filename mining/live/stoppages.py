"""Stoppages as they are remembered: which flow, from when to when. Their cases are read off the arena, never kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import sqlalchemy as sa
import structlog

from collector.vocabulary.languages import LANGUAGES, Language
from mining.live.knowledge import Snapshot
from mining.report import Finding
from mining.stalls.caught import Flow

_metadata = sa.MetaData()
_stoppages = sa.Table(
    "stoppages",
    _metadata,
    sa.Column("finding", sa.String, primary_key=True),
    sa.Column("told", sa.BigInteger, primary_key=True),
    sa.Column("process", sa.String, nullable=False),
    sa.Column("field", sa.String, nullable=False),
    sa.Column("value", sa.String, nullable=False),
    sa.Column("titles", sa.String, nullable=False),
    sa.Column("begin", sa.BigInteger, nullable=False),
    sa.Column("seen", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger),
)

NAME: Final = "flow_stopped"

log = structlog.get_logger()


@dataclass(frozen=True)
class Stopped:
    """One stoppage; times in µs UTC."""

    finding: str
    told: int
    """When it was first told."""
    process: str
    flow: Flow
    titles: Mapping[Language, str]
    begin: int
    """End of the last event before the silence."""
    seen: int
    """When it was last told."""
    until: int | None
    """End of the first event after it; None while it is silent."""

    @property
    def late(self) -> bool:
        """Whether events of the silent time came in after it was told: the data had stopped, not the flow."""
        return self.until is not None and self.until < self.told


class Stoppages:
    """One row a stoppage in a small database (any SQLAlchemy URL)."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        _metadata.create_all(self._engine)

    def round(self, snapshots: Mapping[str, Snapshot], now: int) -> None:
        """Note what has stopped and what goes on again, `now` in µs UTC. Never raises: the next round does it again."""
        try:
            for process, snapshot in snapshots.items():
                self._round(process, snapshot, now)
        except Exception:
            log.exception("mining.stoppages_failed")

    def of_finding(self, finding: str) -> list[Stopped]:
        """All of one finding, the newest first."""
        return self._read(_stoppages.c.finding == finding)

    def of_process(self, process: str) -> list[Stopped]:
        """All of a process, the newest first."""
        return self._read(_stoppages.c.process == process)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _read(self, which: sa.ColumnElement[bool]) -> list[Stopped]:
        query = sa.select(_stoppages).where(which).order_by(_stoppages.c.told.desc(), _stoppages.c.finding)
        with self._engine.begin() as connection:
            return [_stopped(row) for row in connection.execute(query)]

    def _round(self, process: str, snapshot: Snapshot, now: int) -> None:
        told = {finding.id: finding for finding in snapshot.reports[LANGUAGES[0]].findings if finding.name == NAME}
        since = {json.dumps(fact.subject, sort_keys=True): fact.since for fact in snapshot.facts if fact.name == NAME}
        lasting = {each.finding: each for each in self.of_process(process) if each.until is None}
        for key, finding in told.items():
            begin = since.get(json.dumps(finding.subject, sort_keys=True))
            if begin is not None:
                self._note(key, lasting.get(key), finding, snapshot, begin, now)
        for key, stopped in lasting.items():
            if key not in told:
                ends = snapshot.arena.end[stopped.flow.events(snapshot.arena)]
                again = ends[(ends > stopped.begin) & (ends <= now)]
                if len(again):
                    self._set(stopped, until=int(np.min(again)))

    def _note(
        self, key: str, known: Stopped | None, finding: Finding, snapshot: Snapshot, begin: int, now: int
    ) -> None:
        """`begin` of one that lasts moves where its last events came late."""
        titles = {
            language: found.title
            for language, report in snapshot.reports.items()
            for found in report.findings
            if found.id == key
        }
        worded = json.dumps(titles, ensure_ascii=False)
        if known is not None:
            self._set(known, begin=begin, seen=now, titles=worded)
            return
        field, value = next(iter(finding.subject.items()))
        row = {
            "finding": key,
            "told": now,
            "process": finding.process,
            "field": field,
            "value": str(value),
            "titles": worded,
            "begin": begin,
            "seen": now,
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_stoppages).values(**row))

    def _set(self, stopped: Stopped, **values: int | str) -> None:
        own = (_stoppages.c.finding == stopped.finding) & (_stoppages.c.told == stopped.told)
        with self._engine.begin() as connection:
            connection.execute(sa.update(_stoppages).where(own).values(**values))


def _stopped(row: sa.Row[tuple[object, ...]]) -> Stopped:
    return Stopped(
        finding=row.finding,
        told=row.told,
        process=row.process,
        flow=Flow(row.field, row.value),
        titles=json.loads(row.titles),
        begin=row.begin,
        seen=row.seen,
        until=row.until,
    )
