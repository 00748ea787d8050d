"""How declared rules are kept by a choice of cases: counts, over time, and each breach."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.buckets import Bucket, edges, span
from api.routes.documents import RuleBreach, RuleBucket, RuleRow
from api.rows import Rows
from collector.vocabulary.languages import Language
from mining.arena import Arena
from mining.choosing import Flags
from mining.filters import Filters
from mining.live.knowledge import Snapshot
from mining.part import Part
from mining.reporting import iso
from mining.rules.checking import BROKEN, FULFILLED, PENDING, Checked, broken_at, check, unknown
from mining.rules.settings import RuleSettings
from mining.story.rules import called, statement

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Kept:
    """How one rule is kept."""

    rule: RuleSettings
    counts: tuple[int, int, int]
    """Fulfilled, broken, pending."""
    cases: int
    """With an activation that is fulfilled or broken."""
    broken_cases: int
    over_time: Ints
    """Shape (3, buckets): the same counts by the bucket in which the activating event starts."""
    bounds: Ints
    """Edges of the buckets, µs UTC; one more than these, or none."""
    broken: Checked
    """The breaches, newest first."""
    moments: Ints
    """When each breach was, µs UTC."""
    unknown: tuple[str, ...]

    def row(self, language: Language) -> RuleRow:
        """As the API gives it."""
        return RuleRow(
            rule=self.rule.id,
            name=called(self.rule, language),
            says=statement(self.rule, language),
            template=self.rule.template,
            severity=self.rule.severity,
            activations=sum(self.counts),
            fulfilled=self.counts[FULFILLED],
            broken=self.counts[BROKEN],
            pending=self.counts[PENDING],
            cases=self.cases,
            broken_cases=self.broken_cases,
            last_broken=iso(int(self.moments[0])) if len(self.moments) else None,
            unknown=list(self.unknown),
            over_time=[
                RuleBucket(iso(int(begin)), iso(int(end)), *(int(n) for n in counts))
                for begin, end, counts in zip(self.bounds[:-1], self.bounds[1:], self.over_time.T, strict=True)
            ],
        )

    def breaches(self, arena: Arena) -> Sequence[RuleBreach]:
        """The breaches, newest first; rows are made when they are asked for."""

        def breach(n: int) -> RuleBreach:
            case, at = int(self.broken.case[n]), int(self.broken.at[n])
            return RuleBreach(
                case_id=arena.case_ids[case].as_py(),
                time=iso(int(self.moments[n])),
                place=at - int(arena.offsets[case]),
                activity=arena.activities[int(arena.activity[at])],
                role=_word(arena, "role", at),
                system=_word(arena, "system", at),
                late_s=float(self.broken.late[n]) / 1e6 if self.broken.late[n] else None,
            )

        return Rows(np.arange(len(self.moments)), breach)


def kept(snapshot: Snapshot, part: Part, keep: Flags | None, filters: Filters, bucket: Bucket) -> list[Kept]:
    """One entry a rule of the process, in the order of the configuration.

    `part` and `keep` are the cases that fit. PermanentError where there would be too many buckets.
    """
    covered = span(part, filters)
    bounds = np.empty(0, np.int64) if covered is None else edges(*covered, bucket, snapshot.config.zone)
    return [_kept(snapshot, rule, keep, bounds) for rule in snapshot.config.rules]


def _kept(snapshot: Snapshot, rule: RuleSettings, keep: Flags | None, bounds: Ints) -> Kept:
    arena, config = snapshot.arena, snapshot.config
    checked = check(arena, rule, snapshot.now, config.end_activities, config.zone)
    if keep is not None:
        checked = checked.take(keep[checked.case])
    size = max(len(bounds) - 1, 0)
    place = np.searchsorted(bounds, arena.start[checked.row], side="right") - 1
    inside = (place >= 0) & (place < size)
    table = np.bincount(checked.verdict[inside].astype(np.int64) * size + place[inside], minlength=3 * size)
    broken = checked.take(checked.of(BROKEN))
    moments = broken_at(arena, rule, broken, snapshot.now)
    newest = np.lexsort((broken.at, -moments))
    return Kept(
        rule=rule,
        counts=(int(checked.of(FULFILLED).sum()), len(broken.row), int(checked.of(PENDING).sum())),
        cases=len(np.unique(checked.case[checked.verdict != PENDING])),
        broken_cases=len(np.unique(broken.case)),
        over_time=table.reshape(3, size),
        bounds=bounds,
        broken=broken.take(newest),
        moments=moments[newest],
        unknown=tuple(name for names in unknown(arena, rule) for name in names),
    )


def _word(arena: Arena, column: str, row: int) -> str | None:
    code = int(arena.codes[column][row])
    return arena.names[column][code] if code >= 0 else None
