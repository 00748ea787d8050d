"""Bounds that numba does not check: a code out of range would write into somebody else's memory."""

import numpy as np
import numpy.typing as npt


def guard(codes: npt.NDArray[np.integer], size: int) -> None:
    """Raise ValueError unless every code lies in -1..size-1."""
    if len(codes) and (int(codes.min()) < -1 or int(codes.max()) >= size):
        raise ValueError(f"a code is out of range (-1..{size - 1})")


def guard_offsets(offsets: npt.NDArray[np.int64], rows: int) -> None:
    """Raise ValueError unless the offsets rise from 0 to `rows`."""
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != rows or bool((np.diff(offsets) < 0).any()):
        raise ValueError("case offsets must rise from 0 to the number of events")
