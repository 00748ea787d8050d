"""Everything can be read."""

import json
from collections import Counter
from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble


def dead_letters(seen: Situation) -> Iterator[Trouble]:
    """Requests, spans or rows that could not be read, by reason."""
    reasons: Counter[str] = Counter()
    newest: dict[str, tuple[str, str]] = {}
    for path in sorted((seen.data / "dead-letters").glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                try:
                    letter = json.loads(line)
                    reason, at = str(letter["reason"]), str(letter["at"])
                except (ValueError, KeyError, TypeError):
                    continue
                reasons[reason] += 1
                newest[reason] = max(newest.get(reason, ("", "")), (at, str(letter.get("detail", ""))))
    for reason, count in reasons.most_common():
        at, detail = newest[reason]
        yield Trouble(
            "dead_letters",
            "warning",
            "{count} dead letters: {reason}; the newest at {at}: {detail}.",
            "houtai dead-letters list shows them; once the sender is mended, `replay` takes them in again.",
            {"count": count, "reason": reason, "at": at, "detail": detail[:200].rstrip(".")},
        )
