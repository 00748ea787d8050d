"""Reads OTLP trace requests from their bytes straight into columns, in compiled code; fuzzed equal to protobuf's upb.

What it cannot take at face value it does not judge: it calls the body strange and leaves it to protobuf.
"""

from pathlib import Path

from collector.compiled import drop_stale

drop_stale(Path(__file__).parent)

from collector.converter.wire.columns import Spans  # noqa: E402
from collector.converter.wire.parse import canonicalise, parse  # noqa: E402
from collector.converter.wire.text import hex_column, text_column  # noqa: E402
from collector.converter.wire.wanted import Wanted  # noqa: E402
from collector.converter.wire.warm import warm_up  # noqa: E402
from collector.converter.wire.words import Words  # noqa: E402

__all__ = ["Spans", "Wanted", "Words", "canonicalise", "hex_column", "parse", "text_column", "warm_up"]
