"""What kernels on a choice of cases ask of their arrays before they trust them."""

from typing import Any

import numpy as np
import numpy.typing as npt


def plain(*columns: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Contiguous views that may not be written to.

    To numba a mapped (read-only) array, a written one and a slice with steps are types of their own; so a kernel is
    compiled once for all of them.
    """
    views = tuple(np.ascontiguousarray(column).view() for column in columns)
    for view in views:
        view.flags.writeable = False
    return views


def guard_cases(first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], *columns: npt.NDArray[Any]) -> None:
    """Raise ValueError unless the columns have one length and each case's rows `first:last` lie within it."""
    if len({len(column) for column in columns}) > 1:
        raise ValueError("the columns differ in length")
    if len(first) != len(last):
        raise ValueError("first and last must have one entry a case")
    if len(first) and (int(first.min()) < 0 or int(last.max()) > len(columns[0]) or bool((first > last).any())):
        raise ValueError("a case's rows lie outside the columns")
