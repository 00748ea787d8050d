"""Some cases of a process as plain columns: what kernels and summaries work on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, WORDS, Arena, Codes, Times


@dataclass(frozen=True)
class Part:
    """Case `i` owns rows `first[i]:last[i]`, sorted by start, then end, then event id; rows of no case are ignored.

    So a choice of cases is a choice of `first` and `last` and copies no event. Times are µs UTC.
    """

    first: Times
    """Shape (cases,), int64: row of the case's first event."""
    last: Times
    """Shape (cases,), int64: one past the row of its last event."""
    start: Times
    """Shape (rows,), int64."""
    end: Times
    """Shape (rows,), int64; never before `start`."""
    enabled: Times | None
    """Shape (rows,), NO_TIME where not recorded; None where no event has it."""
    codes: Mapping[str, Codes]
    """Per column of `arena.WORDS` that has words its codes, shape (rows,), int16 or int32."""
    size: Mapping[str, int]
    """How many words each column of `codes` has: its codes are -1..size-1."""
    error: npt.NDArray[np.bool_]
    """Shape (rows,)."""
    enabler: npt.NDArray[np.int32] | None = None
    """Shape (rows,): activity of the event that enabled each, BEGIN where there is none; where it is given, `enabled`
    says all there is to know of waiting. None: that is the event before."""
    begun: Times | None = None
    """Shape (rows,): when the work began, where that is not `start`; waiting ends then."""
    free: Times | None = None
    """Shape (rows,): since when the actor was free, where starts are to be estimated (`mining.summary.enabled`)."""

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return len(self.first)

    @property
    def events(self) -> int:
        """How many events the cases have together."""
        return int((self.last - self.first).sum())

    def take(self, cases: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice) -> "Part":
        """Some of the cases, by flags, positions or a slice; no event is copied."""
        return replace(self, first=self.first[cases], last=self.last[cases])


def part_of(arena: Arena) -> Part:
    """All cases of an arena; nothing is copied."""
    there = [name for name in WORDS if arena.names[name] or name == "activity"]
    return Part(
        first=arena.offsets[:-1],
        last=arena.offsets[1:],
        start=arena.start,
        end=arena.end,
        enabled=arena.enabled if bool((arena.enabled != NO_TIME).any()) else None,
        codes={name: arena.codes[name] for name in there},
        size={name: len(arena.names[name]) for name in there},
        error=arena.error,
    )
