"""Titles and stories of what cases do otherwise than their model."""

from typing import Final

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, View
from mining.story.durations import hours, humanise
from mining.story.words import count, number, percent, words

Told = tuple[str, list[str]]
HALF: Final = 0.8
"""Confidence below which most cases depart, so that the model may be what is wrong."""


def skipped_step(fact: Fact, _view: View, language: Language) -> Told:
    """What was left out, and between which steps."""
    shown = _shown(fact, language)
    title = text(language, "{between} skipped in {cases} cases", **shown)
    if shown["source"] and shown["target"]:
        first = text(
            language,
            "{cases} cases ({share}) went on without {between}, which {model} asks for; mostly from {source} straight "
            "to {target}.",
            **shown,
        )
    elif shown["source"]:
        first = text(
            language,
            "{cases} cases ({share}) were over without {between}, which {model} asks for; mostly {source} was their "
            "last step.",
            **shown,
        )
    else:
        first = text(
            language,
            "{cases} cases ({share}) began without {between}, which {model} asks for; mostly with {target}.",
            **shown,
        )
    return title, [first, *_rest(fact, language)]


def inserted_step(fact: Fact, _view: View, language: Language) -> Told:
    """What was put in, and what it took."""
    shown = _shown(fact, language)
    if number(fact.figures, "known"):
        title = text(language, "{between} where it should not be in {cases} cases", **shown)
        first = text(language, "{cases} cases ({share}) had {between} once more than {model} allows.", **shown)
    else:
        title = text(language, "{between}, unknown to the model, in {cases} cases", **shown)
        first = text(language, "{cases} cases ({share}) had {between}, which {model} doesn't know.", **shown)
    where = text(language, "Mostly after {source}.", **shown) if shown["source"] else ""
    took = (
        text(language, "It took about {hours} a week.", hours=hours(fact.hours_per_week, language))
        if fact.hours_per_week >= 0.1
        else ""
    )
    return title, [first, where, took, *_rest(fact, language)]


def wrong_order(fact: Fact, _view: View, language: Language) -> Told:
    """What came before what."""
    shown = _shown(fact, language)
    shown["first"] = str(fact.subject["activity"])
    shown["target"] = str(fact.subject["target"])
    title = text(language, "{target} before {first} in {cases} cases", **shown)
    first = text(
        language,
        "In {cases} cases ({share}) {target} came before {first}; {model} has it the other way round.",
        **shown,
    )
    return title, [first, *_rest(fact, language)]


def model_violation(fact: Fact, _view: View, language: Language) -> Told:
    """How many cases depart, how well model and log agree, what could not be compared; or take a wrong branch."""
    if "marked" in fact.figures:
        return _marked(fact, language)
    f, shown = fact.figures, _shown(fact, language)
    title = text(language, "{cases} cases are not as {model} has them", **shown)
    parts = [
        text(
            language,
            "{cases} of {judged} cases ({share}) depart from {model}. Different departures: {n}.",
            **shown,
            judged=count(number(f, "judged")),
            n=count(number(f, "departures")),
        )
    ]
    if f.get("fitness") is not None:
        fit = percent(number(f, "fitness"), language)
        parts.append(text(language, "What finished cases did agrees with it by {fitness} (fitness).", fitness=fit))
    if f.get("precision") is not None:
        precise = percent(number(f, "precision"), language)
        parts.append(text(language, "Of what it allows {precision} is done (precision).", precision=precise))
    if words(f, "unmatched"):
        names = _listed(words(f, "unmatched"), language)
        parts.append(text(language, "No activity is called like these tasks of it: {names}.", names=names))
    if words(f, "unknown"):
        names = _listed(words(f, "unknown"), language)
        parts.append(text(language, "It doesn't know these activities: {names}.", names=names))
    if number(f, "unjudged"):
        n = count(number(f, "unjudged"))
        parts.append(text(language, "{n} cases could not be compared with it in time.", n=n))
    return title, [*parts, _doubt(fact, language)]


def _marked(fact: Fact, language: Language) -> Told:
    source, target = fact.subject.get("source"), fact.subject.get("target")
    shown = {"cases": count(fact.cases), "share": percent(fact.share, language), "source": source, "target": target}
    if source is None:
        title = text(language, "{cases} cases begin with {target}, which is marked wrong", **shown)
        first = text(language, "{cases} cases ({share}) begin with {target}; that is marked as wrong.", **shown)
    elif target is None:
        title = text(language, "{cases} cases end with {source}, which is marked wrong", **shown)
        first = text(language, "{cases} cases ({share}) end with {source}; that is marked as wrong.", **shown)
    else:
        title = text(language, "{cases} cases go from {source} straight to {target}, which is marked wrong", **shown)
        first = text(
            language, "{cases} cases ({share}) go from {source} straight to {target}; that is marked as wrong.", **shown
        )
    return title, [first]


def _shown(fact: Fact, language: Language) -> dict[str, str]:
    return {
        "between": _listed(words(fact.figures, "steps"), language),
        "cases": count(fact.cases),
        "share": percent(fact.share, language),
        "model": _model(words(fact.figures, "model"), language),
        "source": str(fact.subject.get("source", "")),
        "target": str(fact.subject.get("target", "")),
    }


def _model(name: str, language: Language) -> str:
    return text(language, "the model “{name}”", name=name)


def _rest(fact: Fact, language: Language) -> list[str]:
    f, parts = fact.figures, []
    if words(f, "also"):
        names = _listed(words(f, "also"), language)
        parts.append(text(language, "The same cases show it of {names}, too.", names=names))
    own, usual = f.get("p50_s"), f.get("usual_s")
    if own is not None and usual is not None:
        parts.append(
            text(
                language,
                "From start to end they take {own} (median), cases that keep to the model {usual}.",
                own=humanise(number(f, "p50_s"), language),
                usual=humanise(number(f, "usual_s"), language),
            )
        )
    return [*parts, _doubt(fact, language)]


def _doubt(fact: Fact, language: Language) -> str:
    if fact.confidence >= HALF or fact.share <= 0.5:
        return ""
    return text(language, "So many do it that the model may be what is out of date: ask who drew it.")


def _listed(names: str, language: Language) -> str:
    return names.replace(", ", "、" if language == "zh-CN" else ", ")
