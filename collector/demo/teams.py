"""Staff: teams with shifts and rotating days off."""

from dataclasses import dataclass, field

from collector.demo.days import Days, day_of, midnight
from collector.demo.kernel import HOUR, Person, Pool, Simulation

_LONGEST_FACTOR = 8.0


@dataclass(frozen=True)
class Shift:
    """Local hours from `begin` to `end` (24 is midnight), and how many people a full-size shop has there."""

    begin: int
    end: int
    people: int


ROUND_THE_CLOCK = (0, 8), (8, 16), (16, 24)


def shifts(night: int, day: int, evening: int) -> tuple[Shift, ...]:
    """Three shifts of eight hours; none where nobody is needed."""
    counts = zip(ROUND_THE_CLOCK, (night, day, evening), strict=True)
    return tuple(Shift(begin, end, people) for (begin, end), people in counts if people)


@dataclass
class Team:
    """One queue and the people who work it."""

    name: str
    pool: Pool
    shifts: tuple[Shift, ...]
    rosters: list[list[Person]] = field(default_factory=list)
    """Everybody of each shift; more than are on duty on one day."""
    places: list[int] = field(default_factory=list)
    """How many of each shift work on a plain day."""
    factor: float = 1.0
    """What makes up for a small shop's whole numbers: service times grow where one person is too many."""

    def people(self) -> list[Person]:
        """Everybody of the team, in order of shift."""
        return [person for roster in self.rosters for person in roster]

    def on_duty(self, index: int, day: int, everybody: bool) -> list[Person]:
        """Who works shift `index` on local day `day`; days off go round."""
        roster = self.rosters[index]
        wanted = len(roster) if everybody else self.places[index]
        return [roster[(day * wanted + k) % len(roster)] for k in range(wanted)]


def hire(
    simulation: Simulation,
    name: str,
    role: str,
    plan: tuple[Shift, ...],
    scale: float,
    temporary: float = 1.0,
    every: int = 0,
) -> Team:
    """A team for a shop of `scale` (1.0: 1,430 orders a day).

    Where `every` is given, each so many-th person is of the role `temporary {role}`, with that pace.
    """
    team = Team(name, Pool(simulation), plan)
    number = 0
    hours = wanted_hours = 0.0
    for shift in plan:
        wanted = max(1, round(shift.people * scale))
        hours += (shift.end - shift.begin) * wanted
        wanted_hours += (shift.end - shift.begin) * shift.people * scale
        roster: list[Person] = []
        # Five days of seven each: 1.4 people for each place.
        for _ in range(max(wanted + 1, wanted * 7 // 5)):
            number += 1
            temp = every > 0 and number % every == 0
            roster.append(
                Person(f"{name}-{number:02d}", f"temporary {role}" if temp else role, temporary if temp else 1.0)
            )
        team.rosters.append(roster)
        team.places.append(wanted)
    team.factor = min(_LONGEST_FACTOR, max(1.0, hours / wanted_hours))
    return team


def plan_day(simulation: Simulation, teams: list[Team], days: Days, day: int) -> None:
    """Plan everybody's shift of local day `day`; those already over are left out."""
    for team in teams:
        for index, shift in enumerate(team.shifts):
            end = midnight(day) + shift.end * HOUR
            if end <= simulation.now:
                continue
            for person in team.on_duty(index, day, days.all_hands(day)):
                _plan(simulation, team.pool, person, midnight(day) + shift.begin * HOUR, end)
    simulation.at(midnight(day + 1), lambda: plan_day(simulation, teams, days, day + 1))


def _plan(simulation: Simulation, pool: Pool, person: Person, begin: int, end: int) -> None:
    simulation.at(begin, lambda: pool.clock_in(person))
    simulation.at(end, lambda: pool.clock_out(person))


def first_plan(simulation: Simulation, teams: list[Team], days: Days) -> None:
    """Plan the day the simulation is in, and from then on every day."""
    plan_day(simulation, teams, days, day_of(simulation.now))
