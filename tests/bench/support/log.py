"""A log as a back office keeps it, any number of events, as Parquet: what engine_speed.py and scale.py measure on.

`python -m tests.bench.support.log FILE [--events N] [--seed N]`

24 activities, a few thousand to 20 000 variants with a long tail, rework, 126 actors in 7 roles, steps done by a system
that nobody did, overlaps, events without length. Events stand in order of arrival: by their end, some of them hours
late, cases all among each other. Within a case starts and ends both rise strictly: so every tool, whatever it sorts
by, sees the same order, and figures can be compared. Case ids are in no order. Memory is bounded: events are made and
written a block at a time.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]

BEGIN: Final = 1_767_571_200_000_000
"""2026-01-05, a Monday, in µs UTC."""
DAYS: Final = 90
SECOND: Final = 1_000_000
BLOCK: Final = 1_000_000
"""About how many events are made at a time."""
MAIN: Final = (
    "Receive order", "Check order", "Check credit", "Confirm order", "Reserve stock", "Plan delivery", "Pick goods",
    "Pack goods", "Book carrier", "Ship goods", "Issue invoice", "Receive payment", "Close order",
)  # fmt: skip
ASIDE: Final = (
    "Ask customer", "Correct order", "Ask for release", "Release credit", "Order supply", "Split delivery",
    "Repack goods", "Inform customer", "Remind customer", "Handle complaint", "Refund customer",
)  # fmt: skip
ACTIVITIES: Final = MAIN + ASIDE
AUTOMATIC: Final = ("Confirm order", "Reserve stock", "Issue invoice")
"""Done by a system: no actor and no role."""
ROLES: Final = ("clerk", "controller", "planner", "picker", "packer", "dispatcher", "accountant")
ACTORS_OF_ROLE: Final = 18
SYSTEMS: Final = ("crm", "erp", "warehouse", "carrier gateway", "bank")
PATHS: Final = 20_000
"""How many variants there can be."""
SCHEMA: Final = pa.schema(
    [
        ("case_id", pa.string()),
        ("activity", pa.string()),
        ("start_time", pa.timestamp("us", tz="UTC")),
        ("end_time", pa.timestamp("us", tz="UTC")),
        ("resource", pa.string()),
        ("role", pa.string()),
        ("system", pa.string()),
    ]
)


@dataclass(frozen=True)
class Paths:
    """The variants as CSR, and how likely each is."""

    offsets: Ints
    steps: Ints
    cumulative: npt.NDArray[np.float64]


def write_log(path: Path, events: int, seed: int = 1) -> int:
    """Write a log of about `events` events (within a case's length); returns how many there are."""
    written = 0
    words = {"activity", "resource", "role", "system"}
    with pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        use_dictionary=sorted(words),
        column_encoding={"start_time": "DELTA_BINARY_PACKED", "end_time": "DELTA_BINARY_PACKED"},
    ) as writer:
        for table in tables(events, seed):
            writer.write_table(table, row_group_size=len(table))
            written += len(table)
    return written


def tables(events: int, seed: int = 1) -> Iterator[pa.Table]:
    """The log in order of arrival, a block of about a million events after the other."""
    generator = np.random.default_rng(seed)
    paths = _paths(generator)
    lengths = np.diff(paths.offsets)
    usual = float((lengths * np.diff(paths.cumulative, prepend=0.0)).sum())
    cases = max(1, round(events / usual))
    blocks = max(1, round(events / BLOCK))
    slices = np.linspace(0, cases, blocks + 1).astype(np.int64)
    waiting: dict[str, Ints] | None = None
    for number in range(blocks):
        block = _block(generator, paths, int(slices[number]), int(slices[number + 1]), cases)
        if waiting is not None:
            block = {name: np.concatenate([waiting[name], block[name]]) for name in block}
        order = np.argsort(block["arrival"], kind="stable")
        block = {name: values[order] for name, values in block.items()}
        border = BEGIN + slices[number + 1] * DAYS * 86_400 * SECOND // cases
        here = len(order) if number == blocks - 1 else int(np.searchsorted(block["arrival"], border))
        waiting = {name: values[here:] for name, values in block.items()}
        yield _table({name: values[:here] for name, values in block.items()})


