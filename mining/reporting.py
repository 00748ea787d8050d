"""An arena becomes the report document (docs/contract.md, section 2)."""

import dataclasses
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import numpy as np

from collector.vocabulary.languages import Language, text
from mining.arena import Arena
from mining.build import BAD_SEGMENTS_NOTE
from mining.builder import NEGATIVE_NOTE
from mining.config import ProcessConfig
from mining.figures import By, Figures, known
from mining.findings import detect
from mining.findings.facts import Fact, View
from mining.report import SCHEMA, LogFigures, QualityFigures, Report
from mining.sampling import SAMPLED_NOTE
from mining.story import tell

FIELDS_NOTE: Final = "{count} further fields are too many to look at; the most frequent were kept"
ACTORS_NOTE: Final = "no role is known: handovers are between actors"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def report(
    arena: Arena,
    config: ProcessConfig,
    now: int,
    language: Language = "en",
    by: By = "role",
    facts: Sequence[Fact] | None = None,
) -> Report:
    """The whole report; `now` in µs UTC.

    `facts` are what `detect` found in this very arena, where somebody has asked it already. A variant is deviating
    where rare paths touch at least half of its cases.
    """
    return reports(arena, config, now, (language,), by, facts)[language]


def reports(
    arena: Arena,
    config: ProcessConfig,
    now: int,
    languages: Sequence[Language],
    by: By = "role",
    facts: Sequence[Fact] | None = None,
) -> dict[Language, Report]:
    """The report in several languages; the figures, which are the same in all, are computed once."""
    seen = view(arena, config, now)
    facts = detect(seen) if facts is None else facts
    notes = arena.quality.notes
    if arena.fields.left_out:
        notes = (*notes, FIELDS_NOTE.format(count=arena.fields.left_out))
    if by == "role" and not known(arena.codes["role"]):
        by = "actor"
        notes = (*notes, ACTORS_NOTE) if known(arena.codes["actor"]) else notes
    bare = _without_words(arena, config, facts, by)
    return {
        language: dataclasses.replace(
            bare,
            quality=dataclasses.replace(bare.quality, notes=tuple(_note(language, note) for note in notes)),
            findings=tell(facts, seen, arena.process, language),
        )
        for language in languages
    }


def _without_words(arena: Arena, config: ProcessConfig, facts: Sequence[Fact], by: By) -> Report:
    """The report without what is said in a language: notes and findings."""
    odd = np.zeros(arena.cases, np.bool_)
    for fact in facts:
        if (fact.kind, fact.name) == ("deviation", "rare_path"):
            odd[list(fact.case_rows)] = True
    figures = Figures(arena)
    variants = figures.variants(odd)
    return Report(
        schema=SCHEMA,
        process=arena.process,
        log=LogFigures(
            events=arena.events,
            cases=arena.cases,
            activities=len(np.unique(arena.activity)),
            variants=len(variants),
            from_=iso(int(arena.start.min())) if arena.events else None,
            to=iso(int(arena.end.max())) if arena.events else None,
            open_cases=open_cases(arena, config.end_activities),
        ),
        quality=QualityFigures(**{**dataclasses.asdict(arena.quality), "notes": ()}),
        currency=config.currency,
        nodes=figures.nodes(),
        edges=figures.edges(),
        transitions=figures.transitions(),
        variants=variants,
        cases=figures.cases(),
        roles=figures.roles(),
        handovers=figures.handovers(by),
    )


def view(arena: Arena, config: ProcessConfig, now: int) -> View:
    """What detectors see of the arena; `now` in µs UTC."""
    return View(
        arena=arena,
        now=now,
        end_activities=config.end_activities,
        settings=config.settings,
        deadlines=config.deadlines,
        prices=config.prices,
        business_days=config.business_days,
        zone=config.zone,
    )


def open_cases(arena: Arena, end_activities: Sequence[str]) -> int:
    """Cases none of whose events is an end activity; 0 where none is configured."""
    if not end_activities or not arena.events:
        return 0
    ending = np.isin(np.array(arena.activities), np.array(end_activities))
    return arena.cases - int(np.maximum.reduceat(ending[arena.activity], arena.offsets[:-1]).sum())


def document(found: Report) -> dict[str, object]:
    """The report as the contract's JSON-able document: lists, dicts, strings, numbers, null."""
    built: dict[str, object] = msgspec.json.decode(msgspec.json.encode(found))
    figures = built["log"]
    assert isinstance(figures, dict)
    built["log"] = {"from" if name == "from_" else name: value for name, value in figures.items()}
    return built


def iso(time: int) -> str:
    """A time in µs since the epoch as ISO 8601 UTC with `Z`, microseconds only where they aren't 0."""
    try:
        return (_EPOCH + timedelta(microseconds=time)).isoformat().replace("+00:00", "Z")
    except OverflowError:  # a clock gone wild must not cost the report
        return f"{np.datetime64(time, 'us')}Z"


def _note(language: Language, note: str) -> str:
    """A note of `build` or of this module in `language`; the readers' notes are in theirs already."""
    for known_note in (NEGATIVE_NOTE, FIELDS_NOTE, BAD_SEGMENTS_NOTE):
        counted = re.fullmatch(re.escape(known_note).replace(re.escape("{count}"), "([0-9]+)"), note)
        if counted:
            return text(language, known_note, count=counted[1])
    sampled = re.fullmatch(re.escape(SAMPLED_NOTE).replace(r"\{services\}", "(.*)"), note)
    if sampled:
        return text(language, SAMPLED_NOTE, services=sampled[1])
    return text(language, note)
