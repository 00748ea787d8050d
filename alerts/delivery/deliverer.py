"""Without an Alertmanager, the service itself tells people: at once, in a daily digest, in a weekly report."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from alerts.delivery.ledger import Ledger, Said
from alerts.delivery.message import Entry, alarm, over
from alerts.delivery.outlet import Outlet, target_of
from alerts.delivery.weekly import Documents, Weekly
from alerts.settings import URGENCIES, AlertSettings, Urgency
from mining.live.knowledge import Snapshot

SECOND: Final = 1_000_000
REMEMBERED: Final = 30 * 86_400 * SECOND
"""µs for which a finding that is over is remembered."""

log = structlog.get_logger()


class Deliverer:
    """Call `round` after every round of the miner; what a finding says decides who hears of it, and when."""

    def __init__(
        self,
        settings: AlertSettings,
        path: Path | None = None,
        registry: CollectorRegistry | None = None,
        documents: Documents | None = None,
    ) -> None:
        """`path` of the SQLite file that remembers what was said; `registry` for the count of deliveries.

        `documents` make the files of the weekly report; without them it is a summary and a link.
        """
        self._settings, self._ledger, self._outlet = settings, Ledger(path), Outlet(registry)
        self._weekly = Weekly(settings, self._ledger, self._outlet, documents)

    @property
    def delivered(self) -> int:
        """Messages that got through."""
        return self._outlet.delivered

    @property
    def failed(self) -> int:
        """Attempts that did not."""
        return self._outlet.failed

    def round(self, snapshots: Mapping[str, Snapshot], now: int) -> None:
        """Say what is due, `now` in µs UTC. Never raises: what could not be said is due in the next round again."""
        try:
            self._round(snapshots, now)
        except Exception:
            # The miner must go on mining whatever happens here.
            log.exception("alerts.round_failed")

    def close(self) -> None:
        """Let go of the database."""
        self._ledger.close()

    def _round(self, snapshots: Mapping[str, Snapshot], now: int) -> None:
        said = self._ledger.rows()
        for process, snapshot in snapshots.items():
            entries = _entries(process, snapshot)
            for urgency in URGENCIES:
                for url in self._settings.urls(process, urgency):
                    own = [entry for entry in entries.values() if entry.finding.urgency == urgency]
                    if urgency == "digest":
                        self._digest(snapshot, own, said, url, now)
                    else:
                        self._say(own, said, url, urgency, now)
            self._settle(process, entries, said, now)
            self._weekly.round(snapshot, now)
        self._ledger.forget(now - REMEMBERED)

    def _say(
        self, entries: Iterable[Entry], said: Mapping[tuple[str, str], Said], url: str, urgency: Urgency, now: int
    ) -> bool:
        target = target_of(url)
        due = [e for e in entries if self._due(e, said.get((e.finding.id, target)), urgency, now)]
        if not due:
            return True
        if not self._outlet.send(url, alarm(due, self._settings, now), urgency, now):
            return False
        self._ledger.write(_said(entry, said.get((entry.finding.id, target)), target, urgency, now) for entry in due)
        return True

    def _due(self, entry: Entry, row: Said | None, urgency: Urgency, now: int) -> bool:
        """Whether an entry is to be said now. Only open findings are: of the others somebody knows."""
        if entry.finding.status != "open":
            return False
        if row is None or URGENCIES.index(urgency) < URGENCIES.index(row.urgency):
            return True
        if row.over is not None:
            return now - row.over >= self._settings.cooldown_minutes * 60 * SECOND
        return urgency == "page" and now - row.last >= self._settings.repeat_hours * 3600 * SECOND

    def _digest(
        self, snapshot: Snapshot, entries: Sequence[Entry], said: Mapping[tuple[str, str], Said], url: str, now: int
    ) -> None:
        local = datetime.fromtimestamp(now / SECOND, snapshot.config.zone)
        process, target, today = snapshot.config.process, target_of(url), local.date().isoformat()
        if local.hour < self._settings.digest_hour or self._ledger.digest_day(process, target) == today:
            return
        if self._say(entries, said, url, "digest", now):
            self._ledger.note_digest(process, target, today)

    def _settle(
        self, process: str, entries: Mapping[str, Entry], said: Mapping[tuple[str, str], Said], now: int
    ) -> None:
        """Notice what is gone or came back; say that a page is over."""
        urls = {target_of(url): url for urgency in URGENCIES for url in self._settings.urls(process, urgency)}
        changed: list[Said] = []
        for row in said.values():
            if row.process != process or row.over is not None:
                continue
            entry = entries.get(row.finding)
            if entry is not None and entry.finding.status not in ("resolved", "muted"):
                if row.gone is not None:
                    # Only if nothing newer was written in this round.
                    current = self._ledger.rows()[(row.finding, row.target)]
                    changed.append(dataclasses.replace(current, gone=None))
                continue
            gone = now if row.gone is None else row.gone
            closed = entry is not None or now - gone >= self._settings.resolve_minutes * 60 * SECOND
            if not closed:
                changed.append(dataclasses.replace(row, gone=gone))
                continue
            url = urls.get(row.target)
            if entry is None and row.urgency == "page" and url is not None:
                message = over(process, row.titles, (gone - row.first) / SECOND, self._settings)
                if not self._outlet.send(url, message, row.urgency, now):
                    changed.append(dataclasses.replace(row, gone=gone))
                    continue
            changed.append(dataclasses.replace(row, gone=gone, over=now))
        self._ledger.write(changed)


def _entries(process: str, snapshot: Snapshot) -> dict[str, Entry]:
    """The findings of a snapshot by id, in the order of the report (largest impact first)."""
    found: dict[str, Entry] = {}
    config = snapshot.config
    by_language = {lang: {f.id: f for f in report.findings} for lang, report in snapshot.reports.items()}
    for finding in next(iter(snapshot.reports.values())).findings if snapshot.reports else ():
        texts = {lang: findings.get(finding.id, finding) for lang, findings in by_language.items()}
        found[finding.id] = Entry(process, texts, config.currency, config.zone)
    return found


def _said(entry: Entry, row: Said | None, target: str, urgency: Urgency, now: int) -> Said:
    titles = {language: finding.title for language, finding in entry.texts.items()}
    first = now if row is None or row.over is not None else row.first
    return Said(entry.finding.id, target, entry.process, urgency, titles, first, now)
