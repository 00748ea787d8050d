"""An arena becomes the report document (docs/contract.md, section 2)."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

from collector.vocabulary.languages import Language, text
from mining.arena import Arena, Quality
from mining.build import BAD_SEGMENTS_NOTE, REFUSED_NOTE
from mining.builder import NEGATIVE_NOTE
from mining.config import ProcessConfig
from mining.figures import By, Figures, odd_cases
from mining.findings import ODD_WAYS, detect
from mining.findings.facts import Fact, View
from mining.part import Part, part_of
from mining.report import SCHEMA, Finding, LogFigures, QualityFigures, Report
from mining.rules.notes import UNKNOWN_ACTIVITY_NOTE, UNKNOWN_FIELD_NOTE, notes_on
from mining.sampling import SAMPLED_NOTE
from mining.story import tell
from mining.summary.enabled import Rule
from mining.summary.exact import Exact, exact, rule_of
from mining.summary.summary import Summary
from mining.summary.tallying import summarise
from mining.waiting.causes import Split
from mining.waiting.enabling import with_free
from mining.waiting.telling import caused

FIELDS_NOTE: Final = "{count} further fields are too many to look at; the most frequent were kept"
ACTORS_NOTE: Final = "no role is known: handovers are between actors"
STARTS_NOTE: Final = (
    "only ends are recorded: when the work of persons began is estimated from when case and person were free; waiting "
    "ends then, service times and gaps stay as recorded"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Counted:
    """What somebody who keeps a summary of an arena has already."""

    part: Part
    """Its cases, with when actors were free (`with_free`)."""
    summary: Summary
    rule: Rule
    """With the summary's codes."""

    @classmethod
    def of(cls, arena: Arena, summary: Summary) -> Self:
        """That of an arena of which this is the summary."""
        part = with_free(part_of(arena), arena.names)
        return cls(part, summary, rule_of(summary, [(part, arena.names)]))


def report(
    arena: Arena,
    config: ProcessConfig,
    now: int,
    language: Language = "en",
    by: By = "role",
    facts: Sequence[Fact] | None = None,
    split: Split | None = None,
) -> Report:
    """The whole report; `now` in µs UTC.

    `facts` are what `detect` found in this very arena, where somebody has asked it already, and `split` why its events
    waited: then it is not looked for, and causes are null where it is not given. A variant is deviating
    where rare paths touch at least half of its cases.
    """
    return reports(arena, config, now, (language,), by, facts, split=split)[language]


def reports(
    arena: Arena,
    config: ProcessConfig,
    now: int,
    languages: Sequence[Language],
    by: By = "role",
    facts: Sequence[Fact] | None = None,
    counted: Counted | None = None,
    split: Split | None = None,
) -> dict[Language, Report]:
    """The report in several languages; the figures, which are the same in all, are computed once.

    `counted` is what is known of the arena, where somebody has it already and wants the report at once.
    """
    seen = view(arena, config, now)
    if facts is None:
        facts, split = detect(seen), seen.split
    notes = arena.quality.notes
    if arena.fields.left_out:
        notes = (*notes, FIELDS_NOTE.format(count=arena.fields.left_out))
    notes = (*notes, *notes_on(arena, config.rules))
    live = counted is not None
    if counted is None:
        counted = Counted.of(arena, summarise(part_of(arena), arena.names))
    summary, part = counted.summary, counted.part
    found = tables(
        summary,
        exact(summary, [(part, arena.names)], rule=counted.rule),
        arena.process,
        config,
        dataclasses.replace(arena.quality, notes=notes),
        by,
        odd_cases(summary, part.take(_odd(facts))),
    )
    if split is not None:
        found = caused(found, arena, split, live=live)
    return {language: worded(found, language, tell(facts, seen, arena.process, language)) for language in languages}


def _odd(facts: Sequence[Fact]) -> npt.NDArray[np.int64]:
    """Positions of the cases that go an odd way."""
    rows = [fact.case_rows.rows for fact in facts if fact.name in ODD_WAYS]
    return np.unique(np.concatenate([*rows, np.empty(0, np.int64)]))


def tables(
    summary: Summary,
    exact: Exact,
    process: str,
    config: ProcessConfig,
    quality: Quality,
    by: By = "role",
    odd: npt.NDArray[np.int64] | None = None,
) -> Report:
    """The report without findings, from a summary and its exact quantiles: what needs no arena in one piece.

    Where no role is known, handovers are between actors. Notes are in English, as `quality` has them. `odd` is how
    many cases of each variant rare paths touch (`figures.odd_cases`).
    """
    figures = Figures(summary, exact)
    notes = quality.notes
    if by == "role" and not figures.known("role"):
        by = "actor"
        notes = (*notes, ACTORS_NOTE) if figures.known("actor") else notes
    notes = (*notes, STARTS_NOTE) if exact.estimated else notes
    nodes, variants = figures.nodes(), figures.variants(odd)
    return Report(
        schema=SCHEMA,
        process=process,
        log=LogFigures(
            events=summary.cases.sums["events"],
            cases=summary.cases.sums["cases"],
            activities=len(nodes),
            variants=len(variants),
            from_=None if exact.begin is None else iso(exact.begin),
            to=None if exact.end is None else iso(exact.end),
            open_cases=figures.open_cases(config.end_activities),
        ),
        quality=QualityFigures(**{**dataclasses.asdict(quality), "notes": notes}),
        currency=config.currency,
        nodes=nodes,
        edges=figures.edges(),
        transitions=figures.transitions(),
        variants=variants,
        cases=figures.cases(),
        roles=figures.roles(),
        handovers=figures.handovers(by),
    )


def worded(found: Report, language: Language, findings: Sequence[Finding] = ()) -> Report:
    """The tables with their notes in a language, and with findings."""
    notes = tuple(_note(language, note) for note in found.quality.notes)
    return dataclasses.replace(found, quality=dataclasses.replace(found.quality, notes=notes), findings=tuple(findings))


def view(arena: Arena, config: ProcessConfig, now: int) -> View:
    """What detectors see of the arena; `now` in µs UTC."""
    return View(
        arena=arena,
        now=now,
        end_activities=config.end_activities,
        settings=config.settings,
        deadlines=config.deadlines,
        rules=config.rules,
        prices=config.prices,
        business_days=config.business_days,
        calendars=config.calendars,
        zone=config.zone,
        reference=config.reference,
        marks=config.marks(),
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
    for known_note in (NEGATIVE_NOTE, FIELDS_NOTE, BAD_SEGMENTS_NOTE, REFUSED_NOTE):
        counted = re.fullmatch(re.escape(known_note).replace(re.escape("{count}"), "([0-9]+)"), note)
        if counted:
            return text(language, known_note, count=counted[1])
    sampled = re.fullmatch(re.escape(SAMPLED_NOTE).replace(r"\{services\}", "(.*)"), note)
    if sampled:
        return text(language, SAMPLED_NOTE, services=sampled[1])
    for known_note in (UNKNOWN_ACTIVITY_NOTE, UNKNOWN_FIELD_NOTE):
        told = re.fullmatch(re.escape(known_note).replace(r"\{rule\}", "(.*?)").replace(r"\{names\}", "(.*)"), note)
        if told:
            return text(language, known_note, rule=told[1], names=told[2])
    return text(language, note)
