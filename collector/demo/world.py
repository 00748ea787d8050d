"""The shop as a whole: its staff, its systems, its calendar and what is wrong with it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from collector.demo.days import Days, day_of, hour_of, midnight
from collector.demo.kernel import DAY, HOUR, MINUTE, SECOND, Simulation
from collector.demo.problems import CHANNELS, SHOPS, Problems, draw
from collector.demo.services import Services
from collector.demo.spans import Tracer
from collector.demo.teams import Shift, Team, first_plan, hire, shifts
from collector.demo.truths import Truths

USUAL_ORDERS_PER_DAY = 20_000 / 14
_REVIEWERS = (2, 3, 4)
TERMINALS_PER_SHOP = 4


@dataclass(frozen=True)
class Plan:
    """What a demo is made from; the same plan gives the same traffic, byte for byte."""

    seed: int
    days: int
    orders: int
    healthy: bool
    now: int
    """End of the history, microseconds UTC."""

    @property
    def start(self) -> int:
        """When the history begins."""
        return self.now - self.days * DAY

    @property
    def per_day(self) -> float:
        """Orders of a plain day."""
        return self.orders / self.days


class World:
    """Everything a case meets on its way."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rng = random.Random(f"houtai demo {plan.seed}")
        first = day_of(plan.start) + (plan.start > midnight(day_of(plan.start)))
        drawn = draw(plan.seed, first, plan.days)
        self.problems: Problems | None = None if plan.healthy else drawn
        self.held_share = drawn.held_share
        self.days = _special_days(plan, first)
        self.simulation = Simulation(plan.start)
        self.tracer = Tracer(plan.seed)
        self.services = Services(drawn.gateway_since, midnight(first + plan.days // 3) + 3 * HOUR)
        self.rates: list[tuple[int, float]] = []
        """(since, rate) of live orders, as a multiple of the usual, in order of time."""
        self.prefix = str(10 + random.Random(f"houtai demo prefix {plan.seed}").randrange(90))
        self.orders = self.returns = 0
        self.ledger_run = (0, 0)
        """The run being filled, and how many postings it has."""
        self.terminals = {f"pos-{1 + shop}{1 + k}": 0 for shop in range(len(SHOPS)) for k in range(TERMINALS_PER_SHOP)}
        """When each terminal is free again."""
        self._hire()
        self.truths = Truths(self.problems, [person.name for person in self.refunds.people()])

    def _hire(self) -> None:
        problems, scale = self.problems, max(self.plan.per_day / USUAL_ORDERS_PER_DAY, 0.01)
        slow = {} if problems is None else {problems.slow_step: problems.slow_factor}

        def team(name: str, role: str, plan: Sequence[Shift], pace: float = 1.0, every: int = 0) -> Team:
            return hire(self.simulation, name, role, tuple(plan), scale, pace, every)

        reviewers = _REVIEWERS if problems is None else (problems.reviewers,) * 3
        self.reviewers = team("risk", "risk reviewer", shifts(*reviewers))
        approvals = shifts(1, 2, 3) if problems is None else (Shift(problems.approval_begin, problems.approval_end, 4),)
        self.approvers = team("approval", "return approver", approvals)
        self.pickers = team("picking", "picker", shifts(5, 10, 12), slow.get("Pick", 1.0), 3)
        self.packers = team("packing", "packer", shifts(4, 8, 10), slow.get("Pack", 1.0), 3)
        self.dispatchers = team("dispatch", "dispatcher", shifts(2, 3, 4))
        self.service = team("service", "customer service", shifts(2, 4, 4))
        self.receivers = team("receiving", "receiving clerk", shifts(0, 2, 2))
        self.inspectors = team("inspection", "inspector", shifts(0, 5, 5))
        self.refunds = team("refund", "refund clerk", shifts(1, 2, 2))
        self.teams = [
            self.reviewers,
            self.approvers,
            self.pickers,
            self.packers,
            self.dispatchers,
            self.service,
            self.receivers,
            self.inspectors,
            self.refunds,
        ]
        first_plan(self.simulation, self.teams, self.days)

    def rate(self, time: int) -> float:
        """The multiple of usual orders at `time`; 1.0 in the history."""
        return next((rate for since, rate in reversed(self.rates) if since <= time), 1.0)

    def service_time(self, team: Team, minutes: float, spread: float = 0.45) -> int:
        """How long a job takes at the usual pace, around a median of `minutes`; log-normal, in microseconds.

        Live orders at a higher rate meet a shop that has grown along: its jobs take as much less.
        """
        drawn = self.rng.lognormvariate(0.0, spread) * minutes * team.factor
        return max(5 * SECOND, int(drawn / max(1.0, self.rate(self.simulation.now)) * MINUTE))

    def channel(self) -> str:
        """Where a customer comes from."""
        return self.rng.choices(CHANNELS, (45, 25, 30))[0]

    def visit_hour(self, earliest: int, day_offset: int, weights: Sequence[int]) -> int:
        """A time on the local day `day_offset` after that of `earliest`, its hour by weight, not before `earliest`."""
        hour = self.rng.choices(range(24), weights)[0]
        time = midnight(day_of(earliest) + day_offset) + hour * HOUR + self.rng.randrange(HOUR)
        return max(time, earliest + self.rng.randrange(10 * MINUTE, 2 * HOUR))

    def next_posting(self) -> int:
        """When finance takes the next posting up: within minutes, or in the one run a day where that is the problem."""
        now = self.simulation.now
        if self.problems is None:
            return now + self.rng.randrange(20 * SECOND, 4 * MINUTE)
        run = midnight(day_of(now)) + self.problems.ledger_hour * HOUR + self.problems.ledger_minute * MINUTE
        if run <= now + SECOND:
            run += DAY
        taken = self.ledger_run[1] + 1 if self.ledger_run[0] == run else 0
        self.ledger_run = (run, taken)
        # One after the other, three postings a second or so.
        return run + taken * 300_000

    def approvers_there(self, time: int) -> bool:
        """Whether somebody approves returns at that hour."""
        problems = self.problems
        return problems is None or problems.approval_begin <= hour_of(time) < problems.approval_end


def _special_days(plan: Plan, first: int) -> Days:
    rng = random.Random(f"houtai demo days {plan.seed}")
    if plan.days < 7:
        return Days(holiday=-1, promotion=-1)
    promotion = first + rng.randrange(plan.days // 4, plan.days // 2)
    holiday = first + rng.choice([day for day in range(1, plan.days - 2) if abs(first + day - promotion) > 1])
    return Days(holiday=holiday, promotion=promotion)
