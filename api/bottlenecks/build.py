"""The bottleneck report from the report document, in the six parts that people read."""

from typing import Final

from api.bottlenecks import pictures
from api.bottlenecks.context import CAUSES, Context
from api.bottlenecks.material import Material
from api.bottlenecks.model import BottleneckReport, CausePart, Figure, Mover, Redesigned, Row, Section, Shown, Tone
from api.bottlenecks.ranking import Place, ranked
from api.bottlenecks.redesigning import redesign
from api.bottlenecks.sections import is_work, section, shares_of
from api.html_report import answer
from api.html_report.humanise import whole
from mining.map import Layout, svg
from mining.report import Report
from mining.reporting import STARTS_NOTE

SECTIONS: Final = 8
UNEXPLAINED: Final = 3
"""Sections of transitions without a finding, at most."""
MOVERS: Final = 10
LEAST_MORE: Final = 1.0
"""Hours a week from which a change is told."""


def bottleneck_report(
    report: Report, found: Material | None, context: Context, placed: Layout | None = None
) -> BottleneckReport:
    """Everything that page, file, PDF and workbook show.

    `found` is None where only the document is at hand; `placed` is where the map's parts stand, where that is known.
    """
    say = context.say
    weeks = found.weeks if found else None
    places = ranked(report, weeks)
    rows: list[Row] = []
    sections: list[Section] = []
    unexplained = 0
    for number, place in enumerate(places, 1):
        own = len(sections) < SECTIONS and (place.finding is not None or unexplained < UNEXPLAINED)
        anchor = f"b{number}" if own else ""
        rows.append(_row(number, anchor, place, found, context))
        if own:
            unexplained += place.finding is None
            sections.append(section(number, anchor, place, found, context))
    return BottleneckReport(
        language=context.language,
        process=report.process,
        title=context.title or report.process,
        period=_period(report, context),
        sentence=_sentence(report, places, context),
        figures=_figures(report, found, context),
        compared=_compared(found, context),
        quality=_quality(report, context),
        map=_map(report, context, placed),
        rows=tuple(rows),
        rows_note=_rows_note(places, found, context),
        with_money=any(row.money for row in rows),
        legend=_legend(rows, context),
        sections=tuple(sections),
        redesigned=_redesigned(places, sections, context),
        movers=_movers(found, context),
        movers_note=_movers_note(found, context),
        further=tuple(
            (finding.title, answer.size(finding, report, context.language), context.finding_url(finding.id))
            for finding in report.findings
            if finding.kind != "bottleneck" and finding.status not in ("resolved", "muted")
        ),
        made=say("Made by Houtai from {events} events.", events=whole(report.log.events)),
    )


def _redesigned(places: list[Place], sections: list[Section], context: Context) -> tuple[Redesigned, ...]:
    """Redesigns that no section tells."""
    anchored = {each.number for each in sections}
    told = {p.finding.id for n, p in enumerate(places, 1) if p.finding is not None and n in anchored}
    return tuple(
        Redesigned(
            standing.titles.get(context.language, finding), context.finding_url(finding), redesign(standing, context)
        )
        for finding, standing in context.standings.items()
        if finding not in told
    )


def _map(report: Report, context: Context, placed: Layout | None) -> str:
    if not report.nodes:
        return ""
    links = context.links
    link = (lambda activity: links.only("activity", activity)) if links is not None else None
    return svg(report, context.language, placed=placed, link=link, standalone=False)


def _legend(rows: list[Row], context: Context) -> tuple[CausePart, ...]:
    """All five causes, where any is known."""
    if not any(row.causes for row in rows):
        return ()
    return tuple(CausePart(name, context.word("cause", name), 0.0, 0.0, "") for name in CAUSES)


