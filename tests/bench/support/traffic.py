"""Prepared bodies of the traffic in `tests.bench.load`, made on all cores before anything is measured."""

import gzip
import json
import multiprocessing
from typing import Final

from tests.bench import load
from tests.bench.support.sender import Form

BATCH: Final = 516
"""Spans of a request: the first whole number of traces from 512 on."""
_LEVEL: Final = 6
"""Of gzip, as most SDKs and the OpenTelemetry Collector have it."""
# So many orders that every service's last batch is full.
_ORDERS: Final = BATCH // load.TRACE_SPANS * 11
CHUNK: Final = _ORDERS * len(load.STEPS) * load.TRACE_SPANS
"""Spans of a chunk, 34 056."""

Chunk = list[bytes]


def chunks(form: Form, count: int) -> list[Chunk]:
    """`count` chunks of gzip bodies of BATCH spans; no span, trace or order is in two of them."""
    with multiprocessing.get_context("spawn").Pool() as pool:
        return pool.starmap(_chunk, [(form, number * _ORDERS) for number in range(count)], chunksize=1)


def plain_bytes(chunk: Chunk) -> int:
    """Bytes of its bodies when unpacked."""
    return sum(len(gzip.decompress(body)) for body in chunk)


def _chunk(form: Form, first: int) -> Chunk:
    made = []
    for request in load.requests(_ORDERS, first=first):
        if form == "json":
            plain = json.dumps(load.json_body(request), separators=(",", ":")).encode()
        else:
            plain = request.SerializeToString()
        made.append(gzip.compress(plain, _LEVEL, mtime=0))
    return made
