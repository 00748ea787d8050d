"""For managers: how do the roles fare? Roles, never single people."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from collector.vocabulary.languages import Language
from dashboards import panels
from dashboards.frame import frame
from dashboards.infinity import PROCESS_PATH, Column, InfinityQuery
from dashboards.panels import About
from dashboards.queries import EVENTS, RANGE, chosen, error_share, rate, total
from mining import names

WORKED = 'role!=""'


def roles(language: Language) -> Dashboard:
    """Figures, work and errors by role, the table of roles, handovers, findings about roles."""
    said = {"lang": language}
    share = f"sum(increase({EVENTS}{chosen(WORKED)}[{RANGE}])) / sum(increase({EVENTS}{chosen()}[{RANGE}]))"
    about_roles = chosen('kind="role"')
    return frame(
        names.DASHBOARD_ROLES,
        "Houtai · Roles",
        "How much each role does, how it waits and errs, and who hands over to whom. For managers.",
        "now-7d",
        language,
        (
            panels.number(
                About("Findings about roles", "Findings of the kind role that are there now.", "short", 6, 4),
                language,
                f"sum({names.FINDINGS}{about_roles}) or vector(0)",
                ((1.0, "orange"),),
            ),
            panels.number(
                About("Events by people", "Events done in a role in the period, seen live.", "short", 6, 4),
                language,
                total(EVENTS, WORKED),
            ),
            panels.number(
                About(
                    "Share done by people", "Events done in a role, of all events of the period.", "percentunit", 6, 4
                ),
                language,
                share,
            ),
            panels.number(
                About("Roles at work", "Roles with at least one event in the period.", "short", 6, 4),
                language,
                f"count({total(EVENTS, WORKED, by='role')} > 0)",
            ),
            panels.rows(
                About(
                    "Roles",
                    "What each role did, how long it took, what waited for it, from all history.",
                    "none",
                    24,
                    9,
                ),
                language,
                InfinityQuery(
                    f"{PROCESS_PATH}/roles",
                    "items",
                    (
                        Column("role", "Role"),
                        Column("actors", "People", "number"),
                        Column("events", "Events", "number"),
                        Column("cases", "Cases", "number"),
                        Column("service_s.p50", "Median service time", "number"),
                        Column("service_s.p90", "p90 service time", "number"),
                        Column("waiting_caused_s", "Waited for it", "number"),
                        Column("rework", "Rework", "number"),
                        Column("errors", "Errors", "number"),
                    ),
                    said,
                ),
                {"Median service time": "s", "p90 service time": "s", "Waited for it": "s"},
            ),
            panels.course(
                About("Events by role", "Events a second, stacked: who is at work when.", "short", 12, 9),
                language,
                {"{{role}}": rate(EVENTS, WORKED, by="role")},
                stacked=True,
            ),
            panels.course(
                About("Errors by role", "Share of the events of a role that ended in error.", "percentunit", 12, 9),
                language,
                {"{{role}}": f"{error_share('role')} > 0"},
            ),
            panels.ranking(
                About("Work by role", "Events of the period by role.", "short", 8, 10),
                language,
                f"topk(15, {total(EVENTS, WORKED, by='role')})",
                "{{role}}",
            ),
            panels.ranking(
                About("Work by role and activity", "Events of the period: what each role does most.", "short", 8, 10),
                language,
                f"topk(15, {total(EVENTS, WORKED, by='role, activity')})",
                "{{role}} · {{activity}}",
            ),
            panels.rows(
                About(
                    "Handovers",
                    "How often work goes directly from one role to another, from all history.",
                    "none",
                    8,
                    10,
                ),
                language,
                InfinityQuery(
                    f"{PROCESS_PATH}/handovers",
                    "items",
                    (Column("source", "From"), Column("target", "To"), Column("count", "Count", "number")),
                    said,
                ),
            ),
            panels.rows(
                About(
                    "Findings about roles, with what to do",
                    "The largest impact first, from all history.",
                    "none",
                    24,
                    8,
                ),
                language,
                InfinityQuery(
                    f"{PROCESS_PATH}/findings",
                    'items.#(kind=="role")#',
                    (
                        Column("severity", "Severity"),
                        Column("title", "Finding"),
                        Column("impact.hours_per_week", "Hours a week", "number"),
                        Column("impact.cases", "Cases", "number"),
                        Column("suggestions.0.detail", "What to try"),
                    ),
                    said,
                ),
                {"Hours a week": "h"},
            ),
        ),
    )
