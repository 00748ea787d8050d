"""For product managers: where do cases wait, since when, and what does it cost?"""

from grafana_foundation_sdk.models.dashboard import Dashboard

from collector.vocabulary.languages import Language
from dashboards import panels
from dashboards.frame import frame
from dashboards.infinity import PROCESS_PATH, Column, InfinityQuery
from dashboards.panels import CAUSE_COLOURS, About
from dashboards.queries import EDGES, RATE, WAITING, chosen, quantile, rate, total
from mining import names


def bottlenecks(language: Language) -> Dashboard:
    """Figures, the map, what waits where, findings, variants."""
    bad = ((1.0, "orange"),)
    cases = f"{names.CASE_DURATION_SECONDS}_count"
    bad_ones = chosen('severity=~"warning|critical"')
    warnings = f"sum({names.FINDINGS}{bad_ones}) or vector(0)"
    mean_wait = f"topk(5, {rate(WAITING, by='source, target')} / {rate(EDGES, by='source, target')})"
    said = {"lang": language}
    return frame(
        names.DASHBOARD_BOTTLENECKS,
        "Houtai · Bottlenecks",
        "Where cases wait, since when, and what to try. For product managers.",
        "now-7d",
        language,
        (
            panels.number(
                About("Findings", "Findings at warning or above that are there now.", "short", 4, 4),
                language,
                warnings,
                bad,
            ),
            panels.number(
                About("Open cases", "Cases that are not finished.", "short", 4, 4),
                language,
                f"sum({names.OPEN_CASES}{chosen()})",
            ),
            panels.number(
                About("Cases finished", "Cases that closed in the period, seen live.", "short", 4, 4),
                language,
                total(cases),
            ),
            panels.number(
                About("Median duration", "Half of the cases that closed in the period took less.", "s", 4, 4),
                language,
                quantile(0.5, names.CASE_DURATION_SECONDS),
            ),
            panels.number(
                About("p90 duration", "Nine of ten cases that closed in the period took less.", "s", 4, 4),
                language,
                quantile(0.9, names.CASE_DURATION_SECONDS),
            ),
            panels.number(
                About("Waited", "Time that cases waited between their activities in the period, added up.", "s", 4, 4),
                language,
                total(WAITING),
            ),
            panels.drawn_map(
                About("Process map", "The paths of most cases with their counts, from all history.", "short", 14, 16),
                language,
                f"{PROCESS_PATH}/map",
                {"format": "nodegraph", **said},
            ),
            panels.ranking(
                About("Waiting by transition", "Where most time was waited in the period, added up.", "s", 10, 16),
                language,
                f"topk(12, {total(WAITING, by='source, target')})",
                "{{source}} → {{target}}",
            ),
            panels.course(
                About(
                    "Cases waiting, by cause",
                    "How many cases wait at a time on average (seconds waited per second), by why they wait.",
                    "short",
                    12,
                ),
                language,
                {"{{cause}}": rate(WAITING, by="cause")},
                stacked=True,
                colours=CAUSE_COLOURS,
            ),
            panels.course(
                About(
                    "Mean wait of the slowest transitions",
                    "Time waited per case that passed, the five longest.",
                    "s",
                    12,
                ),
                language,
                {"{{source}} → {{target}}": mean_wait},
            ),
            panels.rows(
                About(
                    "Findings with what to do",
                    "All findings, the largest impact first, from all history.",
                    "none",
                    24,
                    9,
                ),
                language,
                InfinityQuery(
                    f"{PROCESS_PATH}/findings",
                    "items",
                    (
                        Column("severity", "Severity"),
                        Column("title", "Finding"),
                        Column("impact.hours_per_week", "Hours a week", "number"),
                        Column("impact.cases", "Cases", "number"),
                        Column("since", "Since", "timestamp"),
                        Column("suggestions.0.detail", "What to try"),
                        Column("status", "Status"),
                    ),
                    said,
                ),
                {"Hours a week": "h"},
            ),
            panels.rows(
                About(
                    "Transitions", "Median and p90 of the wait before each activity, from all history.", "none", 12, 10
                ),
                language,
                InfinityQuery(
                    f"{PROCESS_PATH}/report",
                    "transitions",
                    (
                        Column("source", "From"),
                        Column("target", "To"),
                        Column("count", "Count", "number"),
                        Column("waiting_s.p50", "Median wait", "number"),
                        Column("waiting_s.p90", "p90 wait", "number"),
                        Column("waiting_s.total", "Waited in all", "number"),
                    ),
                    said,
                ),
                {"Median wait": "s", "p90 wait": "s", "Waited in all": "s"},
            ),
            panels.rows(
                About("Variants", "The paths that cases take, the commonest first, from all history.", "none", 12, 10),
                language,
                InfinityQuery(
                    f"{PROCESS_PATH}/variants",
                    "items",
                    (
                        Column("path.@tostr", "Path"),
                        Column("cases", "Cases", "number"),
                        Column("share", "Share", "number"),
                        Column("duration_s.p50", "Median duration", "number"),
                        Column("duration_s.p90", "p90 duration", "number"),
                    ),
                    said,
                ),
                {"Share": "percentunit", "Median duration": "s", "p90 duration": "s"},
            ),
            panels.ranking(
                About(
                    "p90 of the service time",
                    "Nine of ten events of the activity took less, in the period.",
                    "s",
                    12,
                    9,
                ),
                language,
                f"topk(12, {quantile(0.9, names.SERVICE_SECONDS, by='activity')})",
                "{{activity}}",
            ),
            panels.spread(
                About("Duration of cases", "How long the cases took that closed at the time.", "s", 12, 9),
                language,
                total(f"{names.CASE_DURATION_SECONDS}_bucket", by="le", over=RATE),
            ),
        ),
    )
