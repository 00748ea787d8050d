"""Facts to findings: identity, how bad, how soon, how large, in which words."""

import json
from collections.abc import Sequence
from typing import Final

from collector.vocabulary.ids import stable_id
from collector.vocabulary.languages import Language
from mining.findings.facts import Fact, View
from mining.report import Condition, Evidence, Finding, Impact, Segment
from mining.settings import MiningSettings
from mining.story.sentences import sentences
from mining.story.suggestions import suggestions
from mining.story.words import iso

SEVERITIES: Final = ("critical", "warning", "info")
STAFF_TIME: Final = frozenset({"slow_role"})
"""Findings whose hours are hours of work; the others' are hours that cases wait."""


def tell(facts: Sequence[Fact], view: View, process: str, language: Language) -> tuple[Finding, ...]:
    """The findings of `facts` in `language`: the worst severity first, then most hours a week, cases, then by id."""
    found = {finding.id: finding for fact in facts for finding in [_finding(fact, view, process, language)]}
    return tuple(
        sorted(
            found.values(),
            key=lambda f: (SEVERITIES.index(f.severity), -f.impact.hours_per_week, -f.impact.cases, f.id),
        )
    )


def severity(fact: Fact, settings: MiningSettings) -> str:
    """How bad (docs/contract.md, section 3): critical now, a warning when large and sure, else info."""
    if fact.stopped:
        return "critical"
    if fact.severity is not None:
        return fact.severity if fact.confidence >= settings.warning_confidence else "info"
    if fact.burst:
        return "warning"
    large = (
        fact.share >= settings.warning_share
        or fact.hours_per_week >= settings.warning_hours_per_week
        or (fact.money_per_week or 0) > 0
    )
    return "warning" if large and fact.confidence >= settings.warning_confidence else "info"


def urgency(fact: Fact, settings: MiningSettings) -> str:
    """How soon a person must look: a page only for a stoppage or a burst, or money that is being lost for sure."""
    level = severity(fact, settings)
    lost = fact.severity is None and (fact.money_per_week or 0) > 0
    if fact.stopped or (level != "info" and (fact.burst or lost)):
        return "page"
    return "digest" if level == "info" else "ticket"


def money(fact: Fact, view: View) -> int | None:
    """Minor units a week: what the fact says, else its hours at the configured price; None without either."""
    if fact.money_per_week is not None:
        return fact.money_per_week
    work = fact.name in STAFF_TIME or bool(fact.figures.get("staff"))
    price = view.prices.hour if work else view.prices.waiting_hour
    return None if price is None or fact.hours_per_week == 0 else round(fact.hours_per_week * price)


def _finding(fact: Fact, view: View, process: str, language: Language) -> Finding:
    title, story = sentences(fact, view, language)
    arena = view.arena
    found = arena.details.trace_ids(arena.rows[list(fact.example_rows)]).to_pylist() if fact.example_rows else []
    traces = [trace for trace in dict.fromkeys(found) if trace is not None]
    return Finding(
        id=stable_id(process, fact.kind, fact.name, json.dumps(fact.subject, sort_keys=True, ensure_ascii=False)),
        process=process,
        kind=fact.kind,
        name=fact.name,
        subject=dict(fact.subject),
        severity=severity(fact, view.settings),
        urgency=urgency(fact, view.settings),
        confidence=round(min(max(fact.confidence, 0.0), 1.0), 3),
        title=title,
        story=story,
        impact=Impact(
            cases=fact.cases,
            share=fact.share,
            hours_per_week=round(fact.hours_per_week, 2),
            money_per_week=money(fact, view),
            deadlines_missed=fact.deadlines_missed,
        ),
        cause=fact.cause,
        since=None if fact.since is None else iso(fact.since),
        change=None
        if fact.change is None
        else {"time": iso(fact.change.time), "system": fact.change.system, "what": fact.change.what},
        segment=tuple(
            Segment(*part[:5], tuple(Condition(*each) for also in part[5:] for each in also)) for part in fact.segment
        ),
        evidence=Evidence(fact.example_cases, tuple(traces[:5]), dict(fact.figures)),
        suggestions=suggestions(fact, language),
        first_seen=None,
        last_seen=None,
    )
