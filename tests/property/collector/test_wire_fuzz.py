"""The wire parser reads what protobuf reads, or says that it does not know, whatever the bytes."""

from random import Random

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.converter.wire.outline import outline
from collector.converter.wire.parse import canonicalise, parse
from collector.converter.wire.schema import schema
from collector.converter.wire.spans import rows_of
from tests.property.collector.otlp_bytes import WANTED, Row, expected, found, mutated, random_body

RANDOMS = st.integers(0, 2**63).map(Random)
ODDNESS = st.sampled_from((0.0, 0.01, 0.1, 0.3))


def check(bodies: list[bytes]) -> list[int]:
    """Compare with protobuf and return the strange ones."""
    spans, strange = parse(bodies, WANTED)
    rows: dict[int, list[Row]] = {}
    for number, row in found(spans):
        rows.setdefault(number, []).append(row)
    for i, body in enumerate(bodies):
        try:
            wanted = expected(body)
        except DecodeError:
            assert i in strange
            with pytest.raises(DecodeError):
                canonicalise(body)
            continue
        if i in strange:
            assert i not in rows
            plain = canonicalise(body)
            again, still = parse([plain], WANTED)
            assert still == []
            assert [row for _, row in found(again)] == expected(plain)
        else:
            assert rows.get(i, []) == wanted
    return strange


@settings(max_examples=100, deadline=None)
@given(RANDOMS)
def test_what_exporters_write_is_read_as_protobuf_reads_it(random: Random) -> None:
    bodies = [random_body(random, 0) for _ in range(3)]
    assert check([*bodies, bodies[0] + bodies[1]]) == []


@settings(max_examples=200, deadline=None)
@given(RANDOMS, ODDNESS)
def test_odd_and_broken_bodies_are_read_as_protobuf_reads_them_or_strange(random: Random, oddness: float) -> None:
    bodies = [random_body(random, oddness) for _ in range(3)]
    check([*bodies, *(mutated(random, body, bodies[0]) for body in bodies)])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_are_read_or_strange(bodies: list[bytes]) -> None:
    check(bodies)


@settings(max_examples=100, deadline=None)
@given(RANDOMS, ODDNESS, st.data())
def test_nothing_beside_a_body_is_looked_at(random: Random, oddness: float, data: st.DataObject) -> None:
    body = random_body(random, oddness)
    body = body[: data.draw(st.integers(0, len(body)), "cut")]
    results = []
    for beside in (b"\x00", b"\xff", b"\x0a\x02", b"\x80\x01", b"a"):
        guard = (beside * 64)[:64]
        buffer = np.frombuffer(guard + body + guard, np.uint8)
        offsets, strange = np.array([0, len(body)]), np.zeros(1, np.bool_)
        inside, table = buffer.ctypes.data + 64, schema().ctypes.data
        places = outline(inside, offsets, strange, table)
        rows, lists = rows_of(inside, places, WANTED.table, strange, table)
        results.append((strange[0], None if strange[0] else [column.tobytes() for column in (*places, *rows, *lists)]))
        assert buffer.tobytes() == guard + body + guard
    assert all(result == results[0] for result in results)
