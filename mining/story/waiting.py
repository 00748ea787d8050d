"""Title and story of `bottleneck/waiting`."""

from math import ceil

from collector.vocabulary.languages import Language, text
from mining.findings._columns import weeks
from mining.findings.facts import Fact, View
from mining.story.durations import hours, humanise
from mining.story.words import clock, count, day, field, number, percent, times, words


def waiting(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """Title and sentences; by the sign that makes the wait more than lead time."""
    window = max(1, round(weeks(view.arena) * 7))
    f = fact.figures
    shown: dict[str, str] = {
        "source": str(fact.subject["source"]),
        "target": str(fact.subject["target"]),
        "p50": humanise(number(f, "p50_s"), language),
        "p90": humanise(number(f, "p90_s"), language),
        "extra": humanise(number(f, "extra_s"), language),
        "hours": hours(fact.hours_per_week, language),
        "cases": count(fact.cases),
        "share": percent(fact.share, language),
        "part": percent(number(f, "part_of_all"), language),
        "days": str(window),
        "ratio": times(number(f, "ratio")),
    }
    title, first = _told(fact, view, language, shown)
    spread = text(
        language,
        "From {source} to {target} half of all cases wait over {p50}, one in ten over {p90}: {part} of all waiting.",
        **shown,
    )
    return title, [first, spread, *_why(fact, language), *_besides(fact, view, language), *_unknown(fact, language)]


def _why(fact: Fact, language: Language) -> list[str]:
    """The causes that took a tenth or more, the largest first."""
    shares = {} if fact.cause is None else fact.cause.shares
    told = []
    for cause, part in sorted(shares.items(), key=lambda each: -each[1]):
        if part < 0.1:
            continue
        share = percent(part, language)
        match cause:
            case "batching":
                sentence = text(language, "{share} of this waiting passed until a batch was full.", share=share)
            case "prioritisation":
                sentence = text(
                    language, "{share} of this waiting passed while work that came later was done first.", share=share
                )
            case "contention":
                sentence = text(
                    language,
                    "{share} of this waiting passed while those who do it were busy with work that came earlier.",
                    share=share,
                )
            case "unavailability":
                sentence = text(
                    language, "{share} of this waiting passed while those who do it were off duty.", share=share
                )
            case _:
                sentence = text(
                    language,
                    "{share} of this waiting neither people nor shifts nor batches explain: it may be somebody "
                    "outside, a timer, or that nobody knew.",
                    share=share,
                )
        told.append(sentence)
    if words(fact.figures, "pattern") == "contended" and shares.get("unavailability", 0.0) >= 0.1:
        told.append(text(language, "Those hours pass with a queue that was not empty at closing time."))
    return told


def _besides(fact: Fact, view: View, language: Language) -> list[str]:
    """The change before it, deadlines missed for it, and where it goes."""
    told = []
    if fact.change is not None:
        when = clock(fact.change.time, view.zone, language)
        told.append(
            text(
                language,
                "Shortly before, on {when}, {system} was changed ({what}): look there first.",
                when=when,
                system=fact.change.system,
                what=fact.change.what,
            )
        )
    if fact.deadlines_missed:
        told.append(text(language, "Deadlines missed for this alone: {missed}.", missed=count(fact.deadlines_missed)))
    trend = number(fact.figures, "trend_s")
    if abs(trend) >= 0.05 * number(fact.figures, "p50_s") > 0:
        change = humanise(abs(trend), language)
        if trend > 0:
            told.append(text(language, "The median has grown by about {change} a week.", change=change))
        else:
            told.append(text(language, "The median has shrunk by about {change} a week.", change=change))
    return told


def _unknown(fact: Fact, language: Language) -> list[str]:
    """What the data cannot tell."""
    told = []
    if "no_actors" in fact.figures:
        told.append(text(language, "Nobody is recorded as doing it, so queues and shifts cannot be seen here."))
    if "estimated" in fact.figures:
        told.append(text(language, "Only ends are recorded, so waits end at estimated starts."))
    if "short" in fact.figures:
        told.append(text(language, "The history is shorter than two weeks: what weekdays bring is uncertain."))
    return told


def _told(fact: Fact, view: View, language: Language, shown: dict[str, str]) -> tuple[str, str]:
    f = fact.figures
    match words(f, "pattern"):
        case "unattended":
            shown |= {
                "begin": words(f, "from_hour"),
                "end": words(f, "to_hour"),
                "own": percent(number(f, "part"), language),
            }
            return text(
                language, "{target}: nobody on duty from {begin} to {end} h, cases wait {extra} longer", **shown
            ), text(
                language,
                "In the last {days} days {cases} cases waited {extra} longer on average because nobody is on duty at "
                "{target} from {begin} to {end} h, when cases still come in ({own} of its waiting), about {hours} a "
                "week.",
                **shown,
            )
        case "batched":
            shown |= {
                "size": count(number(f, "size")),
                "every": humanise(number(f, "every_s"), language),
                "hour": words(f, "hour"),
            }
            return text(language, "{target}: done in batches, cases wait {extra}", **shown), text(
                language,
                "In the last {days} days {cases} cases waited {extra} on average because {target} is done in batches, "
                "about every {every} and mostly at {hour} h, some {size} at a time; about {hours} a week.",
                **shown,
            )
        case "contended":
            shown |= {
                "queue": count(ceil(number(f, "queue"))),
                "actors": times(number(f, "actors")),
                "busy": percent(number(f, "busy"), language),
            }
            return text(language, "{target}: too few people, cases queue {extra}", **shown), text(
                language,
                "In the last {days} days {cases} cases queued {extra} on average at {target}, with {actors} at "
                "work at a time; up to {queue} cases wait; {busy} of those that queue are taken the moment "
                "somebody gets free. About {hours} a week.",
                **shown,
            )
        case "risen":
            shown |= {"before": humanise(number(f, "before_s"), language)}
            if fact.since is not None:
                shown |= {"since": day(fact.since, view.zone, language)}
            return text(language, "{target}: waiting {ratio} times as long since {since}", **shown), text(
                language,
                "Since {since} {cases} cases have waited {extra} longer on average for {target}; before it was "
                "{before}. That is about {hours} a week.",
                **shown,
            )
        case "uneven":
            name, value = fact.segment[0][:2] if fact.segment else ("", "")
            shown |= {
                "field": field(name, language),
                "value": value,
                "rest": humanise(number(f, "rest_s"), language),
            }
            return text(language, "{target}: {field} {value} waits {ratio} times as long", **shown), text(
                language,
                "In the last {days} days {cases} cases of {field} {value} waited {extra} longer on average for "
                "{target} than others at the same time, who wait {rest}; about {hours} a week.",
                **shown,
            )
        case "outside":
            return text(language, "{source} → {target}: the customer takes {p50}", **shown), text(
                language,
                "In the last {days} days {cases} cases ({share}) waited here for the customer; nothing says that it "
                "is longer than usual.",
                **shown,
            )
        case _ if fact.cause is not None and fact.cause.name != "extraneous":
            return text(language, "{source} → {target}: one case in ten waits over {p90}", **shown), text(
                language,
                "In the last {days} days {cases} cases ({share}) waited here; that may be usual for this work.",
                **shown,
            )
        case _:
            return text(language, "{source} → {target}: takes {p50} as a rule", **shown), text(
                language,
                "In the last {days} days {cases} cases ({share}) waited here; no hour, day, group or queue stands "
                "out, so this looks like the normal lead time.",
                **shown,
            )
