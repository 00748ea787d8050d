"""Which spans were there before: two generations of ids, so that at least the last `at_least` spans are known."""

from typing import Final

import numba
import numpy as np
import numpy.typing as npt

AT_LEAST: Final = 2_000_000
"""32 bytes of memory each, twice as many at most."""
_SMALLEST: Final = 1 << 12
Ids = npt.NDArray[np.uint64]


class Seen:
    """Remembers (lower half of the trace id, span id).

    Trace ids of one system differ in their last bytes, whatever its generator puts in front. No span id is 0.
    """

    def __init__(self, at_least: int = AT_LEAST) -> None:
        self._at_least = at_least
        self._young, self._old = _Table(), _Table()

    def are_new(self, traces: Ids, spans: Ids) -> npt.NDArray[np.bool_]:
        """For each span whether it was not there before; from now on it was. A repeated one is new once."""
        new = np.empty(len(spans), np.bool_)
        begin = 0
        while begin < len(spans):
            if self._young.count >= self._at_least:
                self._old, self._young = self._young, _Table()
            end = min(len(spans), begin + max(1, self._at_least - self._young.count))
            self._young.make_room(end - begin)
            part = slice(begin, end)
            self._young.count += _insert(self._young.keys, self._old.keys, traces[part], spans[part], new[part])
            begin = end
        return new


class _Table:
    """Open addressing; a key whose span id is 0 is an empty place."""

    def __init__(self) -> None:
        self.keys: npt.NDArray[np.uint64] = np.zeros((_SMALLEST, 2), np.uint64)
        self.count = 0

    def make_room(self, more: int) -> None:
        """At most half of the places are taken, also with `more` keys."""
        size = len(self.keys)
        while size < 2 * (self.count + more):
            size *= 2
        if size > len(self.keys):
            keys = np.zeros((size, 2), np.uint64)
            _move(self.keys, keys)
            self.keys = keys


@numba.njit(cache=True, nogil=True)
def _place(keys: Ids, trace: np.uint64, span: np.uint64) -> np.uint64:
    """Where the key stands, or the empty place where it belongs."""
    mask = np.uint64(len(keys) - 1)
    mixed = (trace ^ (span * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    place = (mixed ^ (mixed >> np.uint64(29))) & mask
    while keys[place, 1] != 0 and not (keys[place, 0] == trace and keys[place, 1] == span):
        place = (place + np.uint64(1)) & mask
    return place


@numba.njit(cache=True, nogil=True)
def _insert(young: Ids, old: Ids, traces: Ids, spans: Ids, new: npt.NDArray[np.bool_]) -> int:
    count = 0
    for i in range(len(spans)):
        at = _place(young, traces[i], spans[i])
        new[i] = young[at, 1] == 0 and old[_place(old, traces[i], spans[i]), 1] == 0
        if new[i]:
            young[at, 0] = traces[i]
            young[at, 1] = spans[i]
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _move(keys: Ids, larger: Ids) -> None:
    for i in range(len(keys)):
        if keys[i, 1] != 0:
            at = _place(larger, keys[i, 0], keys[i, 1])
            larger[at, 0] = keys[i, 0]
            larger[at, 1] = keys[i, 1]