def _row(number: int, anchor: str, place: Place, found: Material | None, context: Context) -> Row:
    transition, finding = place.transition, place.finding
    if transition is not None:
        cases, p50, p90 = transition.cases, transition.waiting_s.p50, transition.waiting_s.p90
        money = context.price(place.hours)
    else:
        assert finding is not None
        figures = finding.evidence.figures
        p50, p90 = (float(v) if isinstance(v := figures.get(n), int | float) else None for n in ("p50_s", "p90_s"))
        cases, money = finding.impact.cases, None
    if finding is not None and money is None:
        money = finding.impact.money_per_week
    trend = found.trends.get(place.pair, ()) if found else ()
    label = context.say("Hours of waiting in each of the last {n} weeks", n=len(trend))
    return Row(
        number=number,
        anchor=anchor,
        source=place.pair[0],
        target=place.pair[1],
        finding=finding.title if finding is not None else place.like.title if place.like is not None else "",
        hours_per_week=place.hours,
        hours=context.hours(place.hours),
        money=context.money(money),
        cases=whole(cases),
        cases_url=context.links.passing(*place.pair) if context.links and all(place.pair) else "",
        p50=context.duration(p50),
        p90=context.duration(p90),
        causes=context.bar(shares_of(transition, finding)),
        no_causes=context.say("the step itself") if is_work(place) else context.say("not known"),
        since=context.day(finding.since) if finding is not None and finding.since else "",
        trend=pictures.sparkline(trend, label),
    )


def _period(report: Report, context: Context) -> str:
    if report.log.from_ is None:
        return ""
    shown = context.say("{begin} to {end}", begin=context.day(report.log.from_), end=context.day(report.log.to))
    return f"{shown} · {context.say('times in {zone}', zone=context.zone.key)}"


def _sentence(report: Report, places: list[Place], context: Context) -> str:
    if not report.log.events:
        return answer.sentence(report, context.language)
    serious = [p.finding for p in places if p.finding is not None and p.finding.severity != "info"]
    if serious:
        first = serious[0]
        if not first.suggestions:
            return answer.ended(first.title, context.language)
        title, advice = (answer.ended(each, context.language) for each in (first.title, first.suggestions[0].detail))
        return context.say("{title} Try: {advice}", title=title, advice=advice)
    if not places:
        return context.say("Nothing waits in this log.")
    (source, target), total = places[0].pair, sum(t.waiting_s.total for t in report.transitions)
    share = places[0].transition.waiting_s.total / total if places[0].transition and total else 0.0
    return context.say(
        "No bottleneck stands out. Most waiting is between {source} and {target}: {share} of all.",
        source=source,
        target=target,
        share=context.percent(share),
    )


def _figures(report: Report, found: Material | None, context: Context) -> tuple[Figure, ...]:
    say = context.say
    if found is None or found.now is None or found.compared is None or found.periods is None:
        return tuple(
            Figure(f.label, Shown(f.value, context.duration(f.seconds).exact if f.seconds else ""), "", "")
            for f in answer.figures(report, context.language)
        )
    shown, (before, now), per_week = found.now, found.compared, 7 / found.periods.days / 3600
    waits = shown.waiting * per_week
    figures = [
        _figure(
            say("Cases started"), Shown(whole(shown.cases)), now.cases, before.cases, context, less_is_better=False
        ),
        _figure(say("Median case"), context.duration(shown.p50), now.p50, before.p50, context),
        _figure(say("90 % are done within"), context.duration(shown.p90), now.p90, before.p90, context),
        _figure(say("Waiting a week"), context.hours(waits), now.waiting, before.waiting, context),
    ]
    cost = context.price(waits)
    if cost is not None:
        costs = Shown(context.money(cost))
        figures.append(_figure(say("What waiting costs a week"), costs, now.waiting, before.waiting, context))
    return tuple(figures)


def _figure(
    label: str, value: Shown, now: float | None, before: float | None, context: Context, less_is_better: bool = True
) -> Figure:
    if now is None or not before:
        return Figure(label, value, "", "")
    rise = (now - before) / before
    if abs(rise) < 0.005:
        return Figure(label, value, "±0", "flat")
    tone: Tone = "flat"
    if less_is_better:
        tone = "worse" if rise > 0 else "better"
    return Figure(label, value, f"{'▲' if rise > 0 else '▼'} {context.percent(abs(rise))}", tone)


