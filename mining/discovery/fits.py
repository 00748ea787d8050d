"""Which paths a process tree allows exactly: the tree walked as an automaton, one step an event."""

from collections.abc import Sequence
from typing import Any, Final

from mining.discovery.tree import Operator, Tree

Path = tuple[str, ...]
State = Any
"""Of a subtree: what it has made so far, hashable; what it is made of is known to its operator only."""
MOST: Final = 500_000
"""Steps of the whole tree that are kept, so that paths which begin alike are walked once."""


def fitting(tree: Tree, paths: Sequence[Path]) -> list[bool] | None:
    """Which paths the tree allows without a deviation.

    None where an activity stands in it twice: then an event no longer says which part of the tree made it. (The
    inductive miner makes no such tree.) With each activity in one place all but loops are deterministic, branches of
    a parallel block are walked each for itself, and a path costs its length times the tree's depth.
    """
    names = [leaf.activity for leaf in tree.leaves() if leaf.activity is not None]
    if len(set(names)) != len(names):
        return None
    root = _node(tree)
    known: dict[tuple[State, str], State] = {}
    found = []
    for path in paths:
        state: State = root.begin
        for activity in path:
            if (state, activity) not in known:
                if len(known) > MOST:
                    known.clear()
                known[state, activity] = root.step(state, activity) if activity in root.owner else None
            state = known[state, activity]
            if state is None:
                break
        found.append(state is not None and root.ends(state))
    return found


class _Node:
    """One block; a state of None means that the path is not allowed."""

    begin: State
    owner: dict[str, int]
    """Of each activity in it the child."""

    def __init__(self, tree: Tree) -> None:
        self.children = [_node(child) for child in tree.children]
        self.owner = {activity: place for place, child in enumerate(self.children) for activity in child.owner}
        self.begin = self.first()
        self.silent = self.ends(self.begin)
        """Whether it may be passed without an event."""

    def first(self) -> State:
        """Nothing made yet."""
        raise NotImplementedError

    def step(self, state: State, activity: str) -> State:
        """After one more event of an activity that is its own."""
        raise NotImplementedError

    def ends(self, state: State) -> bool:
        """Whether it may be left now."""
        raise NotImplementedError


class _Leaf(_Node):
    def __init__(self, tree: Tree) -> None:
        super().__init__(tree)
        self.owner = {} if tree.activity is None else {tree.activity: 0}
        self.silent = tree.activity is None

    def first(self) -> State:
        return False

    def step(self, state: State, activity: str) -> State:
        return None if state else True

    def ends(self, state: State) -> bool:
        return state or not self.owner


class _Exclusive(_Node):
    """State: the child that was chosen and its state; empty before."""

    def first(self) -> State:
        return ()

    def step(self, state: State, activity: str) -> State:
        place = self.owner[activity]
        if state and state[0] != place:
            return None
        child = self.children[place]
        after = child.step(state[1] if state else child.begin, activity)
        return None if after is None else (place, after)

    def ends(self, state: State) -> bool:
        return self.children[state[0]].ends(state[1]) if state else any(child.silent for child in self.children)


class _Sequence(_Node):
    """State: the child it is in and that one's state."""

    def first(self) -> State:
        return (0, self.children[0].begin)

    def step(self, state: State, activity: str) -> State:
        place, within = state
        wanted = self.owner[activity]
        if wanted != place:
            passed = wanted > place and self.children[place].ends(within)
            if not passed or not all(child.silent for child in self.children[place + 1 : wanted]):
                return None
            within = self.children[wanted].begin
        after = self.children[wanted].step(within, activity)
        return None if after is None else (wanted, after)

    def ends(self, state: State) -> bool:
        place, within = state
        return self.children[place].ends(within) and all(child.silent for child in self.children[place + 1 :])


class _Parallel(_Node):
    """State: that of each child."""

    def first(self) -> State:
        return tuple(child.begin for child in self.children)

    def step(self, state: State, activity: str) -> State:
        place = self.owner[activity]
        after = self.children[place].step(state[place], activity)
        return None if after is None else (*state[:place], after, *state[place + 1 :])

    def ends(self, state: State) -> bool:
        return all(child.ends(within) for child, within in zip(self.children, state, strict=True))


class _Inclusive(_Parallel):
    """State: that of each child, None for one not begun."""

    def first(self) -> State:
        return (None,) * len(self.children)

    def step(self, state: State, activity: str) -> State:
        place = self.owner[activity]
        if state[place] is None:
            state = (*state[:place], self.children[place].begin, *state[place + 1 :])
        return super().step(state, activity)

    def ends(self, state: State) -> bool:
        begun = [(child, within) for child, within in zip(self.children, state, strict=True) if within is not None]
        return all(c.ends(within) for c, within in begun) if begun else any(child.silent for child in self.children)


class _Loop(_Node):
    """Body, then any number of (one redo, body). State: every child, with its state, that it may be in."""

    def first(self) -> State:
        return frozenset({(0, self.children[0].begin)})

    def step(self, state: State, activity: str) -> State:
        wanted = self.owner[activity]
        child = self.children[wanted]
        after = set()
        for place, within in state:
            if place == wanted:
                after.add((wanted, child.step(within, activity)))
            if self.children[place].ends(within) and self._leads(place, wanted):
                after.add((wanted, child.step(child.begin, activity)))
        return frozenset(found for found in after if found[1] is not None) or None

    def ends(self, state: State) -> bool:
        silent = self.children[0].silent
        return any((place == 0 or silent) and self.children[place].ends(within) for place, within in state)

    def _leads(self, place: int, wanted: int) -> bool:
        """Whether the end of one child is the beginning of the other, or nothing visible lies between."""
        if (place == 0) != (wanted == 0):
            return True
        return any(child.silent for child in self.children[1:]) if wanted == 0 else self.children[0].silent


KINDS: Final[dict[Operator | None, type[_Node]]] = {
    None: _Leaf,
    "exclusive": _Exclusive,
    "sequence": _Sequence,
    "parallel": _Parallel,
    "inclusive": _Inclusive,
    "loop": _Loop,
}


def _node(tree: Tree) -> _Node:
    return KINDS[tree.operator](tree)
