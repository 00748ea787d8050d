"""What the cases of an arena are told apart by, and a set of them contrasted with others."""

from dataclasses import dataclass, replace

import numpy as np

from mining.arena import Arena
from mining.contrast.column import Column
from mining.contrast.separating import Separation, separating
from mining.contrast.testing import Flags
from mining.filters import Filters
from mining.findings._columns import graded_columns

MOST_SHORT = np.iinfo(np.int16).max


@dataclass(frozen=True)
class Contrast:
    """A set of cases beside the others."""

    cases: int
    """Of the set."""
    others: int
    fields: tuple[str, ...]
    """By which they were compared."""
    left_out: tuple[str, ...]
    """Fields that the choice itself names: they could only say it again."""
    separations: tuple[Separation, ...]


def told_apart_by(arena: Arena) -> list[Column]:
    """Channel, platform, shop, further fields with few values, and the band of the amount; one code a case."""
    return [
        replace(column, codes=column.codes.astype(np.int16)) if len(column.names) <= MOST_SHORT else column
        for column in graded_columns(arena)
    ]


def contrast(columns: list[Column], chosen: Flags, others: Flags, asked: frozenset[str], most: int) -> Contrast:
    """What sets the `chosen` cases apart from the `others`; a case that is both is chosen.

    Flags and codes have the shape (cases,). `asked`: the columns that the two choices name.
    """
    pool = chosen | others
    kept = [column for column in columns if column.field not in asked]
    return Contrast(
        int(chosen.sum()),
        int((others & ~chosen).sum()),
        tuple(column.field for column in kept),
        tuple(column.field for column in columns if column.field in asked),
        separating(chosen, pool, kept, most),
    )


def named(filters: Filters) -> frozenset[str]:
    """The columns that a choice of cases is made by."""
    plain = ("activity", "role", "system", "channel", "platform")
    found = {name for name in plain if getattr(filters, name) is not None}
    found |= {attribute.name for attribute in filters.where}
    if filters.min_amount is not None or filters.max_amount is not None:
        found.add("amount")
    return frozenset(found)
