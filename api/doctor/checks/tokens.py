"""Nobody unknown gets in."""

import ipaddress
from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble


def tokens(seen: Situation) -> Iterator[Trouble]:
    """Ports off loopback without a token: the service refuses to start so."""
    collector, api = seen.settings.collector, seen.settings.api
    for host, token, setting in (
        (collector.host, collector.token, "collector.token"),
        (api.host, api.tokens, "api.tokens"),
    ):
        if not _is_loopback(host) and not token:
            yield Trouble(
                "tokens",
                "critical",
                "{host} can be reached from other machines, and {setting} is not set: the service does not start so.",
                "set {setting} (and send it as `Authorization: Bearer ...`), or listen on 127.0.0.1 only.",
                {"host": host, "setting": setting},
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
