"""Declared rules as sentences: what a rule says, and what happened where it was broken."""

from collections.abc import Mapping, Sequence

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, View
from mining.rules.checking import unknown
from mining.rules.settings import Condition, RuleSettings
from mining.rules.templates import UNARY
from mining.story.durations import humanise
from mining.story.words import clock, count, field, number, percent

MOSTLY = 0.5
"""A rule that more than this share of its cases break may not be the rule of the house."""


def statement(rule: RuleSettings, language: Language) -> str:
    """What the rule says, as one sentence."""
    return text(language, "{sentence}.", sentence=_sentence(rule, language))


def called(rule: RuleSettings, language: Language) -> str:
    """What people call the rule; where nobody has said in this language, what it says."""
    return rule.name.get(language) or _sentence(rule, language)


def _sentence(rule: RuleSettings, language: Language) -> str:
    said = _filled(_says(rule, language), rule, language)
    return said[:1].upper() + said[1:]


def rule_violation(fact: Fact, view: View, language: Language) -> tuple[str, list[str]]:
    """Title and parts of the story of a rule that is broken."""
    rule = next(each for each in view.rules if each.id == fact.subject["rule"])
    f = fact.figures
    shown = {"cases": count(fact.cases), "reach": count(number(f, "reach")), "name": called(rule, language)}
    shown |= {"share": percent(fact.cases / max(number(f, "reach"), 1), language)}
    happened = _filled(_happened(rule, language), rule, language, by_one=_by_one(rule))
    parts = [
        text(language, "In {cases} of {reach} cases ({share}) {happened}.", **shown, happened=happened),
    ]
    if f.get("p50_late_s") is not None:
        late = humanise(number(f, "p50_late_s"), language)
        parts.append(
            text(language, "It missed the time by {late}.", late=late)
            if number(f, "broken") == 1
            else text(language, "Half of them missed the time by {late} or more.", late=late)
        )
    if number(f, "broken") > fact.cases:
        parts.append(text(language, "All in all it was broken {broken} times.", broken=count(number(f, "broken"))))
    last = clock(int(number(f, "last")), view.zone, language)
    parts.append(text(language, "The last time was {last}.", last=last))
    parts.append(_doubt(fact, view, rule, language))
    if fact.cases == 1:
        return text(language, "{name}: broken in one case", **shown), parts
    return text(language, "{name}: broken in {cases} cases", **shown), parts


def _doubt(fact: Fact, view: View, rule: RuleSettings, language: Language) -> str:
    missing = unknown(view.arena, rule)[0]
    if fact.confidence < 1 and missing:
        return text(
            language,
            "But no event at all is {activity}: see whether the name is right, and whether the step is recorded.",
            activity=_names(missing, language),
        )
    if fact.confidence < 1:
        return text(language, "But nothing says when a case has ended, so it may still come: name the end activities.")
    if fact.cases > MOSTLY * number(fact.figures, "reach"):
        return text(language, "As most cases break it, see whether the rule says what is meant.")
    return ""


def _says(rule: RuleSettings, language: Language) -> str:
    match rule.template:
        case "existence":
            low, high = rule.bounds
            if high is None and low == 1:
                return text(language, "every case has {activity}")
            if high is None:
                return text(language, "every case has {activity} at least {low} times")
            if low == high:
                return text(language, "every case has {activity} exactly {low} times")
            if (low, high) == (0, 1):
                return text(language, "no case has {activity} more than once")
            if low == 0:
                return text(language, "no case has {activity} more than {high} times")
            return text(language, "every case has {activity} {low} to {high} times")
        case "absence":
            return text(language, "no case has {activity}")
        case "init":
            return text(language, "every case begins with {activity}")
        case "end":
            return text(language, "every case ends with {activity}")
        case "responded_existence":
            return text(language, "a case with {source} has {target} as well")
        case "response":
            return text(language, "after {source} comes {target}")
        case "alternate_response":
            return text(language, "after each {source} comes {target} before the next {source}")
        case "chain_response":
            return text(language, "right after {source} comes {target}")
        case "precedence":
            return text(language, "{target} needs {source} before it")
        case "alternate_precedence":
            return text(language, "each {target} needs a {source} of its own before it")
        case "chain_precedence":
            return text(language, "{target} needs {source} right before it")
        case "succession":
            return text(language, "after {source} comes {target}, which needs {source} before it")
        case "alternate_succession":
            return text(language, "{source} and {target} take turns, one {target} for each {source}")
        case "chain_succession":
            return text(language, "{target} comes right after {source}, and neither without the other")
        case "not_coexistence":
            return text(language, "a case with {source} has no {target}")
        case "not_succession":
            return text(language, "after {source} comes no {target}")
        case "not_chain_succession":
            return text(language, "{target} never comes right after {source}")


