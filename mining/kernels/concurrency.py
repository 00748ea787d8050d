"""Which activities run in parallel."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.kernels.tally import SLOTS, grown, in_order, slot


@dataclass(frozen=True)
class Concurrency:
    """Pairs of activities that overlap or follow each other directly, `left` < `right` (codes, int32), in that order.

    int64 counts: `together` cases that have both; `overlapping` of these in which one began before the other had
    ended, `overlaps` such pairs of events; `forward` direct successions left -> right, `backward` right -> left;
    `loops` triples left, right, left or right, left, right. `parallel` is the decision.
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    together: npt.NDArray[np.int64]
    overlapping: npt.NDArray[np.int64]
    overlaps: npt.NDArray[np.int64]
    forward: npt.NDArray[np.int64]
    backward: npt.NDArray[np.int64]
    loops: npt.NDArray[np.int64]
    parallel: npt.NDArray[np.bool_]


def concurrency(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: Codes,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    size: int,
    share: float = 0.5,
    tolerance: float = 0.1,
) -> Concurrency:
    """Decide for every two activities whether they run in parallel. Cases are rows `first:last`, in order.

    Parallel are a and b when either

    - their intervals overlap (for more than no time, so events without length never do) in at least `share` of the
      cases that have both: true concurrency, as Split Miner 2.0 has it (Augusto, Dumas and La Rosa 2020); or
    - they follow each other directly in both orders about equally often, |ab - ba| < `tolerance` * (ab + ba), neither
      follows itself directly and there is no short loop aba or bab: the oracle of Split Miner for events without
      length (Augusto, Conforti, Dumas, La Rosa and Polyvyanyy 2019, epsilon 0.1).

    The cost is events plus overlaps by distinct codes of a case, plus the square of each case's distinct codes (not of
    its length). Codes in -1..size-1; -1 counts for nothing but separates. Raises ValueError for codes or rows out of
    range.
    """
    guard_cases(first, last, codes, start, end)
    guard(codes, size)
    keys, counts, selves = _concurrency(*plain(first, last, codes, start, end), size)
    width = max(size, 1)
    left, right = keys // width, keys % width
    told = (counts[:, 1] > 0) | (counts[:, 3] + counts[:, 4] > 0)
    left, right, counts = left[told], right[told], counts[told]
    together, overlapping, overlaps, forward, backward, loops = (counts[:, n].copy() for n in range(6))
    overlap = (overlapping > 0) & (overlapping >= share * together)
    swap = (forward > 0) & (backward > 0) & (np.abs(forward - backward) < tolerance * (forward + backward))
    plainly = (loops == 0) & (selves[left] == 0) & (selves[right] == 0)
    return Concurrency(
        left.astype(np.int32),
        right.astype(np.int32),
        together,
        overlapping,
        overlaps,
        forward,
        backward,
        loops,
        overlap | (swap & plainly),
    )


@numba.njit(nogil=True, cache=True)
def _concurrency(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    size: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Columns: cases together, cases overlapping, overlaps, forward, backward, loops, last case overlapping."""
    keys, counts, used = np.full(SLOTS, -1, np.int64), np.zeros((SLOTS, 7), np.int64), 0
    selves = np.zeros(size, np.int64)
    active = np.zeros(size, np.int64)  # events with length of a code that have not ended
    seen = np.zeros(size, np.int64)
    owner = np.full(size, -1, np.int64)
    for c in range(len(first)):
        low, high = first[c], last[c]
        distinct = 0
        for i in range(low, high):
            code = np.int64(codes[i])
            if code < 0 or owner[code] == c:
                continue
            owner[code] = c
            active[code] = 0
            for k in range(distinct):
                key = min(code, seen[k]) * size + max(code, seen[k])
                place = slot(keys, key)
                if keys[place] == -1:
                    keys[place] = key
                    used += 1
                    if 2 * used > len(keys):
                        keys, counts = grown(keys, counts)
                        place = slot(keys, key)
                counts[place, 0] += 1
            seen[distinct] = code
            distinct += 1
        # Every pair of the case has its place by now.
        crossing = False
        latest = end[low] if low < high else 0
        for j in range(low + 1, high):
            crossing = crossing or start[j] < latest
            latest = max(latest, end[j])
            a, b = np.int64(codes[j - 1]), np.int64(codes[j])
            if a < 0 or b < 0:
                continue
            if a == b:
                selves[a] += 1
                continue
            place = slot(keys, min(a, b) * size + max(a, b))
            counts[place, 3 if a < b else 4] += 1
            if j > low + 1 and codes[j - 2] == b:
                counts[place, 5] += 1
        if not crossing:
            continue
        by_end = np.argsort(end[low:high])
        gone = 0
        for j in range(low, high):
            while gone < high - low and end[low + by_end[gone]] <= start[j]:
                i = low + by_end[gone]
                if codes[i] >= 0 and end[i] > start[i]:
                    active[codes[i]] -= 1
                gone += 1
            b = np.int64(codes[j])
            if b < 0 or end[j] <= start[j]:
                continue
            for k in range(distinct):
                a = seen[k]
                if a != b and active[a] > 0:
                    place = slot(keys, min(a, b) * size + max(a, b))
                    counts[place, 2] += active[a]
                    if counts[place, 6] != c + 1:
                        counts[place, 6] = c + 1
                        counts[place, 1] += 1
            active[b] += 1
    keys, counts = in_order(keys, counts)
    return keys, counts, selves
