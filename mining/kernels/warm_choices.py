"""Compiles (or loads) the kernels that work on a choice of cases, for both widths of codes."""

import numpy as np

from mining.arena import Codes
from mining.kernels.case_between import case_between
from mining.kernels.case_ends import case_ends
from mining.kernels.case_follows import case_follows
from mining.kernels.case_has import case_has
from mining.kernels.concurrency import concurrency
from mining.kernels.eventually_follows import eventually_follows
from mining.kernels.over_time import over_time
from mining.kernels.paths import paths
from mining.kernels.performance_spectrum import performance_spectrum
from mining.kernels.repetitions import repetitions
from mining.kernels.rule_witness import rule_witness
from mining.kernels.working_together import working_together


def warm_choices() -> None:
    """Run each once with the types it meets in earnest; they take mapped and written arrays alike."""
    first, last, times = np.array([0]), np.array([3]), np.array([0, 1, 2])
    case_between(first, last, times, 0, 1)
    case_ends(first, last, times)
    for width in (np.int16, np.int32):
        codes: Codes = np.array([0, 1, 0]).astype(width)
        case_has(first, last, codes, np.ones(2, np.bool_))
        case_follows(first, last, codes, times, times, 0, 1)
        concurrency(first, last, codes, times, times, 2)
        eventually_follows(first, last, codes, times, times, 2)
        over_time(first, last, codes, times, times, 2, np.array([0, 3]))
        performance_spectrum(first, last, codes, times, times, 2, np.array([0, 3]))
        paths(first, last, codes)
        repetitions(first, last, codes, 2)
        rule_witness(first, last, times, times, np.array([1, 3, 2], np.uint8), codes, 2, after=True)
        working_together(first, last, codes, 2)
