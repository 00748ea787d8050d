"""Who may send an event of a source: an HMAC of the request's body in a header, or the collector's token."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence

from collector.settings import WebhookSettings


class Signatures:
    """All rules, compiled once. The first rule whose glob fits a source counts."""

    def __init__(self, rules: Sequence[WebhookSettings]) -> None:
        self._rules = [(_glob(rule.source), rule) for rule in rules]
        self._headers = frozenset(rule.header.lower().encode() for rule in rules)

    def shown(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether there is anything that might be a signature."""
        return not self._headers.isdisjoint(headers)

    def any_right(self, headers: Mapping[bytes, bytes], body: bytes, now: float) -> bool:
        """Whether `body` is rightly signed by any of the rules, whichever source it is of."""
        return any(right(rule, headers, body, now) for _, rule in self._rules)

    def unsigned(
        self, sources: Iterable[str], headers: Mapping[bytes, bytes], body: bytes, now: float
    ) -> tuple[list[str], list[str]]:
        """The sources whose signature of `body` (as it was sent) is wrong or missing, and those that have no rule.

        `now` is in seconds since 1970.
        """
        wrong, without = [], []
        checked: dict[int, bool] = {}
        for source in dict.fromkeys(sources):
            number = next((n for n, (glob, _) in enumerate(self._rules) if glob.fullmatch(source)), None)
            if number is None:
                without.append(source)
                continue
            if number not in checked:
                checked[number] = right(self._rules[number][1], headers, body, now)
            if not checked[number]:
                wrong.append(source)
        return wrong, without


def right(rule: WebhookSettings, headers: Mapping[bytes, bytes], body: bytes, now: float) -> bool:
    """Whether the header holds the HMAC of `body`; compared in constant time."""
    shown = headers.get(rule.header.lower().encode())
    if shown is None:
        return False
    if rule.scheme == "stripe":
        return _stripe(rule, shown, body, now)
    # Once, not for each that is shown: a stranger may show thousands.
    wanted = rule.prefix.encode() + _encoded(rule, body)
    # All that are shown are looked at: while a secret is being changed, senders sign with both.
    found = False
    for each in re.split(rb"[ ,]+", shown.strip()):
        found |= hmac.compare_digest(each, wanted)
    return found


def _glob(pattern: str) -> re.Pattern[str]:
    pieces = re.sub(r"\*+", "*", pattern).split("*")
    parts = ["".join("." if c == "?" else re.escape(c) for c in piece) for piece in pieces]
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL)
    # The first place of a part is as good as any later one, so that none is tried again: a source may be megabytes.
    inner = "".join(f"(?>.*?{part})" for part in parts[1:-1])
    return re.compile(f"{parts[0]}{inner}.*{parts[-1]}", re.DOTALL)


def _stripe(rule: WebhookSettings, shown: bytes, body: bytes, now: float) -> bool:
    """`t=SECONDS,v1=MAC,v1=MAC`; what is signed is `SECONDS.BODY`, and it must be young."""
    parts = [part.strip().partition(b"=")[::2] for part in shown.split(b",")]
    moment = next((value for name, value in parts if name == b"t"), b"")
    if not moment.isdigit() or len(moment) > 15 or abs(now - int(moment)) > rule.tolerance_seconds:
        return False
    wanted = _encoded(rule, moment + b"." + body)
    found = False
    for name, value in parts:
        found |= name == b"v1" and hmac.compare_digest(value, wanted)
    return found


def _encoded(rule: WebhookSettings, signed: bytes) -> bytes:
    mac = hmac.new(rule.secret.get_secret_value().encode(), signed, getattr(hashlib, rule.algorithm)).digest()
    return base64.b64encode(mac) if rule.encoding == "base64" else mac.hex().encode()
