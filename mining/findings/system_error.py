"""`error/system_error`: a part of a system that fails more than it used to, or than the others do."""

from mining.findings._error_facts import ErrorFacts
from mining.findings._failures import failures
from mining.findings.facts import Fact, View


def system_error(view: View) -> list[Fact]:
    """Errors of a step by where they began: service, module, operation of the deepest failing span, else the step's.

    Compared with the step's own past, with all other work, and within (`ErrorFacts.fact`). What ran out of time is left
    to `timeout`.
    """
    if not view.arena.error.any():
        return []
    facts = ErrorFacts(view)
    return [
        facts.fact(
            "system_error",
            found,
            (("undo_change", "system"), ("retry_or_switch", "system")),
            (("fix_system", "system"), ("retry_or_switch", "system")),
        )
        for found in failures(view)
        if not found.timed
    ]