def _compared(found: Material | None, context: Context) -> str:
    if found is None or found.periods is None:
        return context.say("All of the log: it is too short, or has too few cases, to compare two periods.")
    said = context.say("The last {n} days; ▲ ▼ against the {n} days before.", n=found.periods.days)
    return context.joined(said, _fresh(context)) if found.periods.fresh else said


def _fresh(context: Context) -> str:
    return context.say("Compared are cases that began within each: of earlier ones the log knows nothing.")


def _quality(report: Report, context: Context) -> tuple[str, ...]:
    q, say = report.quality, context.say
    counts = (
        (q.dropped, "{count} lines without an activity or a time were left out."),
        (q.without_case, "{count} events name no case and are not looked at."),
        (q.without_end, "{count} steps have a start and no end; they count as events without length."),
        (q.duplicates, "{count} events came twice and count once."),
        (q.late, "{count} events came late; they are in their place now."),
        (q.overlaps, "{count} events overlap the one before them in their case; their gap counts as 0."),
    )
    told = [say(message, count=whole(count)) for count, message in counts if count]
    if q.sampled:
        told.append(say("The log is a sample: counts and hours are too low, shares and medians hold."))
    told += [say(note) for note in q.notes]
    if not told:
        told.append(say("Nothing was missing, late or double."))
    if report.log.open_cases:
        told.append(
            say("{count} cases are open; what they still wait is not in here.", count=whole(report.log.open_cases))
        )
    known = [t for t in report.transitions if t.causes_s is not None]
    if not known:
        told.append(say("Why cases wait is not known: this log was not split by cause."))
    if not any(node.service_s.total for node in report.nodes) and say(STARTS_NOTE) not in told:
        told.append(say("Events have no length in this log: handling time counts as waiting."))
    told.append(
        say(
            "Each finding says how sure it is; from {share} on it counts as certain enough for a warning.",
            share=context.percent(0.8),
        )
    )
    return tuple(told)


def _rows_note(places: list[Place], found: Material | None, context: Context) -> str:
    if not places:
        return context.say("Nothing waits in this log.")
    said = context.say("Hours are all waiting between the two steps, in the mean of a week.")
    if found is None:
        said = context.say("Hours are all waiting between the two steps, of the whole log.")
    return said


def _movers(found: Material | None, context: Context) -> tuple[Mover, ...]:
    if found is None or found.periods is None:
        return ()
    per_week = 7 / found.periods.days / 3600
    told: list[Mover] = []
    for change in found.changes:
        more = change.more * per_week
        if abs(more) < LEAST_MORE or len(told) == MOVERS:
            continue
        medians = context.say(
            "median {before} → {now}",
            before=context.duration(change.before.p50).text,
            now=context.duration(change.now.p50).text,
        )
        shown = context.hours(more).text
        told.append(
            Mover(
                source=change.source,
                target=change.target,
                before=context.hours(change.before.total * per_week),
                now=context.hours(change.now.total * per_week),
                more=shown if more < 0 else f"+{shown}",
                medians=medians,
                tone="worse" if more > 0 else "better",
            )
        )
    return tuple(told)


def _movers_note(found: Material | None, context: Context) -> str:
    if found is None or found.periods is None:
        return context.say("There is no period before it to compare with: the log is too short, or has too few cases.")
    said = context.say("Waiting in hours a week, the last {n} days against the {n} days before.", n=found.periods.days)
    if found.periods.fresh:
        said = context.joined(said, _fresh(context))
    if not any(abs(change.more) * 7 / found.periods.days / 3600 >= LEAST_MORE for change in found.changes):
        return context.joined(said, context.say("Nothing changed by more than an hour a week."))
    return said
