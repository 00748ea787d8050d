"""The performance spectrum (Denisov, Fahland, van der Aalst 2018) and the catalog, read off the arena."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from api.buckets import Bucket, edges, span
from api.routes.documents import CatalogRow, SpectrumBucket, SpectrumRow
from api.rows import Rows, in_order
from mining.arena import Arena
from mining.config import ProcessConfig
from mining.filters import Filters
from mining.kernels.performance_spectrum import performance_spectrum
from mining.part import Part
from mining.reporting import iso


def spectrum(arena: Arena, part: Part, source: str | None, target: str | None) -> Rows[SpectrumRow]:
    """One row a direct succession, from the end of the one event to the start of the other, in order of time.

    `part` is a choice of the arena's cases.
    """
    steps = np.zeros(arena.events + 1, np.int8)
    steps[part.first + 1] += 1  # a row that opens a case follows none
    steps[part.last] -= 1
    follows = np.cumsum(steps[:-1], dtype=np.int8)[1:] > 0
    for name, codes in ((source, arena.activity[:-1]), (target, arena.activity[1:])):
        if name is not None:
            follows &= codes == (arena.activities.index(name) if name in arena.activities else -2)
    rows = np.flatnonzero(follows)
    owners = np.searchsorted(arena.offsets, rows, side="right") - 1
    begins = arena.end[rows]
    ends = np.maximum(begins, arena.start[rows + 1])
    sources, targets = arena.activity[rows], arena.activity[rows + 1]
    words = pa.array(arena.activities, pa.string())

    def texts(some: npt.NDArray[np.int64]) -> Sequence[pa.Array]:
        return [
            arena.case_ids.take(pa.array(owners[some])),
            words.take(pa.array(sources[some])),
            words.take(pa.array(targets[some])),
            pa.array(ends[some]),
        ]

    order = in_order(begins, texts)
    columns = np.stack([begins, owners, sources, targets, ends])[:, order]
    again = np.append(False, (columns[:, 1:] == columns[:, :-1]).all(axis=0))[: len(order)]

    def row(i: int) -> SpectrumRow:
        return SpectrumRow(
            case_id=arena.case_ids[int(owners[i])].as_py(),
            source=arena.activities[sources[i]],
            target=arena.activities[targets[i]],
            begin=iso(int(begins[i])),
            end=iso(int(ends[i])),
            seconds=int(ends[i] - begins[i]) / 1e6,
        )

    return Rows(order[~again], row)


def spectrum_buckets(
    part: Part,
    activities: Sequence[str],
    source: str | None,
    target: str | None,
    filters: Filters,
    bucket: Bucket,
    config: ProcessConfig,
) -> list[SpectrumBucket]:
    """The same added up: one row an edge and bucket of time in which a succession began, by names, then time.

    Buckets lie in the filters' window; the quartiles are of all successions of the cases. PermanentError
    where there would be too many buckets.
    """
    covered = span(part, filters)
    if covered is None or any(name not in activities for name in (source, target) if name is not None):
        return []
    bounds = edges(*covered, bucket, config.zone)
    codes = [-1 if name is None else list(activities).index(name) for name in (source, target)]
    columns = part.first, part.last, part.codes["activity"], part.start, part.end
    found = performance_spectrum(*columns, len(activities), bounds, *codes)
    quartiles = (found.quartiles / 1e6).tolist()
    rows = [
        SpectrumBucket(
            source=activities[found.source[edge]],
            target=activities[found.target[edge]],
            begin=iso(int(bounds[place])),
            end=iso(int(bounds[place + 1])),
            count=sum(count),
            by_quartile=count,
            total_s=total / 1e6,
            quartiles_s=quartiles[edge],
        )
        for edge, place, count, total in zip(
            found.edge.tolist(), found.bucket.tolist(), found.count.tolist(), found.total.tolist(), strict=True
        )
    ]
    return sorted(rows, key=lambda row: (row.source, row.target, row.begin))


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
