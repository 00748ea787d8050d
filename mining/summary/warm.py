"""Compiles (or loads) what summaries and their second look are made of, for both widths of codes."""

from dataclasses import replace
from typing import Any

import numpy as np

from mining.arena import NO_TIME
from mining.part import Part
from mining.summary.arrow import from_arrow, to_arrow
from mining.summary.enabled import Rule
from mining.summary.exact import exact
from mining.summary.numbering import Numbering
from mining.summary.parallel import Parallel
from mining.summary.tallying import summarise, tally


def warm_summaries() -> None:
    """Run each once with the types it meets in earnest."""
    names = {"activity": ("a", "b"), "role": ("x", "y"), "actor": ("p", "q")}
    for width in (np.int16, np.int32):
        part = _part(width, tuple(names))
        summary = summarise(part, names)
        summary.add(from_arrow(to_arrow(summary)))
        tally(summary, part, -1)
        exact(summary, [(part, names)])
        exact(summary, [(part, names)], rule=Rule(Parallel(np.array([0, 1, -1], np.int32), ~np.eye(2, dtype=np.bool_))))
        apart = replace(part, first=np.array([0, 2]), last=np.array([1, 3]))
        summary.subtract(summarise(apart, names))
    hashed = Numbering(cells=0)
    codes = np.array([0, 1], np.int32)
    for _ in range(2):
        hashed.numbers(codes, codes, 2, 2)
    hashed.known(codes, codes)


def _part(width: type[np.signedinteger[Any]], columns: tuple[str, ...]) -> Part:
    return Part(
        first=np.array([0]),
        last=np.array([3]),
        start=np.array([0, 1, 2]),
        end=np.array([1, 1, 2]),
        enabled=np.array([NO_TIME, 0, 1]),
        codes={name: np.array([0, 1, 0]).astype(width) for name in columns},
        size=dict.fromkeys(columns, 2),
        error=np.zeros(3, np.bool_),
    )
