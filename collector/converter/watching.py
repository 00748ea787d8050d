"""What the converter notices about the senders themselves: in which version they run, whether they sample."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from collector.converter import sampling, versions
from collector.converter.sampling import Sampling, kept_share
from collector.converter.versions import Versions

if TYPE_CHECKING:
    from collector.converter.decode import Batch

_CACHED: Final = 10_000


class Watching:
    """`state` is what the manifest keeps under the names of `sampling` and `versions`."""

    def __init__(self, state: Mapping[str, str]) -> None:
        self._versions = Versions({name: each for name, each in state.items() if name.startswith(versions.STATE)})
        self._sampling = Sampling({name: each for name, each in state.items() if name.startswith(sampling.STATE)})
        self._shares: dict[bytes, float | None] = {}

    def take(self, batch: "Batch") -> None:
        """The new spans of a round."""
        spans, rows = batch.spans, batch.rows
        first: dict[int, int] = {}
        same = np.array([first.setdefault(id(source), i) for i, source in enumerate(batch.sources)], np.int64)
        source_of = same[spans.resource[rows]]
        order = np.argsort(source_of, kind="stable")
        begins = np.flatnonzero(np.diff(source_of[order], prepend=-1))
        start = spans.start_ns[rows].astype(np.int64)[order] // 1000
        earliest, latest = np.minimum.reduceat(start, begins), np.maximum.reduceat(start, begins)
        counts = np.diff([*begins.tolist(), len(order)])
        shares = self._said(batch, source_of)
        groups = zip(
            source_of[order][begins].tolist(), earliest.tolist(), latest.tolist(), counts.tolist(), strict=True
        )
        for number, begin, end, count in sorted(groups, key=lambda group: group[1]):
            source = batch.sources[number]
            self._versions.seen(source.service, source.version, begin)
            self._versions.seen(source.service, source.version, end)
            self._sampling.count(source.service, count, shares.get(number, ()))

    def settle(self, traces: list[tuple[str, bool]]) -> None:
        """Traces that are over: a service of theirs, and whether a parent never came."""
        self._sampling.settle(traces)

    def state(self) -> dict[str, str]:
        """What has changed since it was asked for last."""
        changed = self._versions.changed | self._sampling.state()
        self._versions.changed.clear()
        return changed

    def _said(self, batch: "Batch", source_of: np.ndarray) -> dict[int, list[float]]:
        """Shares below 1 that spans say, by their source."""
        spans, rows = batch.spans, batch.rows
        found: dict[int, list[float]] = {}
        saying = set(np.flatnonzero(spans.state_size[rows] > 0).tolist())
        saying |= {i for i, each in enumerate(batch.attributes) if each and not each.keys().isdisjoint(_ATTRIBUTES)}
        for i in saying:
            row = rows[i]
            at = spans.state_at[row]
            share = self._share(spans.buffer[at : at + spans.state_size[row]].tobytes(), batch.attributes[i])
            if share is not None and share < 1.0:
                found.setdefault(int(source_of[i]), []).append(share)
        return found

    def _share(self, trace_state: bytes, attributes: Mapping[str, str]) -> float | None:
        if not attributes.keys().isdisjoint(_ATTRIBUTES):
            return kept_share(trace_state.decode("utf-8", "replace"), attributes)
        if trace_state not in self._shares:
            if len(self._shares) >= _CACHED:
                self._shares.clear()
            self._shares[trace_state] = kept_share(trace_state.decode("utf-8", "replace"), {})
        return self._shares[trace_state]


_ATTRIBUTES: Final = frozenset(sampling.ATTRIBUTES)
