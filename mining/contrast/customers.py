"""Whose case it is, and which cases of another process a case is about."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import NO_CODE, Arena
from mining.findings._columns import case_of, first_known

Ints = npt.NDArray[np.int64]
CUSTOMERS: Final = ("customer", "user", "member")
"""Types of objects that stand for the customer."""
MOST_ROWS: Final = 2_000_000
"""Events whose objects are looked at; of larger logs only the first of each case."""


def customers(arena: Arena) -> Ints:
    """A number for the customer of each case, NO_CODE where unknown; shape (cases,).

    The first object of type customer, user or member, else the first actor of kind user.
    """
    rows = np.arange(arena.events) if arena.events <= MOST_ROWS else arena.offsets[:-1]
    found = np.full(arena.cases, NO_CODE, np.int64)
    at, ids = _objects(arena, rows, CUSTOMERS)
    if len(at):
        codes = ids.dictionary_encode().indices.to_numpy().astype(np.int64)
        cases = np.searchsorted(arena.offsets, at, side="right") - 1
        named, first = np.unique(cases, return_index=True)
        found[named] = codes[first]
        return found
    kinds = arena.names["actor_kind"]
    if "user" not in kinds:
        return found
    own = np.where(arena.codes["actor_kind"] == kinds.index("user"), arena.codes["actor"], NO_CODE)
    return first_known(arena, own).astype(np.int64)


def named_cases(arena: Arena, cases: Ints, kind: str, ids: pa.Array) -> tuple[Ints, Ints]:
    """Which of `ids` are objects of type `kind` of events of `cases`: places in `ids`, and the case of each."""
    wanted = np.zeros(arena.cases, np.bool_)
    wanted[cases] = True
    of_case = case_of(arena)
    rows = np.flatnonzero(wanted[of_case])
    at, found = _objects(arena, rows, (kind,))
    place = pc.fill_null(pc.index_in(found, value_set=ids), -1).to_numpy().astype(np.int64)
    there = place >= 0
    return place[there], of_case[at[there]]


def _objects(arena: Arena, rows: Ints, kinds: tuple[str, ...]) -> tuple[Ints, pa.Array]:
    """Ids of the objects of some types of the events at `rows`, in their order, and the row of each."""
    listed = arena.details.objects(arena.rows[rows]) if len(rows) else None
    if listed is None:
        return np.empty(0, np.int64), pa.array([], pa.string())
    flat = listed.flatten()
    types = pc.utf8_lower(flat.field("type").cast(pa.string()))
    meant = pc.fill_null(pc.is_in(types, value_set=pa.array([kind.lower() for kind in kinds])), False)
    kept = np.flatnonzero(np.asarray(meant.to_numpy(zero_copy_only=False)))
    parents = np.asarray(pc.list_parent_indices(listed).to_numpy(zero_copy_only=False))[kept]
    return rows[parents], flat.field("id").cast(pa.string()).take(pa.array(kept))
