"""Title and story of each name of finding."""

from collections.abc import Callable
from typing import Final

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, View
from mining.story.departures import inserted_step, model_violation, skipped_step, wrong_order
from mining.story.durations import hours, humanise
from mining.story.errors import system_error, timeout
from mining.story.fields import field_error
from mining.story.rules import rule_violation
from mining.story.slips import misoperation
from mining.story.stalls import flow_stopped
from mining.story.steps import complex_step, queue_growing, slow_step
from mining.story.waiting import waiting
from mining.story.words import clock, count, day, field, located, number, percent, times, words

Told = tuple[str, str]


def sentences(fact: Fact, view: View, language: Language) -> Told:
    """Title (one line) and story (a few sentences to act on) of a fact."""
    title, parts = TELLERS[fact.name](fact, view, language)
    parts += [_since(fact, view, language), _segment(fact, language)]
    # Chinese sentences stand close together.
    return title, ("" if language == "zh-CN" else " ").join(part for part in parts if part)


def _since(fact: Fact, view: View, language: Language) -> str:
    if fact.since is None or fact.name in ("stuck_case", "flow_stopped"):
        return ""
    return text(language, "It began about {since}.", since=clock(fact.since, view.zone, language))


def _segment(fact: Fact, language: Language) -> str:
    if not fact.segment or fact.name == "slow_role" or "field" in fact.figures:
        return ""
    name, value = located(fact.segment[0], language)
    shown, lift = {"field": name, "value": value}, fact.segment[0][2]
    if lift >= 50:
        return text(language, "Nearly all of it is at {field} {value}.", **shown)
    return text(language, "It concentrates at {field} {value} ({times} times the rest).", **shown, times=times(lift))


