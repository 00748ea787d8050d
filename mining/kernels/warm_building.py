"""Compiles (or loads from numba's cache) the kernels that make an arena."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mining.kernels.first_match import first_match
from mining.kernels.id_map import IdMap
from mining.kernels.intern import Interner, hashes
from mining.kernels.ordering import by_code, order
from mining.kernels.overlaps import overlaps
from mining.kernels.ranges import copy_ranges, rows_of
from mining.kernels.repeats import repeats
from mining.kernels.taking import recode, take_codes, used_codes
from mining.kernels.text_order import text_order
from mining.kernels.text_place import text_place


def warm_building() -> None:
    """Run every one of them once with the types it meets in earnest."""
    first_match(_frozen(np.array([0, 1], np.int32)), np.ones(1, np.bool_))
    texts = Interner()
    for texts_column in (pa.array(["a longer text", "b", None]), pa.array(["a"] * 1000)):
        texts.codes(texts_column)
        texts.find(texts_column)
    text_order(*texts.buffers())
    repeats(hashes(pa.array(["a", "a"])))
    times = np.zeros(40, np.int64)
    ordering = order(np.zeros(40, np.int32), 1, times, times)
    overlaps(ordering.offsets, ordering.start, ordering.end)
    numbers = IdMap()
    numbers.put(hashes(pa.array(["a"])), np.zeros(1, np.int64))
    numbers.get(hashes(pa.array(["a"])))
    offsets, raw = texts.buffers()
    text_place(offsets, raw, np.zeros(1, np.int64), np.zeros(1, np.int64))
    rows_of(np.zeros(1, np.int64), np.ones(1, np.int64))
    for column in (np.zeros(2, np.int64), np.zeros(2, np.int32), np.zeros(2, np.int16), np.zeros(2, np.bool_)):
        copy_ranges(column[:1], np.zeros(1, np.int64), np.ones(1, np.int64), column)
    for kind in (np.int16, np.int32):
        by_code(np.zeros(1, kind), 1)
        used_codes(np.zeros(1, kind), 1)
        taken = take_codes(np.zeros((1, 1), kind), np.zeros(1, np.int64), [1])
        recode(taken.codes[0], np.zeros(1, kind))


def _frozen(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Arrow's buffers come read-only, which is a type of its own to numba."""
    values.flags.writeable = False
    return values
