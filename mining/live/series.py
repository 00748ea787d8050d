"""Time series with bounded labels, handed to prometheus-client as one collector.

prometheus-client's own metric objects take one observation a call; these take counts of whole arrays, and gauges
are replaced as a whole, so that what is gone is gone from the scrape too.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

OTHER: Final = "other"
"""Stands for every word beyond the limit."""
SERIES_LIMIT: Final = 2000
"""Series of one metric; beyond, all labels but the process become OTHER."""

Labels = tuple[str, ...]


class Words:
    """The first `limit` words that come keep their name as a label; the rest are OTHER."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def label(self, word: str) -> str:
        """The label of `word`; the same word always has the same one."""
        if word in self._known:
            return word
        if len(self._known) >= self._limit:
            return OTHER
        self._known.add(word)
        return word


class Counts:
    """A counter family. The first label is the process."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str], limit: int = SERIES_LIMIT) -> None:
        self.name, self.help, self.labels, self._limit = name, help_text, tuple(labels), limit
        self._values: dict[Labels, float] = {}

    def add(self, labels: Labels, amount: float = 0.0) -> None:
        """Count `amount` more, at least 0; 0 makes the series appear, so that its first increase is seen."""
        if labels not in self._values and len(self._values) >= self._limit:
            labels = (labels[0], *(OTHER for _ in labels[1:]))
        self._values[labels] = self._values.get(labels, 0.0) + max(amount, 0.0)

    def family(self) -> Metric:
        """As prometheus-client wants it."""
        family = CounterMetricFamily(self.name, self.help, labels=self.labels)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        return family


class Buckets:
    """A histogram family; `bounds` are upper bounds in seconds, inclusive."""

    def __init__(
        self, name: str, help_text: str, labels: Sequence[str], bounds: Sequence[float], limit: int = SERIES_LIMIT
    ) -> None:
        self.name, self.help, self.labels, self._limit = name, help_text, tuple(labels), limit
        self._bounds = np.asarray(bounds, dtype=np.float64)
        self._counts: dict[Labels, npt.NDArray[np.int64]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, labels: Labels, seconds: npt.NDArray[np.float64]) -> None:
        """Take in all of `seconds`; an empty array makes the series appear."""
        if labels not in self._counts and len(self._counts) >= self._limit:
            labels = (labels[0], *(OTHER for _ in labels[1:]))
        size = len(self._bounds) + 1
        fresh = np.bincount(np.searchsorted(self._bounds, seconds, side="left"), minlength=size)
        self._counts[labels] = self._counts.get(labels, np.zeros(size, dtype=np.int64)) + fresh
        self._sums[labels] = self._sums.get(labels, 0.0) + float(seconds.sum())

    def family(self) -> Metric:
        """As prometheus-client wants it: cumulative, the last bucket +Inf."""
        family = HistogramMetricFamily(self.name, self.help, labels=self.labels)
        bounds = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        for labels, counts in self._counts.items():
            cumulative = np.cumsum(counts).tolist()
            family.add_metric(labels, list(zip(bounds, map(float, cumulative), strict=True)), self._sums[labels])
        return family


class Gauges:
    """A gauge family, replaced as a whole."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = ()) -> None:
        self.name, self.help, self.labels = name, help_text, tuple(labels)
        self._values: dict[Labels, float] = {}

    def replace(self, process: str, values: Mapping[Labels, float]) -> None:
        """Set the series whose first label is `process`; those of it that are not in `values` go away."""
        kept = {labels: value for labels, value in self._values.items() if labels[0] != process}
        self._values = {**kept, **values}

    def set(self, value: float, labels: Labels = ()) -> None:
        """Set one series."""
        self._values = {**self._values, labels: value}

    def family(self) -> Metric:
        """As prometheus-client wants it."""
        family = GaugeMetricFamily(self.name, self.help, labels=self.labels)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        return family


class Families(Collector):
    """All families under one lock: a scrape sees a round whole or not at all."""

    def __init__(self, families: Iterable[Counts | Buckets | Gauges]) -> None:
        self._families = tuple(families)
        self.lock = threading.Lock()

    def describe(self) -> Iterable[Metric]:
        """Names of the families, for the registry."""
        return [family.family() for family in self._families]

    def collect(self) -> Iterable[Metric]:
        """All series as of the last round."""
        with self.lock:
            return [family.family() for family in self._families]
