"""Which bottlenecks there are, and in which order."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

from mining.bottlenecks.passages import Pair
from mining.report import Finding, Report, Transition

ROWS: Final = 12
NOTABLE: Final = 0.005
"""Share of all waiting from which a transition is ranked."""


@dataclass(frozen=True)
class Place:
    """One bottleneck: a transition, what was found there, or both."""

    pair: Pair
    transition: Transition | None
    finding: Finding | None
    hours: float
    """A week."""
    like: Finding | None = None
    """Where nothing was found of this transition: a finding of another way to the same step, of the same cause."""


def ranked(report: Report, weeks: float | None) -> list[Place]:
    """Bottlenecks by hours a week: transitions with what was found there, and steps that are slow in themselves."""
    found = [f for f in report.findings if f.kind == "bottleneck" and f.status not in ("resolved", "muted")]
    least = NOTABLE * sum(t.waiting_s.total for t in report.transitions)
    places: list[Place] = []
    taken: set[str] = set()
    for each in sorted(report.transitions, key=lambda t: (-t.waiting_s.total, t.source, t.target)):
        own = next((f for f in found if f.id not in taken and _speaks_of(f, each)), None)
        if each.waiting_s.total <= 0 or (each.waiting_s.total < least and own is None):
            continue
        taken |= {own.id} if own else set()
        places.append(Place((each.source, each.target), each, own, each.waiting_s.total / 3600 / (weeks or 1.0)))
    for finding in found:
        if finding.id not in taken:
            target = str(finding.subject.get("activity") or finding.subject.get("target") or "")
            places.append(
                Place((str(finding.subject.get("source") or ""), target), None, finding, finding.impact.hours_per_week)
            )
    places = [place if place.finding else replace(place, like=_like(place, found)) for place in places]
    places.sort(key=lambda p: (-p.hours, p.pair))
    kept = places[:ROWS]
    return kept + [place for place in places[ROWS:] if place.finding is not None]


def _like(place: Place, found: list[Finding]) -> Finding | None:
    own = _main(asdict(place.transition.causes_s)) if place.transition and place.transition.causes_s else ""
    told = (f for f in found if f.name == "waiting" and f.severity != "info")
    same = (
        f
        for f in told
        if own and f.subject.get("target") == place.pair[1] and _main(f.cause.shares if f.cause else {}) == own
    )
    return next(same, None)


def _main(shares: Mapping[str, float]) -> str:
    return max(shares, key=lambda name: shares[name], default="")


def _speaks_of(finding: Finding, transition: Transition) -> bool:
    source, target = finding.subject.get("source"), finding.subject.get("target")
    return finding.name == "waiting" and (source, target) == (transition.source, transition.target)
