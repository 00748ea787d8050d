"""Positions of cases, as a fact holds them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Positions(Sequence[int]):
    """Different positions, ascending: like a tuple of them, but a million take eight megabytes and no time."""

    __slots__ = ("rows",)

    def __init__(self, rows: npt.ArrayLike = ()) -> None:
        """Of positions in any order, one of them as often as you like."""
        self.rows: Final[Ints] = np.unique(np.asarray(rows, dtype=np.int64))
        """int64, ascending; not to be written to."""
        self.rows.setflags(write=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[int]:
        return iter(self.rows.tolist())

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> "Positions": ...
    def __getitem__(self, at: int | slice) -> "int | Positions":
        return Positions(self.rows[at]) if isinstance(at, slice) else int(self.rows[at])

    def __contains__(self, position: object) -> bool:
        if not isinstance(position, int | np.integer):
            return False
        at = int(np.searchsorted(self.rows, position))
        return at < len(self.rows) and bool(self.rows[at] == position)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.rows, dtype=dtype, copy=copy)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Positions):
            return np.array_equal(self.rows, other.rows)
        return tuple(self) == other

    def __hash__(self) -> int:
        return hash(self.rows.tobytes())

    def __repr__(self) -> str:
        return f"Positions({self.rows.tolist()})"


NOWHERE: Final = Positions()
