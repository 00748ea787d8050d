"""Compiles the converter's kernels before the first request waits for them."""

import numpy as np

from collector.converter import wire
from collector.converter.seen import Seen


def warm_up() -> None:
    """Run every kernel once; many seconds the first time on a machine, then about one."""
    wire.warm_up()
    many = np.arange(1, 1 << 13, dtype=np.uint64)
    Seen().are_new(many, many)
