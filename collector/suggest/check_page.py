"""What `houtai mapping check` says."""

from collections.abc import Iterator
from typing import Final

from collector.settings import ActivityRule
from collector.suggest.checking import Check, Miss
from collector.suggest.page import coverage
from collector.suggest.rehearsal import Rehearsal
from collector.vocabulary.languages import Language, text

REASONS: Final = {
    "several": "several objects of the leading type stand around them, none nearer than the others",
    "unreached": "the key stands in their trace, but on a span beside them, not above or below",
    "untied": "they name objects, but none that was ever seen with one of the leading type",
    "nameless": "no span around them names an object",
}


def as_lines(found: Check, tried: Rehearsal, language: Language) -> Iterator[str]:
    """One line a fact, headings between."""
    yield from coverage(tried, language)
    yield ""
    yield text(language, "Spans by rule:")
    for number, use in enumerate(found.rules, 1):
        line = f"  {use.spans:>9}  {number:>2}. {use.rule.activity} ({use.rule.process})"
        if use.taken_before and not use.spans:
            earlier = text(language, "all {spans} it matches are taken by earlier rules", spans=use.taken_before)
            line += f" - {earlier}"
        yield line
        if use.miss is not None:
            yield "             " + _miss(use.rule, use.miss, language)
    yield ""
    yield text(language, "Objects:")
    for attribute, kind, spans, ids in found.keys:
        yield "  " + text(
            language,
            "{attribute} ({type}): {ids} ids on {spans} spans",
            attribute=attribute,
            type=kind,
            ids=ids,
            spans=spans,
        )
    for kind, ids, lost in found.lost_keys:
        if lost:
            yield "  " + text(
                language, "{lost} of {ids} objects of type {type} are in no event", lost=lost, ids=ids, type=kind
            )
    if found.orphans:
        yield ""
        yield text(language, "Events without a case:")
        for each in found.orphans:
            reason = text(language, REASONS[each.reason])
            yield f"  {each.events:>9}  {each.process}: {reason} ({', '.join(each.activities)})"
    if found.idle:
        yield ""
        yield text(language, "Services without any rule:")
        for service, spans in found.idle:
            yield f"  {spans:>9}  {service or '-'}"


def _miss(rule: ActivityRule, miss: Miss, language: Language) -> str:
    if miss.found:
        return text(
            language,
            "never matches; nearest: spans whose {condition} is {found} instead of {wanted}",
            condition=miss.condition,
            found=", ".join(map(repr, miss.found)),
            wanted=repr(miss.wanted),
        )
    return text(
        language,
        "never matches; nearest: spans that have no {condition} (wanted: {wanted})",
        condition=miss.condition,
        wanted=repr(miss.wanted),
    )
