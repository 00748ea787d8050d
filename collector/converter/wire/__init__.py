"""Reads OTLP trace requests from their bytes straight into columns, in compiled code; fuzzed equal to protobuf's upb.

What it cannot take at face value it does not judge: it calls the body strange and leaves it to protobuf.
"""

from collector.converter.wire.columns import Spans
from collector.converter.wire.parse import canonicalise, parse
from collector.converter.wire.text import hex_column, text_column
from collector.converter.wire.wanted import Wanted
from collector.converter.wire.warm import warm_up
from collector.converter.wire.words import Words

__all__ = ["Spans", "Wanted", "Words", "canonicalise", "hex_column", "parse", "text_column", "warm_up"]
