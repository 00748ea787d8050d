"""The performance spectrum (Denisov, Fahland, van der Aalst 2018) and the catalog, read off the arena."""

import numpy as np
import pyarrow as pa

from api.routes.documents import CatalogRow, SpectrumRow
from mining.arena import Arena
from mining.reporting import iso


def spectrum(arena: Arena, source: str | None, target: str | None) -> list[SpectrumRow]:
    """One row a direct succession, from the end of the one event to the start of the other, in order of time."""
    if arena.events < 2:
        return []
    first = np.ones(arena.events, np.bool_)
    first[arena.offsets[:-1]] = False  # a row that opens a case follows none
    follows = first[1:].copy()
    for name, codes in ((source, arena.activity[:-1]), (target, arena.activity[1:])):
        if name is not None:
            follows &= codes == (arena.activities.index(name) if name in arena.activities else -2)
    rows = np.flatnonzero(follows)
    owners = np.searchsorted(arena.offsets, rows, side="right") - 1
    found = []
    for row, owner in zip(rows.tolist(), owners.tolist(), strict=True):
        begin, end = int(arena.end[row]), int(arena.start[row + 1])
        found.append(
            SpectrumRow(
                case_id=arena.case_ids[owner].as_py(),
                source=arena.activities[arena.activity[row]],
                target=arena.activities[arena.activity[row + 1]],
                begin=iso(begin),
                end=iso(max(begin, end)),
                seconds=max(0, end - begin) / 1e6,
            )
        )
    return sorted(set(found), key=lambda r: (r.begin, r.case_id, r.source, r.target, r.end))


def catalog(arena: Arena) -> list[CatalogRow]:
    """Step by system by module by field, in order of their names; the field is null where a step has none."""
    if not arena.events:
        return []
    names = ("activity", "system", "module")
    triples, group = np.unique(np.stack([arena.codes[n] for n in names]), axis=1, return_inverse=True)
    group = group.ravel()
    size = triples.shape[1]
    events = np.bincount(group, minlength=size)
    filled = {
        field: np.bincount(group[np.asarray(column.is_valid().to_numpy(zero_copy_only=False))], minlength=size)
        for field, column in arena.fields.items()
        if isinstance(column, pa.Array) and column.null_count < len(column)
    }
    rows = []
    for place in range(size):
        words = [None if c < 0 else arena.names[n][c] for n, c in zip(names, triples[:, place].tolist(), strict=True)]
        found = [(field, int(counts[place])) for field, counts in filled.items() if counts[place]]
        fields: list[tuple[str | None, int]] = [*found] or [(None, 0)]
        for field, count in fields:
            rows.append(CatalogRow(words[0] or "", words[1], words[2], field, int(events[place]), count))
    return sorted(rows, key=lambda r: (r.activity, r.system or "", r.module or "", r.field or ""))
