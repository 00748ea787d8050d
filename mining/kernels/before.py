"""What came before each event in its case."""

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard_offsets


def before(offsets: npt.NDArray[np.int64], codes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """For each event the code of the event before it in the case; -1 for the first."""
    guard_offsets(offsets, len(codes))
    return np.asarray(_before(offsets, np.ascontiguousarray(codes)))


@numba.njit(nogil=True, cache=True)
def _before(offsets: npt.NDArray[np.int64], codes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    shifted = np.full(len(codes), -1, np.int32)
    for c in range(len(offsets) - 1):
        for i in range(offsets[c] + 1, offsets[c + 1]):
            shifted[i] = codes[i - 1]
    return shifted
