"""Since when actors were free, over all partitions of a log without lengths; little of it in memory at a time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.batch.shelf import Shelf
from mining.part import Part
from mining.summary.enabled import ended_before, persons
from mining.summary.summary import Summary

Column = npt.NDArray[Any]


class Actors:
    """Who ended what when, on disk, as long as no part has shown lengths."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = 0
        self._lengths = self._known = False

    def put(self, part: Part, names: Mapping[str, Sequence[str]], summary: Summary) -> None:
        """Write the next part; the summary numbers the actors of all. OSError where the disk is full."""
        place, self._parts = self._parts, self._parts + 1
        self._lengths = self._lengths or bool((part.end > part.start).any())
        if self._lengths:
            return
        actor = persons(part, names)
        codes = np.full(len(part.end), -1, np.int32)
        if actor is not None:
            codes = np.append(summary.mapping("actor", names["actor"]), np.int32(-1))[actor]
            self._known = self._known or bool((codes >= 0).any())
        np.save(self._file("actor", place), codes)
        np.save(self._file("end", place), part.end)

    def finish(self, shelf: Shelf) -> None:
        """Tell the shelf, of as many actors at a time as a part has events of, since when each was free."""
        if self._lengths or not self._known:
            return
        for place in range(self._parts):
            np.save(shelf.free(place), np.full(len(self._column("end", place)), NO_TIME))
        for share in range(self._parts):
            rows = [np.flatnonzero(self._mine(place, share)) for place in range(self._parts)]
            actor, end = (
                np.concatenate([self._column(name, place)[mine] for place, mine in enumerate(rows)])
                for name in ("actor", "end")
            )
            since = np.split(ended_before(actor, end), np.cumsum([len(mine) for mine in rows])[:-1])
            for place, mine in enumerate(rows):
                np.load(shelf.free(place), mmap_mode="r+")[mine] = since[place]

    def _mine(self, place: int, share: int) -> Column:
        actor = self._column("actor", place)
        mine: Column = (actor >= 0) & (actor % self._parts == share)
        return mine

    def _column(self, name: str, place: int) -> Column:
        found: Column = np.load(self._file(name, place), mmap_mode="r")
        return found

    def _file(self, name: str, place: int) -> Path:
        return self._folder / f"{name}-{place}.npy"
