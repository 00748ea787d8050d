"""Events that belong to no case yet."""

import numpy as np

from mining.arena import Times
from mining.kernels.id_map import Numbers


class Loose:
    """Numbers of events, ascending, and the row of each in the pool; both int64."""

    def __init__(self) -> None:
        self.numbers: Numbers = np.empty(0, np.int64)
        self.rows: Times = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        return self.numbers.nbytes + self.rows.nbytes

    def add(self, numbers: Numbers, rows: Times) -> None:
        """Further events; their numbers are above those that are there."""
        if len(numbers):
            self.numbers, self.rows = np.append(self.numbers, numbers), np.append(self.rows, rows)

    def pop(self, numbers: Numbers) -> Times:
        """Take events out; gives the rows of those that were there."""
        if not len(numbers) or not len(self.numbers):
            return np.empty(0, np.int64)
        place = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        place = place[self.numbers[place] == numbers]
        rows: Times = self.rows[place]
        self.numbers, self.rows = np.delete(self.numbers, place), np.delete(self.rows, place)
        return rows
