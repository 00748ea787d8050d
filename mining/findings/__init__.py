"""Detectors: one file, one public function, one name of finding each."""

from typing import Final

from mining.findings.complex_step import complex_step
from mining.findings.facts import Detector, Fact, View
from mining.findings.field_error import field_error
from mining.findings.flow_stopped import flow_stopped
from mining.findings.inserted_step import inserted_step
from mining.findings.misoperation import misoperation
from mining.findings.model_violation import model_violation
from mining.findings.queue_growing import queue_growing
from mining.findings.rare_path import rare_path
from mining.findings.rework_loop import rework_loop
from mining.findings.rule_violation import rule_violation
from mining.findings.skipped_step import skipped_step
from mining.findings.slow_role import slow_role
from mining.findings.slow_step import slow_step
from mining.findings.stuck_case import stuck_case
from mining.findings.system_error import system_error
from mining.findings.timeout import timeout
from mining.findings.waiting import waiting
from mining.findings.wrong_order import wrong_order

DETECTORS: Final[tuple[Detector, ...]] = (
    waiting,
    slow_step,
    queue_growing,
    complex_step,
    rare_path,
    model_violation,
    skipped_step,
    inserted_step,
    wrong_order,
    rework_loop,
    rule_violation,
    system_error,
    timeout,
    field_error,
    misoperation,
    stuck_case,
    flow_stopped,
    slow_role,
)
"""All detectors, in the order in which their facts are listed."""

FAKED_BY_SAMPLING: Final = frozenset({"stuck_case", "skipped_step", "model_violation", "missing_object"})
"""Findings that something did not happen. Where spans come sampled, it may have happened unseen."""

ODD_WAYS: Final = frozenset({"rare_path", "model_violation", "skipped_step", "inserted_step", "wrong_order"})
"""Findings whose cases go another way than they should or than others do."""


def detect(view: View) -> tuple[Fact, ...]:
    """Everything the detectors find in `view`; nothing in an empty one. Pure: same view, same facts.

    What sampling can fake is left out where the quality says `sampled`.
    """
    if view.arena.events == 0:
        return ()
    found = (fact for detector in DETECTORS for fact in detector(view))
    if view.arena.quality.sampled:
        return tuple(fact for fact in found if fact.name not in FAKED_BY_SAMPLING)
    return tuple(found)
