"""Clocks of services that are apart: estimated from what both sides of a call tell, and set right where wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from collector.skew import Skew, corrections, estimate, from_state
from collector.store.manifest import UNREADABLE
from collector.store.segment import Segment

CORRECT: Final = "clocks:correct"
"""In the manifest's state: `true` where the converter sets clocks right."""
ROWS: Final = 200_000
"""So many of the newest spans are looked at."""
_COLUMNS: Final = ["trace_id", "span_id", "parent_span_id", "service", "kind", "start", "end"]
_STEADY_US: Final = 1_000
"""Corrections that differ by less than this, or by less than is sure, stay as they are."""


class Clocks:
    """`known` is what `Store.state("skew:")` gives; `correct`: whether spans get the corrections."""

    def __init__(self, known: Mapping[str, str], correct: bool) -> None:
        self._pairs: dict[tuple[str, str], Skew] = {(each.client, each.server): each for each in from_state(known)}
        self._correct = correct
        self._after: int | None = None if self._pairs else 0
        """Only spans of later positions are looked at; None: of what there is, nobody knows what was set right."""
        self.corrections: dict[str, int] = corrections(self._pairs.values()) if correct else {}
        """What is added to a service's times, µs."""

    def look(self, segments: Sequence[Segment]) -> dict[str, str]:
        """Estimate from the newest of the spans segments; gives what to keep in the manifest's state."""
        if self._after is None:
            self._after = max((each.last for each in segments), default=0)
        # By position: a merged segment has the id of its last part, but spans of earlier ones as well.
        after = self._after
        spans = _newest([each for each in segments if each.first > after])
        if spans is None:
            return {}
        found: dict[str, str] = {}
        for each in estimate(spans):
            # What was set right already is apart by that much as well.
            set_right = self.corrections.get(each.client, 0) - self.corrections.get(each.server, 0)
            skew = replace(each, offset=each.offset + set_right)
            pair = each.client, each.server
            known = self._pairs.get(pair)
            steady = known is not None and abs(known.offset - skew.offset) <= max(_STEADY_US, skew.bound)
            if not steady or known is None or known.plausible != skew.plausible:
                self._pairs[pair] = skew
                name, value = skew.state()
                found[name] = value
        if found and self._correct:
            self.corrections = corrections(self._pairs.values())
            # What stands there now was set right otherwise.
            self._after = max(each.last for each in segments)
        return found


def _newest(segments: Sequence[Segment]) -> pa.Table | None:
    tables: list[pa.Table] = []
    rows = 0
    for each in reversed(segments):
        if rows >= ROWS:
            break
        try:
            tables.append(pq.ParquetFile(each.path).read(_COLUMNS))
        except UNREADABLE:
            continue
        rows += each.rows
    return pa.concat_tables(tables).unify_dictionaries() if tables else None
