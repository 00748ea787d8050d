"""For whoever is on call: is something broken now, where, and can what is shown be trusted?"""

from grafana_foundation_sdk.models.dashboard import Dashboard

from collector.vocabulary.languages import Language
from dashboards import panels
from dashboards.frame import frame
from dashboards.infinity import PROCESS_PATH, Column, InfinityQuery
from dashboards.panels import About
from dashboards.queries import DEADLINES, EVENTS, RATE, chosen, error_share, node_graph, rate, total
from mining import names


def on_call(language: Language) -> Dashboard:
    """Figures, flow against last week, errors, deadlines, where cases stand, Houtai itself."""
    nodes, edges = node_graph()
    bad = ((1.0, "red"),)
    firing = 'count(ALERTS{alertstate="firing",alertname!="Watchdog",process=~"$process|"}) or vector(0)'
    missed = 'met="false"'
    rounds = f"histogram_quantile(0.9, sum by (le) (rate({names.MINING_RUN_SECONDS}_bucket[{RATE}])))"
    dead = f"sum by (reason) (rate({names.COLLECTOR_DEAD_LETTERS}_total[{RATE}])) > 0"
    delivered = f"sum by (urgency, outcome) (rate({names.ALERT_DELIVERIES}_total[{RATE}]))"
    return frame(
        names.DASHBOARD_ON_CALL,
        "Houtai · On call",
        "Whether something is broken now, where, and whether Houtai itself is up to date. For whoever is on call.",
        "now-3h",
        language,
        (
            panels.number(
                About("Alerts", "Alerts that fire now, for this process or for Houtai itself.", "short", 4, 4),
                language,
                firing,
                bad,
            ),
            panels.number(
                About("Deadlines missed", "Deadlines missed in the period.", "short", 4, 4),
                language,
                f"round({total(DEADLINES, missed)})",
                bad,
            ),
            panels.number(
                About("Errors", "Share of the events that ended in error.", "percentunit", 4, 4),
                language,
                error_share(),
                ((0.01, "orange"), (0.05, "red")),
            ),
            panels.number(
                About("Oldest open case", "Time since its first event.", "s", 4, 4),
                language,
                f"max({names.OLDEST_OPEN_CASE_SECONDS}{chosen()})",
            ),
            panels.number(
                About(
                    "Miner behind", "Age of the oldest event not yet taken in; figures are as old as that.", "s", 4, 4
                ),
                language,
                f"max({names.MINING_LAG_SECONDS})",
                ((60.0, "orange"), (300.0, "red")),
            ),
            panels.number(
                About("Collector behind", "Age of the oldest record not yet converted.", "s", 4, 4),
                language,
                f"max({names.COLLECTOR_WAL_AGE})",
                ((60.0, "orange"), (120.0, "red")),
            ),
            panels.course(
                About(
                    "Events, now and a week ago",
                    "Events a second. Far below the week before: the flow may have stopped.",
                    "short",
                    12,
                ),
                language,
                {"now": rate(EVENTS), "a week ago": rate(EVENTS, offset="1w")},
            ),
            panels.course(
                About(
                    "Events by activity",
                    "Events a second. The first activity that falls to zero is where it stopped.",
                    "short",
                    12,
                ),
                language,
                {"{{activity}}": f"topk(10, {rate(EVENTS, by='activity')})"},
            ),
            panels.course(
                About(
                    "Errors by activity", "Share of the events of an activity that ended in error.", "percentunit", 12
                ),
                language,
                {"{{activity}}": f"topk(5, {error_share('activity')} > 0)"},
            ),
            panels.course(
                About("Errors by system", "Share of the events of a system that ended in error.", "percentunit", 12),
                language,
                {"{{system}}": f"topk(5, {error_share('system')} > 0)"},
            ),
            panels.live_map(
                About(
                    "What flows now",
                    "Activities and successions of the period with their counts, seen live.",
                    "short",
                    12,
                    14,
                ),
                language,
                nodes,
                edges,
            ),
            panels.ranking(
                About("Open cases by last activity", "Where the cases stand that are not finished.", "short", 6, 14),
                language,
                f"topk(12, {names.OPEN_CASES}{chosen()} > 0)",
                "{{activity}}",
            ),
            panels.ranking(
                About(
                    "Oldest open case by last activity",
                    "Time since the first event of the oldest one that stands there.",
                    "s",
                    6,
                    14,
                ),
                language,
                f"topk(12, {names.OLDEST_OPEN_CASE_SECONDS}{chosen()})",
                "{{activity}}",
            ),
            panels.course(
                About("Deadlines", "Deadlines met and missed a second; an empty step is the whole case.", "short", 12),
                language,
                {"{{step}} {{met}}": rate(DEADLINES, by="step, met")},
            ),
            panels.rows(
                About("What must be looked at now", "Findings that are a page, from the API.", "none", 12),
                language,
                InfinityQuery(
                    f"{PROCESS_PATH}/findings",
                    'items.#(urgency=="page")#',
                    (
                        Column("title", "Finding"),
                        Column("impact.cases", "Cases", "number"),
                        Column("since", "Since", "timestamp"),
                        Column("suggestions.0.detail", "What to try"),
                        Column("owner", "Owner"),
                    ),
                    {"lang": language},
                ),
            ),
            panels.course(
                About(
                    "Requests of the collector",
                    "Requests a second: received, acknowledged (safe on disk), rejected.",
                    "reqps",
                    8,
                ),
                language,
                {
                    "received": f"sum(rate({names.COLLECTOR_RECEIVED}_total[{RATE}]))",
                    "acknowledged": f"sum(rate({names.COLLECTOR_ACKNOWLEDGED}_total[{RATE}]))",
                    "rejected {{reason}}": f"sum by (reason) (rate({names.COLLECTOR_REJECTED}_total[{RATE}])) > 0",
                },
            ),
            panels.course(
                About("Converted", "Spans read, events written, and what could not be read, a second.", "short", 8),
                language,
                {
                    "spans": f"sum(rate({names.COLLECTOR_SPANS}_total[{RATE}]))",
                    "events {{process}}": f"sum by (process) (rate({names.COLLECTOR_EVENTS}_total[{RATE}]))",
                    "dead letters {{reason}}": dead,
                },
            ),
            panels.course(
                About("Write-ahead log", "Bytes that wait to be converted.", "bytes", 8),
                language,
                {"bytes": f"sum({names.COLLECTOR_WAL_BYTES})"},
            ),
            panels.course(
                About("Rounds of the miner", "Nine of ten rounds took less.", "s", 8),
                language,
                {"p90 of the seconds": rounds},
            ),
            panels.course(
                About("Events held", "Events in the miner's memory, by process.", "short", 8),
                language,
                {"{{process}}": f"sum by (process) ({names.MINING_EVENTS_HELD})"},
            ),
            panels.course(
                About(
                    "Messages delivered", "Messages the service itself sent, or could not send, a second.", "short", 8
                ),
                language,
                {"{{urgency}} {{outcome}}": delivered},
            ),
        ),
    )
