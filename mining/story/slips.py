"""Title, story and levers of `misoperation`."""

from typing import Final

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, View
from mining.story.durations import humanise
from mining.story.words import clock, count, number, percent

ONE: Final = 0.8
"""Who has so much of it is the one to talk to."""


def misoperation(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """What is done by mistake, how often, by how many people, since which change."""
    f, activity = fact.figures, str(fact.subject["activity"])
    shown = {
        "activity": activity,
        "other": str(fact.subject.get("target", activity)),
        "rate": percent(number(f, "rate"), language),
        "slips": count(number(f, "slips")),
        "runs": count(number(f, "runs")),
        "cases": count(fact.cases),
        "share": percent(fact.share, language),
        "gap": humanise(number(f, "gap_s"), language),
    }
    match f["sort"]:
        case "undone":
            title = text(language, "{activity}: {rate} are taken back at once with {other}", **shown)
            first = text(
                language,
                "{slips} of {runs} runs of {activity} were taken back with {other} by the same person, {gap} later "
                "(median), and done again, touching {cases} cases ({share}).",
                **shown,
            )
        case "twice":
            title = text(language, "{activity}: {rate} are sent twice", **shown)
            first = text(
                language,
                "{slips} of {runs} runs of {activity} were sent again by the same person {gap} later (median), before "
                "an answer could be read, touching {cases} cases ({share}).",
                **shown,
            )
        case _:
            title = text(language, "After {activity} fails, people do {other} instead", **shown)
            first = text(
                language,
                "After {slips} of {runs} failed runs of {activity} the same person went on with {other}, which hardly "
                "ever comes otherwise, touching {cases} cases ({share}).",
                **shown,
            )
    return title, [first, *_course(fact, view, language)]


def detail(lever: str, language: Language) -> str | None:
    """A lever of this finding as a sentence; None for others."""
    match lever:
        case "ask_before":
            return text(language, "Show what will happen, and ask, before it is sent.")
        case "part_buttons":
            return text(language, "Set apart what is easily mixed up: name, place and colour of the buttons.")
        case "lock_button":
            return text(language, "Lock the button after the first click until the answer is there.")
        case "refuse_double":
            return text(language, "Have the system refuse a second one with the same key.")
        case "mend_way":
            return text(language, "Mend the error, or make the way around it the official one.")
        case _:
            return None


def _course(fact: Fact, view: View, language: Language) -> list[str]:
    f = fact.figures
    told = []
    if f.get("after") is not None:
        told.append(
            text(
                language,
                "The rate rose from {before} to {after}.",
                before=percent(number(f, "before"), language),
                after=percent(number(f, "after"), language),
            )
        )
    people = int(number(f, "people"))
    if number(f, "most_of_one") >= ONE:
        told.append(text(language, "Most of it is one person: show how it is done, before the form is changed."))
    elif people > 1:
        told.append(
            text(
                language,
                "It happens to {people} different people: look at the form rather than at them.",
                people=count(people),
            )
        )
    if fact.change is not None:
        told.append(
            text(
                language,
                "About then, on {when}, {system} was changed ({what}): look there first.",
                when=clock(fact.change.time, view.zone, language),
                system=fact.change.system,
                what=fact.change.what,
            )
        )
    return told
