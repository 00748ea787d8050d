"""One bottleneck in full: what happens, why, since when, for whom, which cases, what to try, how to check."""

from dataclasses import asdict
from typing import Final

from api.bottlenecks import pictures
from api.bottlenecks.context import Context
from api.bottlenecks.material import Material
from api.bottlenecks.model import Advice, Contrast, Example, Section, Shown
from api.bottlenecks.ranking import Place
from api.bottlenecks.redesigning import redesign
from api.html_report.humanise import short, whole
from mining.bottlenecks.passages import Pair
from mining.report import Finding, Transition

EXAMPLES: Final = 5
LARGE: Final = 0.15
"""Share from which a cause is explained."""
HOW: Final = {
    "batching": "{share} batching: the work was done together with others, and waited until the last of them had come.",
    "prioritisation": "{share} prioritisation: others that came later were done first.",
    "contention": "{share} contention: whoever did it was busy with work that had come earlier.",
    "unavailability": "{share} unavailability: by the calendar, given or learned, nobody who does this was on duty.",
    "extraneous": "{share} extraneous: people were on duty and free; an outside party, a timer, or nobody knew of it.",
}


def section(
    number: int,
    anchor: str,
    place: Place,
    found: Material | None,
    context: Context,
) -> Section:
    """The section of one place; what is not known of a finding is said. Where nothing was found parts stay empty."""
    say = context.say
    pair, transition, finding = place.pair, place.transition, place.finding
    source, target = pair
    shares = shares_of(transition, finding)
    lines = found.lines.get(pair) if found else None
    load = found.loads.get(target) if found and transition is not None else None
    standing = context.standings.get(finding.id) if finding is not None else None
    return Section(
        number=number,
        anchor=anchor,
        title=finding.title if finding is not None else f"{source} → {target}",
        labels=_labels(finding, context),
        severity=finding.severity if finding is not None else "info",
        url=context.finding_url(finding.id) if finding is not None else "",
        story=finding.story if finding is not None else _nothing(place, context),
        facts=_facts(transition, finding, context),
        causes=context.bar(shares),
        why=(say("This is about the step itself, not waiting before it."),)
        if is_work(place)
        else _why(shares, context),
        since=_since(finding, context),
        contrasts=tuple(_contrast(finding, context)),
        for_whom=_for_whom(finding, context),
        cases=tuple(Example(case, context.case_url(case)) for case in _cases(finding)),
        traces=tuple(Example(trace) for trace in (finding.evidence.traces[:EXAMPLES] if finding is not None else ())),
        advice=_advice(finding, context),
        check=_check(pair, transition, finding, context),
        redesign=redesign(standing, context) if standing is not None else None,
        spectrum=pictures.spectrum(lines, source, target, context.zone, context.language) if lines else "",
        spectrum_note=_spectrum_note(lines.of, len(lines.begin), context) if lines else "",
        load=pictures.load(load, target, context.zone, context.language) if load is not None else "",
        load_note=say(
            "All that comes to {target}. Capacity is what was done on the best tenth of the days with work: as much as "
            "is known to be possible.",
            target=target,
        )
        if load is not None
        else "",
    )


def shares_of(transition: Transition | None, finding: Finding | None) -> dict[str, float]:
    """The causes of a bottleneck: those of all its waiting where that was split, else those the finding names."""
    if transition is not None and transition.causes_s is not None:
        return asdict(transition.causes_s)
    return finding.cause.shares if finding is not None and finding.cause is not None else {}


def is_work(place: Place) -> bool:
    """Whether it is about the step itself."""
    return (
        place.transition is None and place.finding is not None and place.finding.name in ("slow_step", "complex_step")
    )


def _nothing(place: Place, context: Context) -> str:
    if place.like is not None:
        return context.say("Cases wait here for the same reason as in: {title}.", title=place.like.title)
    return context.say("Cases wait here; nothing says that it is more than the normal lead time of this step.")


def _cases(finding: Finding | None) -> tuple[str, ...]:
    return finding.evidence.cases[:EXAMPLES] if finding is not None else ()


def _labels(finding: Finding | None, context: Context) -> tuple[str, ...]:
    if finding is None:
        return ()
    status = context.word("status", finding.status)
    owner = (finding.owner,) if finding.owner else ()
    return (
        context.word("severity", finding.severity),
        context.word("name", f"{finding.kind}/{finding.name}"),
        context.say("confidence {share}", share=context.percent(finding.confidence)),
        *((status,) if finding.status != "open" else ()),
        *owner,
    )


