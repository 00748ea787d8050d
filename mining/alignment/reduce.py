"""Nets with fewer silent steps, so that a search has fewer ways to look at (Murata 1989, fusion of transitions)."""

from collections.abc import Mapping
from typing import Final

from mining.discovery.net import Net

_MOST: Final = 4
"""Times as many arcs as before that a reduced net may have."""


def reduced(net: Net) -> Net:
    """A net with the same paths at the same costs; initial and final marking stay.

    A silent transition goes where it is the only one to take from a place (what fills that place then fills what it
    would have filled), or the only one to fill a place (what takes from that place then takes what it would have
    taken); so does one that changes nothing. Arcs of weight 1 are taken for granted; no fusion makes others.
    """
    before: dict[str, frozenset[str]] = {t: frozenset(s for s, to in net.arcs if to == t) for t in net.transitions}
    after: dict[str, frozenset[str]] = {t: frozenset(to for s, to in net.arcs if s == t) for t in net.transitions}
    marked = {*net.initial, *net.final}
    limit = _MOST * len(net.arcs)
    going = True
    while going:
        going = False
        for silent in [t for t in before if net.transitions[t] is None]:
            if before[silent] == after[silent]:
                fused: bool = True
            elif not marked.issuperset(before[silent]) and _only(before, silent) and not before[silent] & after[silent]:
                fused = _replace(after, before[silent], after[silent], limit)
            else:
                fused = False
            if not fused and not marked.issuperset(after[silent]) and _only(after, silent):
                fused = not before[silent] & after[silent] and _replace(before, after[silent], before[silent], limit)
            if fused:
                del before[silent], after[silent]
                going = True
    arcs = [(p, t) for t, sources in before.items() for p in sorted(sources)]
    arcs += [(t, p) for t, targets in after.items() for p in sorted(targets)]
    used = marked.union(*before.values(), *after.values())
    left = {t: net.transitions[t] for t in before}
    return Net(tuple(p for p in net.places if p in used), left, tuple(arcs), net.initial, net.final)


def _only(side: Mapping[str, frozenset[str]], silent: str) -> bool:
    """Whether this one has one place on that side, and no other has it there."""
    if len(side[silent]) != 1:
        return False
    return all(t == silent or not side[silent] & places for t, places in side.items())


def _replace(side: dict[str, frozenset[str]], gone: frozenset[str], instead: frozenset[str], limit: int) -> bool:
    """Put other places in the place of one; not where one would be there twice, or arcs would become too many."""
    touched = [t for t, places in side.items() if places & gone]
    if any(side[t] & instead for t in touched):
        return False
    if sum(map(len, side.values())) + len(touched) * (len(instead) - 1) > limit:
        return False
    for t in touched:
        side[t] = side[t] - gone | instead
    return True
