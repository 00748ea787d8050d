"""How fast and how right it is told what sets cases apart: `python -m tests.bench.contrast_speed [CASES] [SEEDS]`.

First the seconds for a log of so many cases with 20 fields. Then, on 20,000 cases a seed: of planted values, pairs and
triples those that are named, of what is named that which is planted, and how often random labels are set apart at all.
"""

import sys
import time
from collections import Counter

import numpy as np
import numpy.typing as npt

from mining.contrast.column import Column
from mining.contrast.separating import separating

FIELDS, SMALL = 20, 20_000
Planted = tuple[tuple[str, str], ...]
Flags = npt.NDArray[np.bool_]


def drawn(draw: np.random.Generator, cases: int) -> list[Column]:
    """Fields of 2 to 40 values, common and rare ones, a quarter of the fields unknown of one case in ten."""
    made = []
    for number in range(FIELDS):
        size = int(draw.integers(2, 41))
        codes = np.minimum(draw.exponential(size / 3, cases).astype(np.int32), size - 1)
        if number % 4 == 0:
            codes[draw.random(cases) < 0.1] = -1
        made.append(Column(f"f{number:02d}", codes, tuple(f"v{value}" for value in range(size))))
    return made


def holds(columns: list[Column], planted: Planted) -> Flags:
    """Which cases have all the values."""
    by_field = {column.field: column for column in columns}
    flags = [by_field[field].codes == by_field[field].names.index(value) for field, value in planted]
    return np.asarray(np.logical_and.reduce(flags))


def planted(draw: np.random.Generator, columns: list[Column], size: int) -> Planted:
    """So many values of different fields that go together often enough to be seen: 1 % of the cases, if any do."""
    found: Planted = ()
    for _ in range(200):
        fields = sorted(draw.choice(len(columns), size, replace=False).tolist())
        found = tuple((columns[f].field, columns[f].names[int(draw.integers(0, 2))]) for f in fields)
        if 0.01 <= holds(columns, found).mean() <= 0.3:
            break
    return found


def speed(cases: int) -> None:
    """Seconds for a pair and a value in a large log, and for random labels."""
    draw = np.random.default_rng(1)
    columns, every = drawn(draw, cases), np.ones(cases, np.bool_)
    pair, alone = planted(draw, columns, 2), planted(draw, columns, 1)
    chance = np.where(holds(columns, pair), 0.3, 0.02) * np.where(holds(columns, alone), 3, 1)
    for name, hit in (("planted", draw.random(cases) < chance), ("random labels", draw.random(cases) < 0.05)):
        begin = time.perf_counter()
        told = separating(hit, every, columns)
        print(f"{cases} cases, {FIELDS} fields, {name}: {time.perf_counter() - begin:.2f} s, {len(told)} named")


def truth(seeds: int) -> None:
    """Recall of what is planted, precision of what is named, and what random labels give."""
    every = np.ones(SMALL, np.bool_)
    asked, named = Counter[int](), Counter[int]()
    told = right = stranger = random = 0
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        columns = drawn(draw, SMALL)
        for size, times in ((1, 4), (2, 8), (3, 12)):
            truly = planted(draw, columns, size)
            hit = draw.random(SMALL) < np.where(holds(columns, truly), 0.03 * times, 0.03)
            found = [each.conditions for each in separating(hit, every, columns)]
            asked[size] += 1
            named[size] += truly in found
            told += len(found)
            right += sum(each == truly for each in found)
            stranger += sum(set(each).isdisjoint(truly) for each in found)
        random += bool(separating(draw.random(SMALL) < draw.choice([0.01, 0.05, 0.5]), every, columns))
    for size, word in ((1, "values"), (2, "pairs"), (3, "triples")):
        print(f"planted {word} named: {named[size]} of {asked[size]}")
    print(f"named things that are planted: {right} of {told}, that share nothing with it: {stranger}")
    print(f"random labels set apart: {random} of {seeds}")


if __name__ == "__main__":
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    truth(int(sys.argv[2]) if len(sys.argv) > 2 else 100)