def _facts(transition: Transition | None, finding: Finding | None, context: Context) -> tuple[tuple[str, Shown], ...]:
    say = context.say
    facts: list[tuple[str, Shown]] = []
    if finding is not None:
        impact = finding.impact
        cases = say("{n} ({share})", n=whole(impact.cases), share=context.percent(impact.share))
        facts += [(say("Cases touched"), Shown(cases)), (say("Lost a week"), context.hours(impact.hours_per_week))]
        if impact.money_per_week is not None:
            facts.append((say("Money a week"), Shown(context.money(impact.money_per_week))))
        if impact.deadlines_missed is not None:
            facts.append((say("Deadlines missed"), Shown(whole(impact.deadlines_missed))))
    if transition is not None:
        facts += [
            (say("Median wait"), context.duration(transition.waiting_s.p50)),
            (say("90 % wait at most"), context.duration(transition.waiting_s.p90)),
        ]
    elif finding is not None:
        for name, label in (("p50_s", "Median"), ("p90_s", "90 % take at most")):
            value = finding.evidence.figures.get(name)
            if isinstance(value, int | float):
                facts.append((say(label), context.duration(float(value))))
    return tuple(facts)


def _why(shares: dict[str, float], context: Context) -> tuple[str, ...]:
    whole_share = sum(shares.get(name, 0.0) for name in HOW)
    if whole_share <= 0:
        return (context.say("The cause is not known: this waiting was not split by cause."),)
    ordered = sorted(HOW, key=lambda name: -shares.get(name, 0.0))
    large = [name for name in ordered if shares.get(name, 0.0) / whole_share >= LARGE]
    return tuple(
        context.say(HOW[name], share=context.percent(shares[name] / whole_share)) for name in large or ordered[:1]
    )


def _since(finding: Finding | None, context: Context) -> tuple[str, ...]:
    if finding is None:
        return ()
    if finding.since is None:
        return (context.say("As far back as the log reaches: no day is known on which it began."),)
    told = [context.say("Since {moment}.", moment=context.when(finding.since))]
    if not finding.change:
        told.append(context.say("No change is known of shortly before it."))
        return tuple(told)
    change = finding.change
    said = " · ".join(part for part in (context.when(change["time"]), change["system"], change["what"]) if part)
    if change["time"] <= finding.since:
        told.append(context.say("Shortly before it: {change}. That is when, not proof of why.", change=said))
    else:
        told.append(context.say("About then: {change}. That is when, not proof of why.", change=said))
    return tuple(told)


def _contrast(finding: Finding | None, context: Context) -> list[Contrast]:
    if finding is None:
        return []
    return [
        Contrast(
            context.word("term", part.field),
            " + ".join([part.value, *(f"{context.word('term', more.field)} {more.value}" for more in part.also)]),
            context.links.only(part.field, part.value) if context.links and not part.also else "",
            f"{short(part.lift)} ×",
            whole(part.cases),
            "< 0.001" if part.p_value < 0.001 else f"{part.p_value:.3f}",
        )
        for part in finding.segment
    ]


def _for_whom(finding: Finding | None, context: Context) -> str:
    if finding is None:
        return ""
    if not finding.segment:
        return context.say("It does not concentrate anywhere that the log can tell: all are touched alike.")
    return context.say("Slow cases against normal ones; p is corrected for the number of comparisons.")


def _advice(finding: Finding | None, context: Context) -> tuple[Advice, ...]:
    found = []
    for each in finding.suggestions if finding is not None else ():
        gain = ""
        if each.gain_hours_per_week is not None:
            gain = context.say("saves about {hours} a week", hours=context.hours(each.gain_hours_per_week).text)
            if each.interval is not None:
                low, high = (context.hours(value).text for value in each.interval)
                gain = context.say("{gain} ({low} to {high})", gain=gain, low=low, high=high)
        found.append(Advice(each.detail or context.word("lever", each.lever), context.word("owner", each.owner), gain))
    return tuple(found)


def _check(pair: Pair, transition: Transition | None, finding: Finding | None, context: Context) -> str:
    if finding is None:
        return ""
    if transition is None:
        return context.say(
            'Set this finding to "in redesign" before you begin: its present figures are frozen. Enter the date when '
            "the change is done; two weeks later the report says what it brought."
        )
    return context.say(
        'Set this finding to "in redesign" before you begin: its present figures are frozen. Enter the date when '
        "the change is done; two weeks later the report says whether the wait from {source} to {target}, now {p50} "
        "in the median, got shorter: same weekdays, same mix of cases, with an interval.",
        source=pair[0],
        target=pair[1],
        p50=context.duration(transition.waiting_s.p50).text,
    )


def _spectrum_note(of: int, shown: int, context: Context) -> str:
    said = context.say(
        "Each line is a case: above when it left the one step, below when it reached the next; the flatter, the longer."
    )
    if shown < of:
        sampled = context.say("Drawn are {shown} of {of}, evenly picked.", shown=whole(shown), of=whole(of))
        return context.joined(said, sampled)
    return said
