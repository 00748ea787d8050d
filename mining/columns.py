"""Arrow columns as numpy arrays in the form the arena and its kernels want."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mining.arena import NO_TIME, Times


def integers(column: pa.Array) -> Times:
    """An int64 or timestamp column, null as NO_TIME."""
    return np.asarray(column.cast(pa.int64()).fill_null(NO_TIME).to_numpy(zero_copy_only=False))


def string_buffers(column: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Offsets (rows + 1) and bytes of a string column, copied nowhere and not to be written to."""
    _, offsets, data = column.cast(pa.string()).buffers()
    if offsets is None or len(column) == 0:
        starts = np.zeros(1, np.int32)
    else:
        starts = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    raw = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    starts.flags.writeable = raw.flags.writeable = False
    return starts, raw


def valid_rows(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which rows are not null; of length 0 where all are."""
    if column.null_count == 0:
        return np.zeros(0, np.bool_)
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False))


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    if isinstance(column, pa.Array):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
