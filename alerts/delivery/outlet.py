"""The way out: apprise URLs, each with a pause that grows while it fails."""

from typing import Any, Final, Literal

import apprise
import structlog
from apprise.attachment.memory import AttachMemory
from prometheus_client import CollectorRegistry, Counter

from alerts.delivery.message import Message
from alerts.settings import Urgency
from collector.vocabulary.ids import stable_id
from mining import names

SECOND: Final = 1_000_000
LONGEST_PAUSE: Final = 300
"""Seconds."""

log = structlog.get_logger()


def target_of(url: str) -> str:
    """What the ledger calls a URL, which holds secrets."""
    return stable_id("target", url)


_KINDS: Final = {"page": apprise.NotifyType.FAILURE, "report": apprise.NotifyType.INFO}


def _attached(way: Any, message: Message) -> Any:
    """The message's files as apprise wants them; none where a way takes none, as some fail on them."""
    if not message.attachments or not all(each.attachment_support for each in way):
        return None
    found = apprise.AppriseAttachment()
    for file in message.attachments:
        made = AttachMemory(content=file.content, name=file.name, mimetype=file.kind)  # type: ignore[no-untyped-call]
        found.add(made)
    return found


class Outlet:
    """Sends messages; a failure is counted and logged, never raised."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._failures: dict[str, tuple[int, int]] = {}
        self._counter = Counter(
            names.ALERT_DELIVERIES,
            "Messages delivered by the service itself.",
            ("urgency", "outcome"),
            registry=CollectorRegistry() if registry is None else registry,
        )
        self.delivered, self.failed = 0, 0

    def send(self, url: str, message: Message, urgency: Urgency | Literal["report"], now: int) -> bool:
        """Whether `message` got through to `url`; False too while a failing one has its pause. `now` in µs UTC."""
        target = target_of(url)
        failures, until = self._failures.get(target, (0, 0))
        if now < until:
            return False
        try:
            way = apprise.Apprise()
            kind = _KINDS.get(urgency, apprise.NotifyType.WARNING)
            plain = apprise.NotifyFormat.TEXT
            done = way.add(url) and bool(
                way.notify(
                    title=message.title,
                    body=message.body,
                    notify_type=kind,
                    body_format=plain,
                    attach=_attached(way, message),
                )
            )
        except Exception:
            # A plugin that fails in its own way must not end the round.
            log.exception("alerts.delivery_failed", target=target, urgency=urgency)
            done = False
        self._counter.labels(urgency, "ok" if done else "error").inc()
        if done:
            self.delivered += 1
            self._failures.pop(target, None)
            return True
        self.failed += 1
        log.warning("alerts.not_delivered", target=target, urgency=urgency, failures=failures + 1)
        # The first retry is at the next round; a target that stays away is asked ever more rarely.
        pause = 0 if failures == 0 else min(2**failures, LONGEST_PAUSE)
        self._failures[target] = (failures + 1, now + pause * SECOND)
        return False
