"""One width for several columns of codes: a kernel is compiled for int16 and int32, not for every mixture."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mining.arena import Codes


def common(*columns: npt.NDArray[np.signedinteger[Any]]) -> tuple[Codes, ...]:
    """The columns as int16 where all of them are, else as int32; those that are so already are not copied."""
    width = np.int16 if all(column.dtype == np.int16 for column in columns) else np.int32
    return tuple(column.astype(width, copy=False) for column in columns)
