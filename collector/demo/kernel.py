"""A small discrete-event simulation: tasks as generators, staff pools with shifts and first-come queues."""

import heapq
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeAlias

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(slots=True)
class Person:
    """One member of staff. `pace` multiplies service times: 2.0 takes twice as long."""

    name: str
    role: str
    pace: float = 1.0
    on_duty: bool = False
    busy: bool = False
    own: "deque[_Job]" = field(default_factory=deque)
    """Work that only this person will do."""


@dataclass(frozen=True, slots=True)
class Done:
    """Who did the work, and when (microseconds UTC)."""

    person: Person
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a task yields to have work done by `pool`; `service` in microseconds at the usual pace."""

    pool: "Pool"
    service: int
    person: Person | None = None


Task: TypeAlias = Generator[int | Work, Done | None, None]
"""Yields the time (microseconds UTC) at which to go on, or work to be done."""


@dataclass(slots=True)
class _Job:
    task: Task
    service: int


class Simulation:
    """Virtual time and what happens in it. Equal times keep the order in which they were planned."""

    def __init__(self, start: int) -> None:
        self.now = start
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0

    def at(self, time: int, action: Callable[[], None]) -> None:
        """Plan `action`; a time that has passed means now."""
        self._planned += 1
        heapq.heappush(self._heap, (max(time, self.now), self._planned, action))

    def start(self, task: Task) -> None:
        """Begin a task now."""
        self._go_on(task, None)

    def run(self, until: int) -> None:
        """Do everything planned up to and including `until`."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, action = heapq.heappop(heap)
            action()
        self.now = max(self.now, until)

    def _go_on(self, task: Task, value: Done | None) -> None:
        try:
            wish = task.send(value)
        except StopIteration:
            return
        if isinstance(wish, Work):
            wish.pool.take(_Job(task, wish.service), wish.person)
        else:
            self.at(wish, lambda: self._go_on(task, None))

    def finish(self, pool: "Pool", job: _Job, done: Done) -> None:
        """Set the person free, then let the task go on."""
        pool.release(done.person)
        self._go_on(job.task, done)


class Pool:
    """People who share one queue; each takes the next job when on duty and free."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._queue: deque[_Job] = deque()
        self._free: dict[str, Person] = {}

    def take(self, job: _Job, person: Person | None = None) -> None:
        """Give `job` to a free person (or to `person` alone), or queue it."""
        if person is not None:
            if person.name in self._free:
                self._begin(self._free.pop(person.name), job)
            else:
                person.own.append(job)
        elif self._free:
            # Who has been free for longest comes first: work spreads evenly.
            self._begin(self._free.pop(next(iter(self._free))), job)
        else:
            self._queue.append(job)

    def clock_in(self, person: Person) -> None:
        """The person's shift begins."""
        person.on_duty = True
        if not person.busy:
            self.release(person)

    def clock_out(self, person: Person) -> None:
        """The shift ends; what is in hand is finished first."""
        person.on_duty = False
        self._free.pop(person.name, None)

    def release(self, person: Person) -> None:
        """The person has nothing in hand: next job, or wait."""
        person.busy = False
        if not person.on_duty:
            return
        if person.own:
            self._begin(person, person.own.popleft())
        elif self._queue:
            self._begin(person, self._queue.popleft())
        else:
            self._free[person.name] = person

    def _begin(self, person: Person, job: _Job) -> None:
        person.busy = True
        now = self._simulation.now
        done = Done(person, now, now + int(job.service * person.pace))
        self._simulation.at(done.end, lambda: self._simulation.finish(self, job, done))


def work(pool: Pool, service: int, person: Person | None = None) -> Generator[int | Work, Done | None, Done]:
    """Have work done inside a task: `done = yield from work(pool, 3 * MINUTE)`."""
    done = yield Work(pool, service, person)
    assert done is not None
    return done
