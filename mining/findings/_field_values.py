"""What the values of a field look like: their shapes, their size as numbers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import NO_CODE, NO_TIME, Arena
from mining.findings._stats import Flags, Floats, Ints

Codes = npt.NDArray[np.int32]
NUMBER: Final = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"
LONGEST: Final = 120
"""Characters; what is longer is text."""
NUMERIC: Final = 0.9
"""So many of the values are numbers where the field is one."""


@dataclass(frozen=True)
class FieldValues:
    """One field of all events."""

    codes: Codes
    """Shape (events,): which value; NO_CODE where there is none, or only blanks."""
    size: int
    """How many different values there are."""
    shape: Codes
    """Shape (events,): which shape (letters as one `a` a word, a digit as `9`, the rest as it is); NO_CODE without."""
    shapes: tuple[str, ...]
    coarse: Codes
    """The same where digits, too, are one `9` a run."""
    coarses: tuple[str, ...]
    number: Floats | None
    """Shape (events,): the value as a number, NaN where it is none or missing; None where the field is no number."""

    @property
    def there(self) -> Flags:
        """Where there is a value."""
        flags: Flags = self.codes >= 0
        return flags


def field_values(arena: Arena, name: str) -> FieldValues | None:
    """Of one further field; None where no event has it."""
    encoded = arena.fields.encoded(name)
    words = encoded.dictionary.cast(pa.string())
    indices = encoded.indices.fill_null(NO_CODE).to_numpy(zero_copy_only=False).astype(np.int32)
    if not len(words):
        return None
    trimmed = pc.utf8_trim_whitespace(words)
    blank = pc.equal(pc.utf8_length(trimmed), 0)
    dropped = np.append(np.asarray(pc.fill_null(blank, True).to_numpy(zero_copy_only=False), np.bool_), False)
    indices = np.where(dropped[indices], NO_CODE, indices).astype(np.int32)
    if not (indices >= 0).any():
        return None
    cut = pc.utf8_slice_codeunits(words, 0, LONGEST)
    letters = pc.replace_substring_regex(cut, r"\p{L}+", "a")
    exact = pc.replace_substring_regex(letters, r"\d", "9").dictionary_encode()
    coarse = pc.replace_substring_regex(letters, r"\d+", "9").dictionary_encode()
    numeric = pc.match_substring_regex(trimmed, NUMBER)
    flags = np.asarray(pc.fill_null(numeric, False).to_numpy(zero_copy_only=False), np.bool_)
    number = None
    counts = np.bincount(indices[indices >= 0], minlength=len(words))
    if counts[flags].sum() >= NUMERIC * counts.sum():
        parsed = pc.cast(pc.if_else(numeric, trimmed, None), pa.float64())
        number = np.append(pc.fill_null(parsed, np.nan).to_numpy(zero_copy_only=False), np.nan)[indices]
    return FieldValues(
        indices,
        int((counts > 0).sum()),
        _of_events(exact, indices),
        tuple(exact.dictionary.to_pylist()),
        _of_events(coarse, indices),
        tuple(coarse.dictionary.to_pylist()),
        number,
    )


def amounts(arena: Arena) -> Floats | None:
    """The events' amounts as numbers, NaN where there is none; None where no event has one."""
    there = arena.amount != NO_TIME
    if not there.any():
        return None
    return np.where(there, arena.amount / 100, np.nan)


def _of_events(column: pa.DictionaryArray, indices: Codes) -> Codes:
    codes = np.append(column.indices.to_numpy(zero_copy_only=False).astype(np.int32), NO_CODE)
    return np.asarray(codes[indices], np.int32)


def odd_numbers(values: Floats, usual: Flags) -> Flags:
    """Which values are not of the size of the `usual` ones: ten times beyond their middle and six times their spread
    (median of the distances) on the logarithmic scale, or of another sign than 99 of 100. NaN is never odd.
    """
    known = values[usual & ~np.isnan(values)]
    odd = np.zeros(len(values), np.bool_)
    if len(known) < 2:
        return odd
    sign = np.sign(values)
    positive = float((known > 0).mean())
    if positive >= 0.99:
        odd |= sign < 0
    size = np.log10(np.where(sign == 0, np.nan, np.abs(values)))
    own = np.log10(np.abs(known[known != 0]))
    if len(own) >= 2:
        middle = float(np.median(own))
        spread = float(np.median(np.abs(own - middle)))
        odd |= np.abs(size - middle) > max(1.0, 6 * spread)
    return odd


def thirds(start: Ints) -> Flags:
    """Which events lie in the first third of them."""
    if not len(start):
        return np.zeros(0, np.bool_)
    flags: Flags = start <= np.partition(start, len(start) // 3)[len(start) // 3]
    return flags
