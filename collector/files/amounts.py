"""Money as people write it, to whole minor units; never through a float."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_SIGNS: Final = r"[\s¥￥$€£元]|CNY|RMB"
_THOUSANDS: Final = r"^([+-]?)(\d{1,3}(?:,\d{3})+)(\.\d*)?$"
_LIMIT: Final = 1 << 62


def parse_amounts(column: pa.Array, digits: int) -> tuple[pa.Array, int]:
    """Decimal major units as int64 minor units (`digits` decimal places, half rounded up), and how many are unreadable.

    Unreadable cells become null. A comma counts only where it parts thousands: `12,5` is not guessed at.
    """
    texts = pc.replace_substring_regex(pc.cast(column, pa.string()), _SIGNS, "")
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    thousands = pc.fill_null(pc.match_substring_regex(texts, _THOUSANDS), False)
    texts = pc.if_else(thousands, pc.replace_substring(texts, ",", ""), texts)
    # Prices repeat: every different text is read once.
    encoded = pc.dictionary_encode(texts)
    values = [None if text is None else _minor(text, digits) for text in encoded.dictionary.to_pylist()]
    amounts = pa.array(values, pa.int64()).take(encoded.indices)
    return amounts, amounts.null_count - texts.null_count


def _minor(text: str, digits: int) -> int | None:
    try:
        value = Decimal(text)
        if not value.is_finite() or value.adjusted() > 18:
            return None
        minor = int(value.scaleb(digits).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, OverflowError):
        return None
    return minor if abs(minor) < _LIMIT else None
