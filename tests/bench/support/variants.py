"""A generated log as its variants: many activities, a few main ways, and a long tail of rare paths."""

import random
from collections import Counter

Path = tuple[str, ...]


def variants(cases: int = 13_000, activities: int = 36, wanted: int = 4_000, seed: int = 7) -> Counter[Path]:
    """Exactly `wanted` variants over `activities` names, `cases` cases in all; the same seed gives the same log.

    Most cases follow one of a few ways through blocks of steps; others leave steps out, swap neighbours, go back, or
    do a step of another place, so that no small model allows them all.
    """
    chance = random.Random(seed)
    names = [f"Step {number:02}" for number in range(activities)]
    blocks = [names[i : i + 4] for i in range(0, activities, 4)]
    found: Counter[Path] = Counter()
    while len(found) < wanted:
        path: list[str] = []
        for block in blocks:
            if chance.random() < 0.25:
                continue
            steps = list(block)
            if chance.random() < 0.3:
                steps = chance.sample(steps, len(steps))
            kept = [step for step in steps if chance.random() < 0.85] or steps[:1]
            path += kept * (2 if chance.random() < 0.05 else 1)
        if chance.random() < 0.15 and path:
            path.insert(chance.randrange(len(path)), chance.choice(names))
        if path:
            found[tuple(path)] = 1
    ranked = list(found)
    # Variants follow Zipf's law: few take most cases, most take one.
    weights = [1 / (rank + 1) for rank in range(len(ranked))]
    for chosen in chance.choices(ranked, weights, k=cases - len(ranked)):
        found[chosen] += 1
    return found
