"""What the receiver says about itself."""

from prometheus_client import CollectorRegistry, Counter, ProcessCollector, generate_latest

from collector import metrics


class ReceiverMetrics:
    """The receiver's counters on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.received = self._counter(metrics.RECEIVED, "Requests that came in.", "signal")
        self.rejected = self._counter(metrics.REJECTED, "Requests answered with an error.", "signal", "reason")
        self.acknowledged = self._counter(metrics.ACKNOWLEDGED, "Requests safe on disk.", "signal")
        for signal in ("traces", "logs"):
            self.received.labels(signal)
            self.acknowledged.labels(signal)

    def render(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)
