from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cases import CaseList, key
from api.rows import Rows, in_order
from mining.arena import Arena
from mining.choosing import Choosable
from mining.filters import take
from tests.helpers import T0, arena, event


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.text("aébz", max_size=2), st.text("xy", max_size=1))))
def test_equal_values_stand_in_order_of_their_texts(rows: list[tuple[int, str, str]]) -> None:
    values = np.array([value for value, _, _ in rows], np.int64)
    columns = [pa.array([row[n] for row in rows], pa.string()) for n in (1, 2)]
    order = in_order(values, lambda some: [column.take(pa.array(some)) for column in columns])
    assert [rows[i] for i in order] == sorted(rows)


def test_rows_are_made_when_they_are_asked_for() -> None:
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return 10 * number

    found = Rows(np.array([3, 1, 2]), make)
    assert (len(found), found[0], found[-1], found[1:]) == (3, 30, 20, [10, 20])
    assert made == [3, 2, 1, 2]


def shuffled(found: Arena, places: list[int]) -> Arena:
    """The same cases in another order."""
    parts = [take(found, np.arange(found.cases) == place) for place in places]
    rows = [row for place in places for row in range(found.offsets[place], found.offsets[place + 1])]
    return replace(
        found,
        offsets=np.cumsum([0, *(part.events for part in parts)]),
        case_ids=pa.concat_arrays([part.case_ids for part in parts]),
        start=found.start[rows],
        end=found.end[rows],
        codes={name: column[rows] for name, column in found.codes.items()},
        error=found.error[rows],
    )


def test_cases_that_begin_together_stand_in_order_of_their_ids() -> None:
    begins = {"b": 1, "a": 1, "c": 2, "é": 1, "d": 0}
    found = arena([event(case, "x", T0 + at) for case, at in begins.items()])
    expected = ["c", "a", "b", "é", "d"]
    for places in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        rows = CaseList(Choosable(shuffled(found, places)), ())
        assert [row.case_id for row in rows] == expected
        assert [key(row) for row in rows] == sorted(key(row) for row in rows)
