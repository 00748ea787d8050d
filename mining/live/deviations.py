"""Which deviations a closed case shows, by the subjects of the facts that are known."""

import itertools
from collections import Counter
from collections.abc import Sequence

from mining.arena import Arena
from mining.findings.facts import Fact


def deviations(arena: Arena, cases: Sequence[int], facts: Sequence[Fact]) -> Counter[str]:
    """How many of `cases` show each name of deviation; a case counts once a name, whatever number of facts it shows."""
    found: Counter[str] = Counter()
    known = [fact for fact in facts if fact.kind == "deviation"]
    if not known:
        return found
    for case in cases:
        begin, end = int(arena.offsets[case]), int(arena.offsets[case + 1])
        path = tuple(arena.activities[code] for code in arena.activity[begin:end].tolist())
        found.update({fact.name for fact in known if _shows(path, fact)})
    return found


def _shows(path: tuple[str, ...], fact: Fact) -> bool:
    subject = fact.subject
    if "path" in subject:
        return path == tuple(subject["path"])
    activity, source, target = subject.get("activity"), subject.get("source"), subject.get("target")
    if fact.name == "rework_loop":
        again = activity or target
        return isinstance(again, str) and path.count(again) > 1
    if isinstance(source, str) and isinstance(target, str):
        return (source, target) in itertools.pairwise(path)
    return fact.name == "inserted_step" and isinstance(activity, str) and activity in path
