"""The arena: all events of one process as integer columns, sorted by case and time."""

import bisect
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from mining.details import Details, Fields

Codes = npt.NDArray[np.signedinteger[Any]]
"""int16, or int32 where a column has more than 32,767 words."""
Times = npt.NDArray[np.int64]
NO_TIME: Final = np.iinfo(np.int64).min
"""Stands for a time or an amount that is not known."""
NO_CODE: Final = -1
"""Stands for a word that is not known."""

WORDS: Final = (
    "activity",
    "actor_kind",
    "actor",
    "role",
    "system",
    "module",
    "device",
    "channel",
    "platform",
    "shop",
    "error_type",
)
"""The dictionary-encoded columns every arena has."""


@dataclass(frozen=True)
class Quality:
    """What was wrong with the input, counted; part of the report."""

    dropped: int = 0
    late: int = 0
    duplicates: int = 0
    without_case: int = 0
    without_end: int = 0
    overlaps: int = 0
    sampled: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arena:
    """Events sorted by case, then start, then end, then event id (for files: position); nothing in it changes.

    Cases stand in order of their case id. Case `i` owns rows `offsets[i]:offsets[i + 1]`.
    Times are microseconds since the epoch, UTC.
    """

    process: str
    offsets: Times
    """Shape (cases + 1,), int64."""
    case_ids: pa.StringArray
    """Length cases."""
    start: Times
    end: Times
    enabled: Times
    """NO_TIME where not recorded."""
    codes: dict[str, Codes]
    """One column per name in WORDS; NO_CODE where the event has none. A column without any word takes no memory."""
    names: dict[str, tuple[str, ...]]
    """Per name in WORDS: code -> word. Words stand in order of their text."""
    error: npt.NDArray[np.bool_]
    """Whether the outcome was `error`."""
    amount: Times
    """Minor units; NO_TIME where the event has none."""
    rows: Times
    """Shape (events,): where each event stands in `details`."""
    details: "Details"
    """What else is known of the events."""
    quality: Quality = Quality()

    @cached_property
    def event_ids(self) -> pa.StringArray:
        """Id of each event."""
        return self.details.event_ids(self.rows)

    @cached_property
    def trace_ids(self) -> pa.StringArray:
        """Trace id of each event, null where there is none (files)."""
        return self.details.trace_ids(self.rows)

    @cached_property
    def objects(self) -> pa.ListArray | None:
        """Objects of each event (list of struct type, id, qualifier); None for a file without objects."""
        return self.details.objects(self.rows)

    @cached_property
    def fields(self) -> "Fields":
        """Further columns of the events by name, null where an event has none."""
        from mining.details import Fields

        return Fields(self.details, self.rows)

    def find(self, case_id: str) -> int | None:
        """The position of a case; None where there is none of that id."""
        place = bisect.bisect_left(range(self.cases), case_id, key=lambda i: self.case_ids[i].as_py())
        return place if place < self.cases and self.case_ids[place].as_py() == case_id else None

    @property
    def events(self) -> int:
        """How many events there are."""
        return len(self.start)

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return len(self.offsets) - 1

    @property
    def activity(self) -> Codes:
        """Activity code of each event."""
        return self.codes["activity"]

    @property
    def activities(self) -> tuple[str, ...]:
        """Activity names by code."""
        return self.names["activity"]
