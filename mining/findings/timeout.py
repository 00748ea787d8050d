"""`error/timeout`: a system that stalls, so that calls of it run out of time."""

from mining.findings._error_facts import ErrorFacts
from mining.findings._failures import failures
from mining.findings.facts import Fact, View


def timeout(view: View) -> list[Fact]:
    """Failures that say that something took too long, or that end at one bound far above the usual time.

    By where they began, and compared, as in `system_error`, which leaves them out. `bound_s` is where most of them end.
    """
    if not view.arena.error.any():
        return []
    facts = ErrorFacts(view)
    return [
        facts.fact(
            "timeout",
            found,
            (("undo_change", "system"), ("limit_waiting", "system")),
            (("fix_system", "system"), ("limit_waiting", "system")),
        )
        for found in failures(view)
        if found.timed
    ]
