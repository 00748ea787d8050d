"""Local times to UTC."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
NO_TIME: Final = np.iinfo(np.int64).min
"""Stands for an empty cell."""
SECOND: Final = 1_000_000
_SLOT: Final = 15 * 60 * SECOND
_TWO_DAYS: Final = 2 * 86_400 * SECOND
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are what is counted from it

FIRST: Final = (datetime(1, 1, 2) - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001
LAST: Final = (datetime(9999, 12, 30) - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001
"""Between them every time can be written down in every zone."""


def localised(values: Times, zone: str) -> Times:
    """Local microseconds to UTC. Of a time that comes twice the first is meant, as `fold=0` has it in PEP 495."""
    if zone == "UTC" or not len(values):
        return values
    known = values != NO_TIME
    where = ZoneInfo(zone)
    values = np.where(known, np.clip(values, FIRST - _TWO_DAYS, LAST + _TWO_DAYS), NO_TIME)
    # Offsets change on quarters of an hour, so one look-up per quarter that occurs is enough.
    slots, inverse = np.unique(values[known] // _SLOT, return_inverse=True)
    offsets = np.empty(len(slots), dtype=np.int64)
    for i, slot in enumerate(np.clip(slots, FIRST // _SLOT + 1, LAST // _SLOT - 1).tolist()):
        local = (_EPOCH + timedelta(microseconds=slot * _SLOT)).replace(tzinfo=where)
        offset = local.utcoffset() or timedelta()
        offsets[i] = (offset.days * 86400 + offset.seconds) * SECOND
    values[known] -= offsets[inverse]
    return values
