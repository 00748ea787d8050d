"""Who is to be told can be reached."""

from collections.abc import Iterator

import httpx

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble


def addresses(seen: Situation) -> Iterator[Trouble]:
    """An Alertmanager or a dead-man's switch that is configured and does not answer."""
    alerts = seen.settings.alerts
    for setting, url, path in (
        ("alerts.alertmanager", alerts.alertmanager, "/-/healthy"),
        ("alerts.watchdog", alerts.watchdog, ""),
    ):
        if not url:
            continue
        try:
            status = httpx.head(url.rstrip("/") + path, timeout=5.0).status_code
            # Whoever takes heartbeats may take nothing else; that it answers is enough.
            if not path or status < 400:
                continue
            reason = f"HTTP {status}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
        yield Trouble(
            "addresses",
            "warning",
            "{setting} is {url}, and does not answer: {reason}.",
            "start it, or correct {setting}; until then nobody hears of alerts by this way.",
            {"setting": setting, "url": url, "reason": reason},
        )
