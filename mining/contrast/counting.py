"""How many cases, and how many of a set, have which values: counted once for a field, a pair, and within a pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mining.contrast.column import Column
from mining.contrast.testing import Flags, Floats, Ints


@dataclass(frozen=True)
class Coded:
    """The cases compared, and each field's codes for them."""

    fields: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    codes: tuple[Ints, ...]
    """One up: 0 is unknown."""
    member: Ints
    """1 of the set, 0 of the rest."""

    def table(self, *fields: int, rows: Ints | None = None) -> Floats:
        """Cases (of `rows`, or all) with each combination of known values, and those of the set.

        Shape (2, values, .. one axis a field).
        """
        codes = [self.codes[field] if rows is None else self.codes[field][rows] for field in fields]
        sizes = tuple(len(self.names[field]) + 1 for field in fields)
        place = codes[0]
        for more, size in zip(codes[1:], sizes[1:], strict=True):
            place = place * size + more
        place = place * 2 + (self.member if rows is None else self.member[rows])
        counted = np.bincount(place, minlength=2 * int(np.prod(sizes))).reshape(*sizes, 2)
        known = np.moveaxis(counted[tuple(slice(1, None) for _ in fields)], -1, 0).astype(np.float64)
        return np.stack([known.sum(axis=0), known[1]])

    def holds(self, fields: tuple[int, ...], values: tuple[int, ...]) -> Flags:
        """One flag a case: whether it has all the values; shape (cases,)."""
        flags = [self.codes[f] == v + 1 for f, v in zip(fields, values, strict=True)]
        return np.asarray(np.logical_and.reduce(flags))


def coded(hit: Flags, pool: Flags, columns: Sequence[Column]) -> Coded:
    """The columns of the cases in `pool` that are known of half of the set, `hit`, and of half of the rest.

    What is recorded of the set alone says nothing but that it is the set.
    """
    rows = np.flatnonzero(pool)
    member = hit[rows].astype(np.int64)
    hits = int(member.sum())
    sizes = np.array([len(member) - hits, hits])
    kept: list[tuple[Column, Ints]] = []
    for column in columns:
        codes = column.codes[rows].astype(np.int64) + 1
        if (2 * np.bincount(member[codes > 0], minlength=2) >= sizes).all():
            kept.append((column, codes))
    return Coded(
        tuple(column.field for column, _ in kept),
        tuple(column.names for column, _ in kept),
        tuple(codes for _, codes in kept),
        member,
    )