def _paths(generator: np.random.Generator) -> Paths:
    """Distinct walks along the main way: steps aside, steps left out, steps done again."""
    found: dict[tuple[int, ...], None] = {tuple(range(len(MAIN))): None}
    while len(found) < PATHS:
        walk: list[int] = []
        at = 0
        while at < len(MAIN) and len(walk) < 60:
            walk.append(at)
            luck = generator.random()
            if luck < 0.06:
                walk.append(len(MAIN) + int(generator.integers(len(ASIDE))))
            elif luck < 0.09:
                walk += [len(MAIN) + int(generator.integers(len(ASIDE))), max(0, at - int(generator.integers(3)))]
            elif luck < 0.11:
                walk.append(at)
            at += 2 if luck > 0.97 else 1
        found[tuple(walk)] = None
    chances = 1 / np.arange(3, PATHS + 3) ** 1.15
    return Paths(
        offsets=np.concatenate([[0], np.cumsum([len(walk) for walk in found])]),
        steps=np.array([step for walk in found for step in walk]),
        cumulative=np.cumsum(chances / chances.sum()),
    )


def _block(generator: np.random.Generator, paths: Paths, low: int, high: int, cases: int) -> dict[str, Ints]:
    """Events of the cases `low` to `high` of all `cases`, as integer columns; they begin evenly over the time."""
    count = high - low
    path = np.minimum(np.searchsorted(paths.cumulative, generator.random(count)), PATHS - 1)
    lengths = np.diff(paths.offsets)[path]
    ends = np.cumsum(lengths)
    firsts = ends - lengths
    events = int(ends[-1]) if count else 0
    case = np.repeat(np.arange(count), lengths)
    place = np.arange(events) - firsts[case]
    step = paths.steps[paths.offsets[path][case] + place]

    length = np.exp(generator.standard_normal(events, np.float32) * 0.9 + 5.0 + (step % 7) * 0.35)
    length[generator.random(events, np.float32) < 0.05] = 0
    length[np.isin(step, [ACTIVITIES.index(name) for name in AUTOMATIC])] *= 0.01
    service = (length * SECOND).astype(np.int64)
    gap = SECOND + (np.exp(generator.standard_normal(events, np.float32) * 1.3 + 7.0 + step % 5 * 0.4) * 1e6).astype(
        np.int64
    )
    before = np.concatenate([[0], service[:-1]])
    overlapping = (generator.random(events, np.float32) < 0.04) & (np.minimum(before, service) > 2)
    gap[overlapping] = -np.minimum(before, service)[overlapping] // 2
    gap[firsts] = 0
    since = np.cumsum(gap + np.concatenate([[0], service[:-1]]))
    begun = np.arange(low, high) * DAYS * 86_400 * SECOND // cases
    start = BEGIN + begun[case] + since - since[firsts][case]
    end = start + service

    usual = step * 5 % len(ROLES)
    role = np.where(generator.random(events, np.float32) < 0.08, generator.integers(0, len(ROLES), events), usual)
    # The first ones of a role do most of its work.
    actor = role * ACTORS_OF_ROLE + (generator.random(events, np.float32) ** 1.5 * ACTORS_OF_ROLE).astype(np.int64)
    automatic = np.isin(step, [ACTIVITIES.index(name) for name in AUTOMATIC])
    late = np.where(generator.random(events, np.float32) < 0.01, 6 * 3600, 5) * SECOND
    return {
        "arrival": end + (generator.random(events, np.float32) * late).astype(np.int64),
        "case": case + low,
        "activity": step,
        "start": start,
        "end": end,
        "resource": np.where(automatic, -1, actor),
        "role": np.where(automatic, -1, role),
        "system": (step + (generator.random(events, np.float32) < 0.1)) % len(SYSTEMS),
    }


def _table(block: dict[str, Ints]) -> pa.Table:
    actors = [f"{role} {number:02}" for role in ROLES for number in range(1, ACTORS_OF_ROLE + 1)]
    # Ids as they are where several machines give them: in no order. An odd factor mixes modulo 2^64.
    mixed = (block["case"].astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    texts = pa.array(mixed).cast(pa.string())
    columns: list[Any] = [
        pc.binary_join_element_wise("order-", texts, ""),
        _words(block["activity"], ACTIVITIES),
        pa.array(block["start"]).cast(SCHEMA.field("start_time").type),
        pa.array(block["end"]).cast(SCHEMA.field("end_time").type),
        _words(block["resource"], tuple(actors)),
        _words(block["role"], ROLES),
        _words(block["system"], SYSTEMS),
    ]
    return pa.table(columns, schema=SCHEMA)


def _words(codes: Ints, words: tuple[str, ...]) -> pa.Array:
    return pa.array(words).take(pa.array(codes, mask=codes < 0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{write_log(given.file, given.events, given.seed):,} events in {given.file}")
