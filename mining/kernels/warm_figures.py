"""Compiles (or loads) the kernels that count a choice of cases, for both widths of codes."""

import numpy as np

from mining.arena import NO_TIME, Codes
from mining.kernels.case_spans import case_spans
from mining.kernels.choice_counts import choice_counts
from mining.kernels.choice_pairs import choice_pairs
from mining.kernels.choice_times import Rowwise, choice_times, choice_values
from mining.kernels.edge_numbers import edge_numbers
from mining.kernels.enabling import enabling_rows
from mining.kernels.overlapping import overlapping
from mining.kernels.path_orders import path_orders
from mining.summary.buckets import OCTAVES


def warm_figures() -> None:
    """Run each once with the types it meets in earnest."""
    first, last, times = np.array([0]), np.array([3]), np.array([0, 1, 2])
    ends = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    case_spans(first, last, times, times, times[:0])
    for width in (np.int16, np.int32):
        codes: Codes = np.array([0, 1, 0]).astype(width)
        edge_numbers(first, last, codes, 2, *ends)
        enabling_rows(first, last, codes, times, times, np.eye(2, dtype=np.bool_))
        overlapping(first, last, codes, times, times, 2)
        path_orders(np.array([0, 3]), codes, np.array([1]), 2)
        choice_pairs(first, last, codes, codes, (2, 2))
        rowwise = Rowwise(codes, codes, codes, (2, 2, 2))
        choice_counts(first, last, times, times, times[:0], np.zeros(3, np.bool_), rowwise, NO_TIME)
        choice_times(first, last, times, times, times[:0], rowwise)
        choice_values(first, last, times, times, times[:0], rowwise, np.zeros((10, OCTAVES), np.uint32), 0)
