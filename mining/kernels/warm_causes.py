"""Compiles (or loads) the kernels that split waiting by cause, for both widths of codes."""

import numpy as np

from mining.arena import Codes
from mining.kernels.batches import batches
from mining.kernels.bound import bound
from mining.kernels.branch_moments import branch_moments
from mining.kernels.busy import apart, busy, without
from mining.kernels.cause_split import cause_split
from mining.kernels.cause_sums import cause_sums
from mining.kernels.idle_demand import idle_demand
from mining.kernels.pile_reach import pile_reach
from mining.kernels.place_ranges import place_ranges
from mining.kernels.queue_replay import queue_replay
from mining.kernels.rows_since import rows_since
from mining.kernels.same_cases import same_cases


def warm_causes() -> None:
    """Run each once with the types it meets in earnest."""
    offsets, enabled, start, end = np.array([0, 3]), np.array([0, 0, 0]), np.array([1, 2, 6]), np.array([2, 5, 9])
    times = busy(offsets, start, end, enabled)
    idle_demand(offsets, start, enabled, times)
    times, off = without(times, (np.array([0, 1]), np.array([3]), np.array([4])), np.array([0]))
    for width in (np.int16, np.int32):
        codes: Codes = np.zeros(3, width)
        branch_moments(np.array([-1, 0, 1]), codes, start, end, np.zeros((1, 1), np.int32), 1)
        bound(offsets, codes, 1, start, enabled, times)
        cause_sums(np.array([-1, 0, 1]), codes, enabled, start, (end, end, end, end), np.zeros(1, np.int64), 1)
        pile_reach(offsets, codes, start, end, enabled, np.ones(3, np.bool_))
        for instead in (np.zeros(3, np.int16), np.zeros(3, np.int32)):
            rows_since(codes, instead, 1, end, np.zeros(2, np.int64))
        piled = batches(offsets, codes, start, end, enabled, times, off)
    apart(times, (np.array([0, 1]), np.array([3]), np.array([4])), np.array([0]))
    cause_split(offsets, start, enabled, times, piled, off, np.array([False]), np.ones(3, np.bool_))
    same_cases(offsets, start, offsets, start)
    place_ranges(start, np.zeros(1, np.int64), np.ones(1, np.int64), np.zeros(1, np.int64), np.zeros(3, np.int64))
    queue_replay(enabled, end - start, np.array([1]), 0)
