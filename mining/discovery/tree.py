"""Process trees: blocks of sequence, choice, parallelism and loop."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Operator = Literal["sequence", "exclusive", "parallel", "inclusive", "loop"]
SIGNS: Final[dict[Operator, str]] = {
    "sequence": "->",
    "exclusive": "X",
    "parallel": "+",
    "inclusive": "O",
    "loop": "*",
}
"""As pm4py and the literature write them (Leemans, Fahland, van der Aalst 2013)."""
Path = tuple[str, ...]
LONGEST: Final = 400
"""Events of a path whose fit in a loop is looked for; it grows with the square."""


@dataclass(frozen=True)
class Tree:
    """A leaf has no operator: an activity, or silent where `activity` is None. A loop has a body and one redo."""

    operator: Operator | None = None
    activity: str | None = None
    children: tuple["Tree", ...] = ()

    def leaves(self) -> Iterator["Tree"]:
        """From left to right."""
        if self.operator is None:
            yield self
        for child in self.children:
            yield from child.leaves()

    @property
    def activities(self) -> frozenset[str]:
        """Every activity that stands in it."""
        return frozenset(leaf.activity for leaf in self.leaves() if leaf.activity is not None)

    def __str__(self) -> str:
        """`->( 'a', X( 'b', tau ) )`; quotes in names are escaped as in JSON."""
        if self.operator is None:
            return "tau" if self.activity is None else _quoted(self.activity)
        return f"{SIGNS[self.operator]}( {', '.join(map(str, self.children))} )"

    def document(self) -> dict[str, object]:
        """For JSON: `{"activity"}` (null: silent) or `{"operator", "children"}`."""
        if self.operator is None:
            return {"activity": self.activity}
        return {"operator": self.operator, "children": [child.document() for child in self.children]}


def _quoted(name: str) -> str:
    return "'" + json.dumps(name, ensure_ascii=False)[1:-1].replace("'", "\\'") + "'"


def read_tree(found: object) -> Tree:
    """A tree from what `Tree.document` gives. ValueError for anything else."""
    match found:
        case {"activity": str() | None as activity}:
            return Tree(activity=activity)
        case {"operator": str() as operator, "children": list() as children} if operator in SIGNS and children:
            return Tree(operator, None, tuple(map(read_tree, children)))
    raise ValueError(f"no process tree: {str(found)[:80]}")


def fitting(tree: Tree, paths: Sequence[Path]) -> list[bool] | None:
    """Which paths the tree allows exactly, without a deviation.

    None where an activity stands in it twice: then a path no longer says by itself which part made which event. (The
    inductive miner makes no such tree.) A path too long to be sure of counts as not allowed.
    """
    names = [leaf.activity for leaf in tree.leaves() if leaf.activity is not None]
    if len(set(names)) != len(names):
        return None
    fits = _Fits()
    return [fits(tree, path) for path in paths]


class _Fits:
    """Whether a subtree makes a path: what its parts must have made is the path's projections on their activities."""

    def __init__(self) -> None:
        self._owned: dict[int, frozenset[str]] = {}

    def __call__(self, tree: Tree, path: Path) -> bool:
        return self.owned(tree).issuperset(path) and self._fits(tree, path)

    def owned(self, tree: Tree) -> frozenset[str]:
        # Trees are compared by identity here: hashing a whole subtree for every question would cost more than asking.
        if id(tree) not in self._owned:
            self._owned[id(tree)] = tree.activities
        return self._owned[id(tree)]

    def _fits(self, tree: Tree, path: Path) -> bool:
        match tree.operator:
            case None:
                return path == (() if tree.activity is None else (tree.activity,))
            case "exclusive":
                return any(self(child, path) for child in tree.children)
            case "sequence":
                parts = [tuple(a for a in path if a in self.owned(child)) for child in tree.children]
                return tuple(itertools.chain(*parts)) == path and self._each(tree.children, parts)
            case "parallel":
                return self._each(tree.children, self._projected(tree, path))
            case "inclusive":
                parts = self._projected(tree, path)
                used = [(child, part) for child, part in zip(tree.children, parts, strict=True) if part]
                fitting_parts = all(self(child, part) for child, part in used)
                return fitting_parts and (bool(used) or any(self(child, ()) for child in tree.children))
            case "loop":
                return self._repeats(tree.children[0], tree.children[1:], path)

    def _projected(self, tree: Tree, path: Path) -> list[Path]:
        return [tuple(a for a in path if a in self.owned(child)) for child in tree.children]

    def _each(self, children: Sequence[Tree], parts: Sequence[Path]) -> bool:
        return all(self(child, part) for child, part in zip(children, parts, strict=True))

    def _repeats(self, body: Tree, redo: Sequence[Tree], path: Path) -> bool:
        """Body, then any number of (one of redo, body); `done[i]`: path[:i] may end right after a body."""
        if len(path) > LONGEST:
            return False
        own = self.owned(body)
        silent_redo = any(self(r, ()) for r in redo)
        silent_body = self(body, ())
        size = len(path)
        done, again = [False] * (size + 1), [False] * (size + 1)
        again[0] = True
        for i in range(size + 1):
            # At one place a body may come right after a silent redo and the other way round, any number of times.
            if again[i] and silent_body:
                done[i] = True
            if done[i] and silent_redo:
                again[i] = True
            if again[i] and silent_body:
                done[i] = True
            if again[i]:
                for j in range(i + 1, size + 1):
                    if path[j - 1] not in own:
                        break
                    if not done[j] and self(body, path[i:j]):
                        done[j] = True
            if done[i]:
                for j in range(i + 1, size + 1):
                    if path[j - 1] in own:
                        break
                    if not again[j] and any(self(r, path[i:j]) for r in redo):
                        again[j] = True
        return done[size]
