"""Process trees: blocks of sequence, choice, parallelism and loop."""

import json
from collections.abc import Iterator
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
