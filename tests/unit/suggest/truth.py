"""How much of a true mapping a suggested one finds: cases and activities, by the events both make of the same spans."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from collector.suggest.rehearsal import Rehearsal

ALIKE = 0.9


@dataclass(frozen=True)
class Score:
    """Shares of 0..1. A case is found where one suggested case holds 90 % of its events and little else; an activity
    where suggested ones that are 90 % it make up 90 % of its events."""

    cases_recall: float
    cases_precision: float
    activities_recall: float
    activities_precision: float
    missed: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def least(self) -> float:
        """The lowest of all."""
        return min(self.cases_recall, self.cases_precision, self.activities_recall, self.activities_precision)


def score(truth: Rehearsal, found: Rehearsal) -> Score:
    """What `found` has of `truth`; both come from the same spans."""
    missed, wrong, activities = _activities(truth, found)
    recall, precision = _cases(truth, found)
    return Score(recall, precision, 1 - len(missed) / activities[0], 1 - len(wrong) / activities[1], missed, wrong)


def _activities(truth: Rehearsal, found: Rehearsal) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, int]]:
    true = {event.id: (event.process, event.activity) for event in truth.events}
    inside: dict[tuple[str, str], Counter[tuple[str, str] | None]] = defaultdict(Counter)
    for event in found.events:
        inside[event.process, event.activity][true.get(event.id)] += 1
    covered: Counter[tuple[str, str]] = Counter()
    wrong = []
    for name, counts in inside.items():
        of, count = counts.most_common(1)[0]
        if of is not None and count >= ALIKE * counts.total():
            covered[of] += count
        else:
            wrong.append("/".join(name))
    totals = Counter(true.values())
    missed = ["/".join(name) for name, count in totals.items() if covered[name] < ALIKE * count]
    return tuple(sorted(missed)), tuple(sorted(wrong)), (len(totals), max(1, len(inside)))


def _cases(truth: Rehearsal, found: Rehearsal) -> tuple[float, float]:
    """A suggested case may hold further events of the same case that the truth leaves out, but none of another."""
    true_case = {e.id: (e.process, e.case) for e in truth.events if e.case is not None}
    cases = {key: {event.id for event in events} for key, events in found.cases().items()}
    best: dict[tuple[str, str | None], int] = {}
    pure = 0
    for events in cases.values():
        of = Counter(true_case[each] for each in events if each in true_case)
        if not of:
            continue
        case, count = of.most_common(1)[0]
        if count >= ALIKE * of.total():
            pure += 1
            best[case] = max(best.get(case, 0), count)
    sizes = Counter(true_case.values())
    right = sum(best.get(case, 0) >= ALIKE * size for case, size in sizes.items())
    return right / max(1, len(sizes)), pure / max(1, len(cases))
