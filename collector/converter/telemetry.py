"""What the converter says about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from collector import metrics


class ConverterMetrics:
    """The converter's counters and gauges on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.spans = Counter(metrics.SPANS, "Spans the converter has read.", registry=self.registry)
        self.events = Counter(metrics.EVENTS, "Events written to segments.", ["process"], registry=self.registry)
        self.duplicates = Counter(metrics.DUPLICATES, "Spans seen before and left out.", registry=self.registry)
        self.unnamed_logs = Counter(
            metrics.UNNAMED_LOGS, "Log records without an event name that nothing wants.", registry=self.registry
        )
        self.wal_bytes = Gauge(
            metrics.WAL_BYTES, "Bytes in the write-ahead log not yet converted.", registry=self.registry
        )
        self.wal_age = Gauge(
            metrics.WAL_AGE, "Age of the oldest record not yet converted; 0 without one.", registry=self.registry
        )
        self.forgotten = Counter(
            metrics.FORGOTTEN, "State for late arrivals that fell out of its bound.", ["what"], registry=self.registry
        )
        self.without_case = Gauge(
            metrics.WITHOUT_CASE,
            "Events that could not be tied to a case yet.",
            ["process", "reason"],
            registry=self.registry,
        )
