"""PromQL, apart from the panels that show it. Metric names come from `mining/names.py`."""

from mining import names

OF = 'process="$process"'
EVENTS, EDGES = f"{names.EVENTS}_total", f"{names.EDGES}_total"
WAITING, DEADLINES = f"{names.WAITING_SECONDS}_total", f"{names.DEADLINES}_total"
RANGE, RATE = "$__range", "$__rate_interval"


def chosen(*matchers: str) -> str:
    """A selector for the process of the page and `matchers`."""
    return "{" + ",".join([OF, *matchers]) + "}"


def total(metric: str, *matchers: str, by: str = "", over: str = RANGE) -> str:
    """What a counter grew by over the range of the page, summed."""
    return f"sum{_by(by)} (increase({metric}{chosen(*matchers)}[{over}]))"


def rate(metric: str, *matchers: str, by: str = "", offset: str = "") -> str:
    """How fast a counter grows, summed, per second."""
    shift = f" offset {offset}" if offset else ""
    return f"sum{_by(by)} (rate({metric}{chosen(*matchers)}[{RATE}]{shift}))"


def quantile(q: float, histogram: str, by: str = "", over: str = RANGE) -> str:
    """A quantile of a histogram over `over`."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q:g}, {total(f'{histogram}_bucket', by=labels, over=over)})"


def error_share(by: str = "", over: str = RATE) -> str:
    """The share of events that ended in error."""
    failed = chosen('outcome="error"')
    errors = f"sum{_by(by)} (rate({EVENTS}{failed}[{over}]))"
    return f"{errors} / sum{_by(by)} (rate({EVENTS}{chosen()}[{over}]))"


def node_graph() -> tuple[str, str]:
    """Nodes and edges for Grafana's node graph from plain counters: the figure becomes a label at query time.

    Every activity of an edge is a node too, with 0 where nothing came lately: a missing node breaks the panel.
    """
    events = f"round({total(EVENTS, by='activity')})"
    nodes = f'label_replace(label_join({events}, "id", "", "activity"), "title", "$1", "activity", "(.*)")'
    edges = f'label_join(round({total(EDGES, by="source, target")}) > 0, "id", "->", "source", "target")'
    return (
        f'count_values by (id, title) ("mainstat", {nodes})',
        f'count_values by (id, source, target) ("mainstat", {edges})',
    )


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
