"""Histograms of many groups that share their memory: a group has counters only for the octaves it has met."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.summary.buckets import OCTAVES, PER_PAGE

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Buckets = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Rows:
    """The counters that are not 0, in order of group, then bucket: group (int32), bucket (int16), count (int64)."""

    group: Codes
    bucket: Buckets
    count: Ints


class Histogram:
    """Counts by group and bucket. Counters may be negative: what is taken out may come before what is added."""

    def __init__(self) -> None:
        self.directory: npt.NDArray[np.int32] = np.zeros((0, OCTAVES), np.int32)
        """Per group and octave the number of its page; 0 where it has none."""
        self.pages: Ints = np.zeros((16, PER_PAGE), np.int64)
        self._used = 1

    def reserve(self, groups: int) -> None:
        """Make room for groups 0..groups-1."""
        if groups > len(self.directory):
            wider = np.zeros((max(groups, 2 * len(self.directory)), OCTAVES), np.int32)
            wider[: len(self.directory)] = self.directory
            self.directory = wider

    def add(self, groups: Codes, buckets: Buckets, sign: int) -> None:
        """Count each pair of group and bucket; groups or buckets below 0 are left out.

        Raises ValueError for groups without room, buckets that don't exist or unequal lengths.
        """
        at = 0
        while True:
            at, self._used = _add(groups, buckets, self.directory, self.pages, self._used, at, sign)
            if at == len(groups):
                return
            self._more_pages()

    def add_rows(self, rows: Rows, sign: int) -> None:
        """Add counters; of a group below 0 they are left out. Raises ValueError as `add`."""
        at = 0
        while True:
            at, self._used = _add_rows(
                rows.group, rows.bucket, rows.count, self.directory, self.pages, self._used, at, sign
            )
            if at == len(rows.group):
                return
            self._more_pages()

    def rows(self) -> Rows:
        """What stands in it."""
        return Rows(*_rows(self.directory, self.pages))

    def counts(self, groups: int) -> Ints:
        """How many values each of the groups 0..groups-1 has."""
        found = np.zeros(groups, np.int64)
        _sums(self.directory, self.pages, found)
        return found

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return self.directory.nbytes + self.pages.nbytes

    def _more_pages(self) -> None:
        self.pages = np.concatenate([self.pages, np.zeros_like(self.pages)])


@numba.njit(nogil=True, cache=True)
def _add(
    groups: Codes, buckets: Buckets, directory: Codes, pages: Ints, used: int, at: int, sign: int
) -> tuple[int, int]:
    """Where it ran out of pages (or the end), and pages in use."""
    if len(groups) != len(buckets):
        raise ValueError("groups and buckets differ in length")
    for k in range(at, len(groups)):
        group, bucket = np.int64(groups[k]), np.int64(buckets[k])
        if group < 0 or bucket < 0:
            continue
        octave = bucket >> 5
        if group >= len(directory) or octave >= OCTAVES:
            raise ValueError("a group or bucket is out of range")
        page = directory[group, octave]
        if page == 0:
            if used == len(pages):
                return k, used
            page = used
            directory[group, octave] = page
            used += 1
        pages[page, bucket & 31] += sign
    return len(groups), used


@numba.njit(nogil=True, cache=True)
def _add_rows(
    groups: Codes, buckets: Buckets, counts: Ints, directory: Codes, pages: Ints, used: int, at: int, sign: int
) -> tuple[int, int]:
    if len(groups) != len(buckets) or len(groups) != len(counts):
        raise ValueError("groups, buckets and counts differ in length")
    for k in range(at, len(groups)):
        group, bucket = np.int64(groups[k]), np.int64(buckets[k])
        if group < 0 or bucket < 0:
            continue
        octave = bucket >> 5
        if group >= len(directory) or octave >= OCTAVES:
            raise ValueError("a group or bucket is out of range")
        page = directory[group, octave]
        if page == 0:
            if used == len(pages):
                return k, used
            page = used
            directory[group, octave] = page
            used += 1
        pages[page, bucket & 31] += sign * counts[k]
    return len(groups), used


@numba.njit(nogil=True, cache=True)
def _rows(directory: Codes, pages: Ints) -> tuple[Codes, Buckets, Ints]:
    size = 0
    for page in range(1, len(pages)):
        for place in range(PER_PAGE):
            size += pages[page, place] != 0
    group, bucket, count = np.empty(size, np.int32), np.empty(size, np.int16), np.empty(size, np.int64)
    at = 0
    for g in range(len(directory)):
        for octave in range(OCTAVES):
            page = directory[g, octave]
            if page == 0:
                continue
            for place in range(PER_PAGE):
                if pages[page, place] != 0:
                    group[at], bucket[at], count[at] = g, octave * PER_PAGE + place, pages[page, place]
                    at += 1
    return group, bucket, count


@numba.njit(nogil=True, cache=True)
def _sums(directory: Codes, pages: Ints, found: Ints) -> None:
    for g in range(min(len(directory), len(found))):
        for octave in range(OCTAVES):
            if directory[g, octave] != 0:
                found[g] += pages[directory[g, octave]].sum()
