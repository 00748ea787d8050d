"""The templates of rules, as Declare has them, and what each asks of a case."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Template = Literal[
    "existence",
    "absence",
    "init",
    "end",
    "responded_existence",
    "response",
    "alternate_response",
    "chain_response",
    "precedence",
    "alternate_precedence",
    "chain_precedence",
    "succession",
    "alternate_succession",
    "chain_succession",
    "not_coexistence",
    "not_succession",
    "not_chain_succession",
]
How = Literal["any", "alternate", "chain"]
Actor = Literal["same", "different"]
End = Literal["source", "target"]
Side = Literal["after", "before", "either"]


@dataclass(frozen=True)
class Clause:
    """One half of a template of two activities: what activates it, and where the other one must be, or must not."""

    activated_by: End
    side: Side
    how: How = "any"
    forbidden: bool = False


_AFTER: Final[dict[How, Clause]] = {how: Clause("source", "after", how) for how in get_args(How)}
_BEFORE: Final[dict[How, Clause]] = {how: Clause("target", "before", how) for how in get_args(How)}
UNARY: Final[tuple[Template, ...]] = ("existence", "absence", "init", "end")
"""Templates of one activity; a case activates them."""
CLAUSES: Final[dict[Template, tuple[Clause, ...]]] = {
    "responded_existence": (Clause("source", "either"),),
    "response": (_AFTER["any"],),
    "alternate_response": (_AFTER["alternate"],),
    "chain_response": (_AFTER["chain"],),
    "precedence": (_BEFORE["any"],),
    "alternate_precedence": (_BEFORE["alternate"],),
    "chain_precedence": (_BEFORE["chain"],),
    "succession": (_AFTER["any"], _BEFORE["any"]),
    "alternate_succession": (_AFTER["alternate"], _BEFORE["alternate"]),
    "chain_succession": (_AFTER["chain"], _BEFORE["chain"]),
    "not_coexistence": (Clause("source", "either", forbidden=True),),
    "not_succession": (Clause("source", "after", forbidden=True),),
    "not_chain_succession": (Clause("source", "after", "chain", forbidden=True),),
}
"""Templates of two activities; an event of the one activates them."""


def forbids(template: Template) -> bool:
    """Whether the template is broken by something that happened, never by something that did not."""
    return template == "absence" or any(clause.forbidden for clause in CLAUSES.get(template, ()))
