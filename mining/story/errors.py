"""Title, story and levers of `system_error` and `timeout`."""

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, View
from mining.story.durations import humanise
from mining.story.words import clock, count, number, percent, times, words


def system_error(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """What fails where, how often, since which change, how it is tried again, whether right now."""
    f, shown = fact.figures, _shown(fact, language)
    kind = words(f, "error_type")
    title = (
        text(language, "{where}: {error} in {rate} of {activity}", **shown, error=kind)
        if kind
        else text(language, "{where}: errors in {rate} of {activity}", **shown)
    )
    if "operation" in fact.subject:
        first = text(
            language,
            "{errors} of {events} runs of {activity} failed because {operation} failed in {system}, touching {cases} "
            "cases ({share}).",
            **shown,
        )
    else:
        first = text(
            language,
            "{errors} of {events} runs of {activity} at {where} failed, touching {cases} cases ({share}).",
            **shown,
        )
    return title, [first, *_course(fact, view, language)]


def timeout(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """What stalls where, how long until it is given up, how long it should take, and what `system_error` says."""
    f, shown = fact.figures, _shown(fact, language)
    title = text(language, "{where} stalls: {rate} of {activity} time out", **shown)
    first = text(
        language,
        "{errors} of {events} runs of {activity} ran out of time at {where}, touching {cases} cases ({share}).",
        **shown,
    )
    bound = number(f, "bound_s")
    length = (
        text(
            language,
            "They were given up after {bound} (median); a run that goes well takes {usual}.",
            bound=humanise(bound, language),
            usual=humanise(number(f, "usual_s"), language),
        )
        if bound >= 1 and f.get("usual_s") is not None and number(f, "usual_s") > 0
        else ""
    )
    return title, [first, length, *_course(fact, view, language)]


def detail(lever: str, language: Language) -> str | None:
    """A lever of these findings as a sentence; None for others."""
    match lever:
        case "fix_system":
            return text(language, "Have the owner of the system look into the errors with the example traces.")
        case "retry_or_switch":
            return text(language, "Retry by itself, or switch to a standby, when the call fails.")
        case "limit_retries":
            return text(
                language, "Wait longer before each retry and stop after a few: retries add load while it fails."
            )
        case "limit_waiting":
            return text(
                language,
                "Give up sooner and switch to a standby, and make sure that the call given up does nothing twice.",
            )
        case _:
            return None


def _shown(fact: Fact, language: Language) -> dict[str, str]:
    f, activity = fact.figures, str(fact.subject["activity"])
    parts = [str(fact.subject[part]) for part in ("system", "module", "operation") if part in fact.subject]
    # The name of a page's span has its route in it.
    parts = [part for place, part in enumerate(parts) if not any(part in later for later in parts[place + 1 :])]
    return {
        "activity": activity,
        "where": " · ".join(parts) or activity,
        "system": str(fact.subject.get("system", "")),
        "operation": str(fact.subject.get("operation", "")),
        "rate": percent(number(f, "rate"), language),
        "errors": count(number(f, "errors")),
        "events": count(number(f, "events")),
        "cases": count(fact.cases),
        "share": percent(fact.share, language),
    }


def _course(fact: Fact, view: View, language: Language) -> list[str]:
    f = fact.figures
    told = [
        text(
            language,
            "The error rate rose from {before} to {after}.",
            before=percent(number(f, "before"), language),
            after=percent(number(f, "after"), language),
        )
        if f.get("after") is not None
        else text(language, "Everything else has {rest}.", rest=percent(number(f, "rest"), language))
    ]
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
    if f.get("storm"):
        if number(f, "calls") > number(f, "attempts"):
            told.append(
                text(
                    language,
                    "Retries multiply the load: {calls} failing calls for each failed run.",
                    calls=times(number(f, "calls")),
                )
            )
        else:
            told.append(
                text(
                    language,
                    "Retries multiply the load: these cases go through it {attempts} times on average.",
                    attempts=times(number(f, "attempts")),
                )
            )
    if fact.burst:
        told.append(text(language, "Right now: {recent} errors in the last hour.", recent=count(number(f, "recent"))))
    return told
