"""What was acknowledged is converted."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble
from collector.wal import WalReader


def backlog(seen: Situation) -> Iterator[Trouble]:
    """Requests in the write-ahead log that no round has taken up for too long."""
    if not (seen.data / "wal").is_dir():
        return
    reader = WalReader(seen.data / "wal", seen.position)
    try:
        count, age = reader.behind()
    finally:
        reader.close()
    if count and age > seen.settings.alerts.machinery.wal_age_seconds:
        yield Trouble(
            "backlog",
            "critical",
            "{count} requests wait to be converted, the oldest for {age} s.",
            "see that the converter runs (its log says why a round fails); nothing is lost meanwhile.",
            {"count": count, "age": f"{age:,.0f}"},
        )