def _rare_path(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    f, target = fact.figures, str(fact.subject["target"])
    source = str(fact.subject.get("source", target))
    between = words(f, "between").replace(", ", "、" if language == "zh-CN" else ", ")
    shown = {"source": source, "target": target, "between": between, "cases": count(fact.cases)}
    shown |= {"share": percent(fact.share, language), "usual": percent(number(f, "usual_share"), language)}
    match words(f, "how"):
        case "order":
            shown["first"] = words(f, "first")
            title = text(language, "{target} before {first} in {cases} cases", **shown)
            first = text(
                language,
                "In {cases} cases ({share}) {target} came before {first}, mostly right after {source}; in {usual} of "
                "the cases with both it is the other way round.",
                **shown,
            )
        case "skip":
            title = text(language, "{between} skipped in {cases} cases", **shown)
            first = text(
                language,
                "{cases} cases ({share}) went from {source} straight to {target}, without {between}, which stands "
                "between them in {usual} of the cases.",
                **shown,
            )
        case "exempt":
            title = text(language, "{between} skipped in {cases} cases", **shown)
            needed = words(f, "needed_by")
            if needed:
                first = text(
                    language,
                    "{cases} cases ({share}) went from {source} to {target} without {between}, though by their {field} "
                    "they need it: {usual} of such cases have it.",
                    **shown,
                    field=field(needed, language),
                )
            else:
                first = text(
                    language,
                    "{cases} cases ({share}) went from {source} to {target} without {between}, which {usual} of all "
                    "cases have.",
                    **shown,
                )
        case _:
            title = text(language, "{source} straight to {target} in {cases} cases", **shown)
            first = text(
                language,
                "{cases} cases ({share}) went from {source} straight to {target}; normally something else stands "
                "between.",
                **shown,
            )
    explained = words(f, "explained_by")
    second = (
        text(
            language,
            "Their {field} sets them apart from the other cases, so this may be a way of its own.",
            field=field(explained, language),
        )
        if explained
        else ""
    )
    return title, [first, second]


def _rework_loop(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    f, activity = fact.figures, str(fact.subject["activity"])
    title = text(language, "{activity} done again in {cases} cases", activity=activity, cases=count(fact.cases))
    first = text(
        language,
        "{cases} of {reach} cases with {activity} ({share}) did it more than once, {times} times on average; another "
        "go takes {extra} (median), about {hours} a week.",
        activity=activity,
        cases=count(fact.cases),
        reach=count(number(f, "reach")),
        share=percent(number(f, "share_of_reach"), language),
        times=times(number(f, "times")),
        extra=humanise(number(f, "extra_s"), language),
        hours=hours(fact.hours_per_week, language),
    )
    loop = text(language, "The usual loop: {path}.", path=words(f, "path")) if number(f, "steps") > 2 else ""
    return title, [first, loop]


def _stuck_case(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    f, activity = fact.figures, str(fact.subject["activity"])
    title = text(language, "{cases} cases stuck after {activity}", cases=count(fact.cases), activity=activity)
    first = text(
        language,
        "{cases} open cases have stood after {activity} for {age} (median), the oldest for {oldest}; half of all go on "
        "within {usual}, 99 of 100 within {p99}.",
        cases=count(fact.cases),
        activity=activity,
        age=humanise(number(f, "p50_age_s"), language),
        oldest=humanise(number(f, "oldest_s"), language),
        usual=humanise(max(number(f, "usual_s"), 1.0), language),
        p99=humanise(max(number(f, "p99_s"), 1.0), language),
    )
    back = (
        text(language, "No case that stood this long has ever gone on.")
        if not number(f, "came_back")
        else text(language, "{n} that stood this long did go on.", n=count(number(f, "came_back")))
    )
    customer = (
        text(language, "Mostly the customer takes the next step, so they may have given up.")
        if number(f, "customer")
        else ""
    )
    ends = (
        text(
            language,
            "Of the earlier cases {share} ended here for good, so it may be an end of its own.",
            share=percent(number(f, "ends_share"), language),
        )
        if number(f, "ends")
        else ""
    )
    missed = (
        text(language, "{n} of them are past their deadline.", n=count(fact.deadlines_missed))
        if fact.deadlines_missed
        else ""
    )
    oldest = (
        ""
        if fact.since is None
        else text(language, "The first of them stopped on {day}.", day=day(fact.since, view.zone, language))
    )
    return title, [first, back, customer, ends, missed, oldest]


def _slow_role(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    f = fact.figures
    role, activity = str(fact.subject["role"]), str(fact.subject["activity"])
    shown = {"role": role, "activity": activity, "ratio": times(number(f, "ratio")), "who": words(f, "who")}
    shown |= {
        "own": humanise(number(f, "p50_s"), language),
        "usual": humanise(number(f, "usual_s"), language),
        "hours": hours(fact.hours_per_week, language),
        "events": count(number(f, "events")),
    }
    match words(f, "part"):
        case "past":
            title = text(language, "{role}: {activity} takes {ratio} times as long as before", **shown)
            first = text(
                language,
                "{role} now takes {own} (median) for {activity}, {usual} before; over {events} pieces of work that is "
                "about {hours} a week more.",
                **shown,
            )
        case "role":
            title = text(language, "{role} takes {ratio} times as long for {activity} as others", **shown)
            first = text(
                language,
                "{role} takes {own} (median) for {activity}, other roles {usual} for the same; over {events} pieces of "
                "work that is about {hours} a week more.",
                **shown,
            )
        case _:
            title = text(language, "{role} {who} takes {ratio} times as long for {activity} as others", **shown)
            first = text(
                language,
                "{who} ({role}) takes {own} (median) for {activity}, the others {usual} for the same; over {events} "
                "pieces of work that is about {hours} a week more.",
                **shown,
            )
    return title, [first]


Teller = Callable[[Fact, View, Language], tuple[str, list[str]]]
TELLERS: Final[dict[str, Teller]] = {
    "waiting": waiting,
    "slow_step": slow_step,
    "queue_growing": queue_growing,
    "complex_step": complex_step,
    "rare_path": _rare_path,
    "model_violation": model_violation,
    "skipped_step": skipped_step,
    "inserted_step": inserted_step,
    "wrong_order": wrong_order,
    "rework_loop": _rework_loop,
    "rule_violation": rule_violation,
    "system_error": system_error,
    "timeout": timeout,
    "field_error": field_error,
    "misoperation": misoperation,
    "stuck_case": _stuck_case,
    "flow_stopped": flow_stopped,
    "slow_role": _slow_role,
}
"""One for each name of finding."""
