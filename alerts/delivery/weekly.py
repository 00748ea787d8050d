"""The bottleneck report once a week: when it is due, and what the message says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import structlog

from alerts.delivery.ledger import Ledger
from alerts.delivery.message import Attachment, Message
from alerts.delivery.outlet import Outlet, target_of
from alerts.settings import DAYS, AlertSettings
from collector.vocabulary.languages import Language, text
from mining import names
from mining.live.knowledge import Snapshot
from mining.report import Finding
from mining.story.durations import hours

LISTED: Final = 5

log = structlog.get_logger()


@dataclass(frozen=True)
class Files:
    """A report as files, and the sentence on top of it."""

    sentence: str
    attachments: tuple[Attachment, ...]


Documents = Callable[[Snapshot, Language], Files]
"""Makes the report of a snapshot; given by whoever wires the service, as alerts know no pages."""


def due(settings: AlertSettings, snapshot: Snapshot, now: int) -> str:
    """The moment (ISO, in the process's zone) at which the newest report was to go out, at or before `now` (µs UTC)."""
    local = datetime.fromtimestamp(now / 1e6, snapshot.config.zone)
    back = (local.weekday() - DAYS.index(settings.weekly.day)) % 7
    day = local.date() - timedelta(days=back)
    # On the clock on the wall: an hour that daylight saving leaves out or repeats moves nothing by a week.
    if back == 0 and local.hour < settings.weekly.hour:
        day -= timedelta(days=7)
    return f"{day.isoformat()}T{settings.weekly.hour:02}"


class Weekly:
    """Sends what is due; a process and target that is new waits for its first due moment."""

    def __init__(self, settings: AlertSettings, ledger: Ledger, outlet: Outlet, documents: Documents | None) -> None:
        self._settings, self._ledger, self._outlet, self._documents = settings, ledger, outlet, documents

    def round(self, snapshot: Snapshot, now: int) -> None:
        """Send the report of one process to all that are due, `now` in µs UTC."""
        process = snapshot.config.process
        moment = due(self._settings, snapshot, now)
        message: Message | None = None
        for url in self._settings.reports(process):
            target = target_of(url)
            last = self._ledger.report_moment(process, target)
            if last is not None and last < moment:
                message = message or self._message(snapshot)
                if not self._outlet.send(url, message, "report", now):
                    continue
            if last != moment:
                self._ledger.note_report(process, target, moment)

    def _message(self, snapshot: Snapshot) -> Message:
        process, first = snapshot.config.process, self._settings.languages[0]
        blocks: list[str] = []
        attachments: list[Attachment] = []
        for language in self._settings.languages:
            files = self._files(snapshot, language)
            findings = [f for f in snapshot.reports[language].findings if f.kind == "bottleneck" and _open(f)]
            blocks.append(_told(files.sentence if files else "", findings, language))
            attachments += files.attachments if files else ()
        path = names.PAGE_BOTTLENECKS.format(process=quote(process, safe=""))
        link = self._settings.page_base_url.rstrip("/") + path
        blocks.append(link)
        subject = text(first, "[WEEKLY] {process} · bottleneck report", process=process)
        return Message(subject, "\n\n".join(blocks), tuple(attachments))

    def _files(self, snapshot: Snapshot, language: Language) -> Files | None:
        try:
            return self._documents(snapshot, language) if self._documents is not None else None
        except Exception:
            # The summary and the link are worth sending without the file.
            log.exception("alerts.report_not_made", process=snapshot.config.process, language=language)
            return None


def _open(finding: Finding) -> bool:
    return finding.status not in ("resolved", "muted")


def _told(sentence: str, findings: Sequence[Finding], language: Language) -> str:
    lines = [sentence] if sentence else []
    for number, finding in enumerate(findings[:LISTED], 1):
        lost = hours(finding.impact.hours_per_week, language)
        lines.append(text(language, "{n}. {title} · {hours} a week", n=number, title=finding.title, hours=lost))
    if not findings:
        lines.append(text(language, "No bottleneck stands out this week."))
    return "\n".join(lines)
