"""Long lists whose rows are made when they are asked for."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

T = TypeVar("T")


class Rows(Sequence[T], Generic[T]):
    """`make` makes the row of a number; `order` (int64) are the numbers as they stand in the list."""

    def __init__(self, order: npt.NDArray[np.int64], make: Callable[[int], T]) -> None:
        self._order, self._make = order, make

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        """The row at a place, or the rows of a slice."""
        if isinstance(place, slice):
            return [self._make(int(i)) for i in self._order[place]]
        return self._make(int(self._order[place]))


def in_order(
    values: npt.NDArray[np.int64], texts: Callable[[npt.NDArray[np.int64]], Sequence[pa.Array]]
) -> npt.NDArray[np.int64]:
    """Positions by ascending value, equal ones by their texts; `texts` gives those of some positions, first key first.

    Few values of a list are equal as a rule, so only these have their texts fetched and sorted.
    """
    order = np.argsort(values, kind="stable")
    sorted_ = values[order]
    same = np.zeros(len(order) + 1, np.bool_)
    same[1:-1] = sorted_[1:] == sorted_[:-1]
    tied = np.flatnonzero(same[1:] | same[:-1])
    if len(tied):
        found = {str(n): column for n, column in enumerate(texts(order[tied]))}
        table = pa.table({"value": sorted_[tied], **found})
        ranked = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])
        order[tied] = order[tied][ranked.to_numpy()]
    return order
