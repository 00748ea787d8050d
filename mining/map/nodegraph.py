"""The map in the form that Grafana's node graph panel takes."""

from collector.vocabulary.languages import Language, text
from mining.map.layout import Layout, weights
from mining.report import Report
from mining.story.durations import humanise

START, END = "(start)", "(end)"
Row = dict[str, str | int | float | None]


def nodegraph(report: Report, placed: Layout, language: Language) -> dict[str, list[Row]]:
    """`nodes` and `edges` frames as rows; ids are the activities' names. `mainstat` counts, `secondarystat` waits."""
    nodes = {node.activity: node for node in report.nodes}
    heaviest = max((node.waiting_s.total for node in report.nodes), default=0.0)
    counts = weights(report)
    waits = {(t.source, t.target): t.waiting_s.p50 for t in report.transitions}
    node_rows: list[Row] = []
    for box in placed.nodes:
        if box.activity is None:
            start = box.kind == "start"
            title = text(language, "Start of cases") if start else text(language, "End of cases")
            node_rows.append({"id": START if start else END, "title": title, "mainstat": report.log.cases})
            continue
        node = nodes[box.activity]
        caused = node.waiting_s.total / heaviest if heaviest else 0.0
        node_rows.append(
            {
                "id": node.activity,
                "title": node.activity,
                "mainstat": node.cases,
                "secondarystat": _short(node.service_s.p50, language),
                "arc__waiting": round(caused, 4),
                "arc__rest": round(1 - caused, 4),
                "detail__waiting_total_s": node.waiting_s.total,
                "detail__errors": node.errors,
            }
        )
    edge_rows: list[Row] = []
    for edge in placed.edges:
        source, target = edge.source or START, edge.target or END
        median = waits.get((source, target))
        edge_rows.append(
            {
                "id": f"{source} → {target}",
                "source": source,
                "target": target,
                "mainstat": counts.get((edge.source, edge.target), 0),
                "secondarystat": _short(median, language),
                "detail__median_waiting_s": median,
            }
        )
    return {"nodes": node_rows, "edges": edge_rows}


def _short(seconds: float | None, language: Language) -> str:
    return "" if seconds is None else humanise(seconds, language)
