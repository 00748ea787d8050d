"""Log-linear buckets of durations: 32 an octave, so a bucket is at most 1/32 of its lower end wide. Zero is apart.

Bucket 0 holds 0 (and whatever a wrong clock made negative), bucket 32 + 32 o + s the values from 2^o (1 + s/32) on.
"""

from typing import Final

import numpy as np
from numba.extending import register_jitable

PER_PAGE: Final = 32
"""Buckets of an octave: the page that is reserved together."""
OCTAVES: Final = 54
"""Zero, and the octaves of 1 to 2^53 - 1 µs (285 years); whatever is longer lies in the last bucket."""
_LARGEST: Final = 2**53 - 1
_SHIFT: Final = 52 - 5
_BASE: Final = (1023 << 5) - PER_PAGE


@register_jitable(inline="always")
def bucket(value: int) -> int:
    """The bucket of a value: exponent and first five bits of the mantissa of its float."""
    if value <= 0:
        return 0
    return (np.float64(min(value, _LARGEST)).view(np.int64) >> _SHIFT) - _BASE  # type: ignore[return-value]  # numba's