def _by_one(rule: RuleSettings) -> bool:
    """Whether what happened is that one person did both."""
    return rule.actor == "same" and rule.template in ("not_coexistence", "not_succession")


def _happened(rule: RuleSettings, language: Language) -> str:
    if _by_one(rule):
        return text(language, "the same person did {source} and {target}")
    match rule.template:
        case "existence" if rule.bounds[0] == 0:
            return text(language, "there was {activity} too often")
        case "existence" if rule.bounds == (1, None):
            return text(language, "there was no {activity}")
        case "existence":
            return text(language, "there was {activity} too seldom or too often")
        case "absence":
            return text(language, "there was {activity}")
        case "init":
            return text(language, "something other than {activity} came first")
        case "end":
            return text(language, "something other than {activity} came last")
        case "responded_existence":
            return text(language, "there was {source}, but no {target}")
        case "response" | "alternate_response":
            return text(language, "{target} did not follow on {source}")
        case "chain_response":
            return text(language, "something other than {target} came right after {source}")
        case "precedence" | "alternate_precedence":
            return text(language, "{target} was done without {source} before it")
        case "chain_precedence":
            return text(language, "{target} was done without {source} right before it")
        case "succession" | "alternate_succession" | "chain_succession":
            return text(language, "there was one of {source} and {target} without the other in its place")
        case "not_coexistence":
            return text(language, "there were both {source} and {target}")
        case "not_succession":
            return text(language, "{target} was done after {source}")
        case "not_chain_succession":
            return text(language, "{target} came right after {source}")


def _filled(message: str, rule: RuleSettings, language: Language, by_one: bool = False) -> str:
    """With the rule's activities and, in brackets, what else it asks for; `by_one`: who did it is in the message."""
    low, high = rule.bounds
    names: Mapping[str, object] = {
        "activity": _names(rule.activity, language),
        "source": _names(rule.source, language),
        "target": _names(rule.target, language),
        "low": low,
        "high": high,
    }
    return message.format(**names) + _asides(rule, language, by_one)


def _names(activities: Sequence[str], language: Language) -> str:
    quoted = [text(language, "{activity}", activity=each) for each in activities]
    return text(language, " or ").join(quoted)


def _asides(rule: RuleSettings, language: Language, by_one: bool) -> str:
    parts = []
    if rule.actor is not None and not by_one:
        same = rule.actor == "same"
        parts.append(text(language, "by the same person") if same else text(language, "by different persons"))
    if rule.not_before_hours:
        parts.append(
            text(language, "at the soonest after {time}", time=humanise(rule.not_before_hours * 3600, language))
        )
    if rule.within_hours is not None:
        parts.append(text(language, "within {time}", time=humanise(rule.within_hours * 3600, language)))
    asked = [*rule.when, *(rule.counts_when if rule.template in UNARY else ())]
    parts += [text(language, "where {condition}", condition=told(each, language)) for each in asked]
    if rule.template not in UNARY:
        other = _names(rule.source if "precedence" in rule.template else rule.target, language)
        for each in rule.counts_when:
            parts.append(text(language, "{activity} with {condition}", activity=other, condition=told(each, language)))
    return text(language, " ({asides})", asides=text(language, "; ").join(parts)) if parts else ""


def told(condition: Condition, language: Language) -> str:
    """A condition as a formula: `amount > 5,000`; amounts in whole units of the currency."""
    name = field(condition.field, language)
    unit = 100 if condition.field == "amount" else 1
    bounds = (">", condition.above), ("≥", condition.at_least), ("<", condition.below), ("≤", condition.at_most)
    parts = [f"{name} {sign} {bound / unit:,g}" for sign, bound in bounds if bound is not None]
    parts += [f"{name} = {' | '.join(condition.is_)}"] if condition.is_ else []
    parts += [f"{name} ≠ {' | '.join(condition.is_not)}"] if condition.is_not else []
    if condition.known is not None:
        known = text(language, "{field} is known", field=name)
        parts.append(known if condition.known else text(language, "{field} is not known", field=name))
    return ", ".join(parts)
