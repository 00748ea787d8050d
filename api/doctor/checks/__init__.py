"""Checks: one file, one public function of the same name, one kind of trouble each."""

from collections.abc import Callable, Iterator
from typing import Final

from api.doctor.checks.addresses import addresses
from api.doctor.checks.backlog import backlog
from api.doctor.checks.cases import cases
from api.doctor.checks.clocks import clocks
from api.doctor.checks.configuration import configuration
from api.doctor.checks.dead_letters import dead_letters
from api.doctor.checks.folder import folder
from api.doctor.checks.future import future
from api.doctor.checks.miner import miner
from api.doctor.checks.models import models
from api.doctor.checks.ports import ports
from api.doctor.checks.processes import processes
from api.doctor.checks.raw_key import raw_key
from api.doctor.checks.requests import requests
from api.doctor.checks.rules import rules
from api.doctor.checks.sampling import sampling
from api.doctor.checks.segments import segments
from api.doctor.checks.tokens import tokens
from api.doctor.situation import Situation
from api.doctor.trouble import Trouble

CHECKS: Final[tuple[Callable[[Situation], Iterator[Trouble]], ...]] = (
    configuration,
    tokens,
    ports,
    folder,
    raw_key,
    processes,
    models,
    backlog,
    requests,
    dead_letters,
    segments,
    rules,
    cases,
    clocks,
    future,
    sampling,
    miner,
    addresses,
)
"""All checks, what lies under others first."""
