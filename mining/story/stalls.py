"""Title and story of stoppages."""

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, View
from mining.story.durations import humanise
from mining.story.words import clock, count, field, number, words


def flow_stopped(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """Since when nothing has come from where, what should have come, and what waits for it."""
    f, source = fact.figures, words(fact.figures, "source")
    shown = {
        "field": field(source, language),
        "value": str(fact.subject[source]),
        "silent": humanise(number(f, "silent_s"), language),
        "since": "" if fact.since is None else clock(fact.since, view.zone, language),
    }
    if source == "process":
        title = text(language, "Nothing has happened for {silent}", **shown)
        first = text(language, "Since {since} ({silent}) not one event of this process has come.", **shown)
    else:
        title = text(language, "{field} {value}: nothing has come for {silent}", **shown)
        first = text(
            language,
            "Since {since} ({silent}) nothing has come from {field} {value}, while the rest of the process goes on.",
            **shown,
        )
    usual = text(
        language,
        "At these hours about {expected} moments with events are usual even in a quiet week; its longest pauses before "
        "were {times} times shorter.",
        expected=count(number(f, "expected")),
        times=count(number(f, "expected") / max(number(f, "usual_pause"), 1.0)),
    )
    caught = text(language, "{cases} open cases wait for it.", cases=count(fact.cases)) if fact.cases else ""
    missed = (
        text(language, "{n} of them are past their deadline.", n=count(fact.deadlines_missed))
        if fact.deadlines_missed
        else ""
    )
    return title, [first, usual, caught, missed]
