"""The miner keeps up."""

import re
from collections.abc import Iterator

import httpx

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble


def miner(seen: Situation) -> Iterator[Trouble]:
    """Running, but not answering, without a first round, or behind what is committed."""
    running = seen.running.get("miner")
    if running is None or not running.alive:
        return
    tokens = seen.settings.api.tokens
    headers = {"Authorization": f"Bearer {_plain(tokens[0].token)}"} if tokens else {}
    remedy = "look for the miner's last lines in the log of the service (`mining.round_failed`), and restart it."
    try:
        answer = httpx.get(f"{running.url}/readyz", headers=headers, timeout=5.0)
        page = httpx.get(f"{running.url}/metrics", headers=headers, timeout=5.0).text
    except httpx.HTTPError as error:
        what = "The miner (process {pid}) does not answer at {url}: {reason}."
        yield Trouble(
            "miner",
            "critical",
            what,
            remedy,
            {"pid": running.pid, "url": running.url, "reason": str(error) or type(error).__name__},
        )
        return
    if answer.status_code == 503:
        yield Trouble("miner", "warning", "The miner has not ended its first round yet.", remedy)
        return
    found = re.search(r"^houtai_mining_lag_seconds (\S+)$", page, re.MULTILINE)
    lag = float(found[1]) if found else 0.0
    if lag > seen.settings.alerts.machinery.lag_seconds:
        what = "What the pages show is stale: the miner is {lag} s behind what is committed."
        yield Trouble("miner", "critical", what, remedy, {"lag": f"{lag:,.0f}"})


def _plain(token: object) -> str:
    reveal = getattr(token, "get_secret_value", None)
    return str(reveal()) if reveal is not None else str(token)
