"""Title, story and levers of `field_error`."""

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, View
from mining.story.durations import humanise
from mining.story.words import clock, count, number, percent, words


def field_error(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """Which field of which form is wrong, how it looks and should look, since which change, what follows."""
    f = fact.figures
    shown = {
        "field": str(fact.subject["field"]),
        "activity": str(fact.subject["activity"]),
        "rate": percent(number(f, "rate"), language),
        "wrong": count(number(f, "wrong")),
        "runs": count(number(f, "runs")),
        "cases": count(fact.cases),
        "share": percent(fact.share, language),
        "looks": words(f, "looks"),
        "should": words(f, "should"),
    }
    match f["sort"]:
        case "missing":
            title = text(language, "{activity}: {field} is missing in {rate}", **shown)
            first = text(
                language,
                "{field} is missing in {wrong} of {runs} runs of {activity}, touching {cases} cases ({share}).",
                **shown,
            )
        case "malformed":
            title = text(language, "{activity}: {field} is malformed in {rate}", **shown)
            first = text(
                language,
                "{field} has the form {looks} instead of {should} in {wrong} of {runs} runs of {activity}, touching "
                "{cases} cases ({share}); 9 stands for a digit, a for a word.",
                **shown,
            )
        case "range":
            title = text(language, "{activity}: {field} is of another size in {rate}", **shown)
            first = text(
                language,
                "{field} is about {looks} instead of {should} (median) in {wrong} of {runs} runs of {activity}, "
                "touching {cases} cases ({share}): another unit, perhaps.",
                **shown,
            )
        case _:
            title = text(language, "{activity}: {field} differs from the step before in {rate}", **shown)
            first = text(
                language,
                "{field} is another at {activity} than before in the same case in {wrong} of {runs} runs, touching "
                "{cases} cases ({share}).",
                **shown,
            )
    return title, [first, *_course(fact, view, language), *_harm(fact, language)]


def detail(lever: str, language: Language) -> str | None:
    """A lever of this finding as a sentence; None for others."""
    match lever:
        case "check_field":
            return text(language, "Check the field in the form, and refuse what the next step cannot use.")
        case "mend_records":
            return text(language, "Complete or correct the field in the open cases before the next step needs it.")
        case _:
            return None


def _course(fact: Fact, view: View, language: Language) -> list[str]:
    f, told = fact.figures, []
    if f.get("after") is not None:
        told.append(
            text(
                language,
                "Before it was {before}, since then {after}.",
                before=percent(number(f, "before"), language),
                after=percent(number(f, "after"), language),
            )
        )
    if f.get("also"):
        told.append(text(language, "The same shows at {steps}.", steps=words(f, "also")))
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


def _harm(fact: Fact, language: Language) -> list[str]:
    f, told = fact.figures, []
    if f.get("errors_later") is not None:
        told.append(
            text(
                language,
                "Of these cases {own} meet an error later, of the others {usual}.",
                own=percent(number(f, "errors_later"), language),
                usual=percent(number(f, "errors_usual"), language),
            )
        )
    if f.get("rework_later") is not None:
        told.append(
            text(
                language,
                "In {own} of them work is done again later, in {usual} of the others.",
                own=percent(number(f, "rework_later"), language),
                usual=percent(number(f, "rework_usual"), language),
            )
        )
    if f.get("longer_s") is not None:
        told.append(
            text(
                language,
                "They take {own} (median) to the end, the others {usual}.",
                own=humanise(number(f, "longer_s"), language),
                usual=humanise(number(f, "usual_s"), language),
            )
        )
    if not told:
        told.append(text(language, "What follows is not worse than for others so far."))
    if f.get("meant"):
        told.append(text(language, "It may be meant so: ask whoever made the change."))
    return told
