"""Titles, stories and levers of `slow_step`, `queue_growing` and `complex_step`."""

from math import ceil

from collector.vocabulary.languages import Language, text
from mining.findings._columns import weeks
from mining.findings.facts import Fact, View
from mining.story.durations import hours, humanise
from mining.story.words import count, field, number, percent, times, words


def slow_step(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """Title and sentences, by what the step is slow against."""
    f = fact.figures
    shown = {
        "activity": str(fact.subject["activity"]),
        "ratio": times(number(f, "ratio")),
        "p50": humanise(number(f, "p50_s"), language),
        "p90": humanise(number(f, "p90_s"), language),
        "usual": humanise(number(f, "usual_s"), language),
        "usual90": humanise(number(f, "usual_p90_s"), language),
        "cases": count(fact.cases),
        "share": percent(fact.share, language),
        "hours": hours(fact.hours_per_week, language),
        "field": field(words(f, "field"), language),
        "value": words(f, "value"),
    }
    match words(f, "pattern"), bool(words(f, "field")):
        case "risen", False:
            title = text(language, "{activity} takes {ratio} times as long as before", **shown)
            first = text(
                language,
                "{activity} now takes {p50} (median; one in ten over {p90}), before {usual} (over {usual90}), whoever "
                "does it. {cases} cases ({share}), about {hours} a week more.",
                **shown,
            )
        case "risen", True:
            title = text(language, "{activity}: {field} {value} takes {ratio} times as long as before", **shown)
            first = text(
                language,
                "At {field} {value}, {activity} now takes {p50} (median; one in ten over {p90}), before {usual} (over "
                "{usual90}). {cases} cases ({share}), about {hours} a week more.",
                **shown,
            )
        case "uneven", _:
            title = text(language, "{activity}: {field} {value} takes {ratio} times as long as the rest", **shown)
            first = text(
                language,
                "At {field} {value}, {activity} takes {p50} (median; one in ten over {p90}), elsewhere {usual} (over "
                "{usual90}) at the same time. {cases} cases ({share}), about {hours} a week more.",
                **shown,
            )
        case _:
            title = text(language, "{activity}: one in ten takes over {p90}, half under {p50}", **shown)
            first = text(
                language,
                "Half of all runs of {activity} take under {p50}, one in ten over {p90}; what lies over twice the "
                "median is about {hours} a week. The data don't say whether that is harder work or pauses within it.",
                **shown,
            )
    return title, [first, _besides(fact, language)]


def _besides(fact: Fact, language: Language) -> str:
    """What makes one less sure."""
    if "errors" in fact.figures and fact.figures["errors"] is not None:
        share = percent(number(fact.figures, "errors"), language)
        return text(language, "There {share} fail as well, far more than elsewhere: see the errors first.", share=share)
    if words(fact.figures, "pattern") == "uneven" and fact.confidence == 0.7:
        return text(language, "It may be work of another kind; the data don't say.")
    return ""


def queue_growing(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """Title and sentences: how fast it grows, where that leads."""
    f = fact.figures
    shown = {
        "activity": str(fact.subject["activity"]),
        "a_day": times(number(f, "a_day")),
        "now": count(number(f, "now")),
        "before": count(number(f, "before")),
        "arrived": times(number(f, "arrived")),
        "done": times(number(f, "done")),
        "p50": humanise(number(f, "p50_s"), language),
        "p90": humanise(number(f, "p90_s"), language),
        "hours": hours(fact.hours_per_week, language),
        "doubles": times(number(f, "doubles_days")),
    }
    title = text(language, "{activity}: {a_day} more cases wait every day", **shown)
    first = text(
        language,
        "{arrived} a day come to {activity} and {done} are done: where {before} waited there are {now} now. Of what "
        "was taken up since then half waited over {p50}, one in ten over {p90}; about {hours} a week more than before.",
        **shown,
    )
    ahead = text(language, "At this rate twice as many wait in {doubles} days.", **shown)
    if f.get("deadline_days") is None:
        return title, [first, ahead]
    days = number(f, "deadline_days")
    if days == 0:
        limit = text(language, "What joins now will be done past the deadline.")
    else:
        limit = text(language, "What joins in {days} days will be done past the deadline.", days=times(days))
    return title, [first, ahead, limit]


def complex_step(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """Title and sentences: what there is too much of, and what it costs."""
    f = fact.figures
    activity = str(fact.subject["activity"])
    parts = words(f, "parts").split(", ")
    listed = ("、" if language == "zh-CN" else ", ").join(_part(part, f, language) for part in parts)
    title = text(
        language,
        "{activity}: more to it than to other steps ({parts})",
        activity=activity,
        parts=_name(parts[0], language),
    )
    first = text(language, "{activity} stands out among the steps: {parts}.", activity=activity, parts=listed)
    days = max(1, round(weeks(view.arena) * 7))
    shown = {
        "days": str(days),
        "cases": count(fact.cases),
        "share": percent(fact.share, language),
        "p50": humanise(number(f, "p50_s"), language),
        "p90": humanise(number(f, "p90_s"), language),
        "usual": humanise(number(f, "usual_s"), language),
        "hours": hours(fact.hours_per_week, language),
        "worse": times(number(f, "worse")),
        "part": _name(words(f, "part"), language),
    }
    cost = (
        text(
            language,
            "In the last {days} days {cases} cases ({share}) had more of it than usual ({part}) and took {p50} at the "
            "median, one in ten over {p90}, until they went on, others {usual}: about {hours} a week.",
            **shown,
        )
        if number(f, "ratio") >= 1.5
        else ""
    )
    errors = (
        text(language, "Those {cases} cases ({part}) fail {worse} times as often afterwards.", **shown)
        if number(f, "worse") > 1
        else ""
    )
    alone = (
        ""
        if len(parts) > 1
        else text(language, "One of these alone may be in the nature of the work: ask those who do it.")
    )
    return title, [first, cost, errors, alone]


def _name(part: str, language: Language) -> str:
    match part:
        case "branches":
            return text(language, "ways out")
        case "retries":
            return text(language, "goes a case")
        case "fields":
            return text(language, "fields to fill")
        case "systems":
            return text(language, "systems and modules")
        case _:
            return text(language, "hands")


def _part(part: str, figures: dict[str, float | int | str | None], language: Language) -> str:
    return text(
        language,
        "{n} {part} (other steps {usual})",
        n=times(number(figures, part)),
        usual=times(number(figures, f"{part}_median")),
        part=_name(part, language),
    )


def detail(lever: str, fact: Fact, language: Language) -> str | None:
    """A lever of these findings as a sentence; None for others."""
    activity = str(fact.subject.get("activity", ""))
    more = number(fact.figures, "more_hours")
    match lever:
        case "sort_out_long":
            return text(
                language,
                "Have the long runs of {activity} looked at apart, and the reason recorded.",
                activity=activity,
            )
        case "add_hours" if more:
            return text(
                language,
                "Put {n} more hours of work a day on {activity}: one hour does {pace}, and {a_day} a day are left "
                "over. What has piled up needs {once} hours once.",
                activity=activity,
                n=ceil(more),
                pace=times(number(fact.figures, "per_hour")),
                a_day=times(number(fact.figures, "a_day")),
                once=count(ceil(number(fact.figures, "now") / max(number(fact.figures, "per_hour"), 1e-6))),
            )
        case "add_hours":
            return text(
                language,
                "Raise what {activity} gets done by {a_day} a day.",
                activity=activity,
                a_day=times(number(fact.figures, "a_day")),
            )
        case "take_in_less":
            return text(language, "Until then let what is urgent go first, and hold back what may wait.")
        case "fewer_ways":
            return text(
                language,
                "Decide the plain cases of {activity} one way, and send only the others on.",
                activity=activity,
            )
        case "one_place":
            return text(language, "Bring what {activity} needs into one page of one system.", activity=activity)
        case "one_hand":
            return text(language, "Let one person finish {activity} for a case.", activity=activity)
        case _:
            return None
