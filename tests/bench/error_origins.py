"""Whether the deepest failing span is named: traces with faults built in up to eight levels deep, in any order.

`python -m tests.bench.error_origins [--traces N] SEED ..` sends them through a real write-ahead log and converter,
shuffled over many batches and services, and sets each event against what was built in.
"""

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.converter.origins import PREFIX
from collector.settings import ActivityRule, MappingSettings, Match, ObjectRule
from tests.unit.collector.spans import Bench, append, event_id, key_values, request, span

MAPPING: Final = MappingSettings(
    objects=(ObjectRule(attribute="order.id", type="order"),),
    activities=(ActivityRule(activity="Work", process="order", when=Match(name="POST /work")),),
)
SERVICES: Final = ("orders", "stock", "payment", "ledger", "mail")
TYPES: Final = ("java.sql.SQLException", "timeout", "ConnectionRefused", "ValueError", "deadlock")
SIGNS: Final = ("status", "type", "exception", "http")
DEPTHS: Final = (5, 5, 5, 6, 8, 1, 2, 3)


@dataclass
class Node:
    """A span to be, its parent (None: the root), and how it failed, if it did."""

    service: str
    name: str
    parent: "Node | None"
    start: float
    end: float
    route: str | None = None
    sign: str | None = None
    error: str = ""
    number: int = 0
    tries: int = 1
    """How often it was called before its parent gave up."""

    @property
    def version(self) -> str:
        """The version that its service runs."""
        return f"1.{len(self.service)}"

    def fail(self, sign: str, error: str) -> None:
        """Let it fail, and show that in one of four ways."""
        self.sign, self.error = sign, "500" if sign == "http" else error

    def told(self) -> dict[str, str]:
        """What an event should say when its error began here."""
        calls, each = 1, self.parent
        while each is not None:
            calls, each = calls * each.tries, each.parent
        calls, each = calls * self.tries, self
        while each is not None and not (each.service == self.service and each.route):
            each = each.parent
        found = {
            "service": self.service,
            "module": each.route if each is not None else None,
            "operation": self.name,
            "type": self.error if self.sign != "status" else None,
            "version": self.version,
            "calls": str(calls) if calls > 1 else None,
            "span": f"{self.number:016x}",
        }
        return {name: value for name, value in found.items() if value}


@dataclass
class Tree:
    """A trace: its spans, and the one at which the error of its event began (None: the event is well)."""

    number: int
    depth: int
    nodes: list[Node] = field(default_factory=list)
    fault: Node | None = None

    def add(self, node: Node) -> Node:
        """One more span."""
        self.nodes.append(node)
        node.number = len(self.nodes)
        return node


def tree(number: int, rng: random.Random) -> Tree:
    """A trace with an event at its root, calls `depth` levels down, perhaps a fault, and what may hide it."""
    made = Tree(number, rng.choice(DEPTHS))
    path = [made.add(Node("web", "POST /work", None, 0, 100, "/work"))]
    for level in range(1, made.depth + 1):
        above, (start, end) = path[-1], (level, 100 - level)
        if level == made.depth:
            call = Node(above.service, f"{rng.choice(('INSERT', 'UPDATE'))} {rng.choice(SERVICES)}", above, start, end)
        elif level % 2:
            call = Node(above.service, "POST", above, start, end)
        else:
            service, route = rng.choice(SERVICES), f"/do/{rng.randrange(3)}"
            call = Node(service, f"POST {route}", above, start, end, route)
        path.append(made.add(call))
    outcome = rng.choices(("fails", "recovers", "well"), (6, 2, 1))[0]
    # All from here on down fail: from the event, or from below one that copes with it.
    top = 0 if outcome == "fails" else rng.randrange(1, made.depth + 1) if outcome == "recovers" else made.depth + 1
    error = rng.choice(TYPES)
    for node in path[top:]:
        wrapped = node is not path[-1] and rng.random() < 0.4
        node.fail(rng.choice(SIGNS), rng.choice(("RuntimeException", "ServiceError")) if wrapped else error)
    made.fault = path[-1] if outcome == "fails" else None
    for level, node in enumerate(path):
        _hide(made, node, level, path[level + 1] if level < made.depth else None, rng)
    return made


def _hide(made: Tree, node: Node, level: int, next_: Node | None, rng: random.Random) -> None:
    """Failures beside the path that are not the event's: first tries, handled ones, cancelled and later ones."""
    first, service = level + 0.1, rng.choice(SERVICES)
    if next_ is not None and rng.random() < 0.3:  # a first try that failed, with all that was below it
        again = made.add(Node(next_.service, next_.name, node, first, first + 0.3, next_.route))
        again.fail("type", rng.choice(TYPES))
        next_.tries = 2
        made.add(Node(next_.service, "SELECT first", again, first, first + 0.2)).fail("status", "")
    if rng.random() < 0.3:  # a call that coped with what failed below it
        coped = made.add(Node(service, "GET /price", node, first, first + 0.7, "/price"))
        made.add(Node(service, "SELECT prices", coped, first, first + 0.6)).fail("type", rng.choice(TYPES))
    if next_ is not None and next_.sign and node.sign and rng.random() < 0.3:
        stopped = made.add(Node(service, "GET /beside", node, first, next_.end + 0.2, "/beside"))
        stopped.fail("type", "CancelledError")
    if next_ is not None and next_.sign and rng.random() < 0.2:  # goes on by itself, and fails when all is over
        made.add(Node(service, "send mail", node, first, 120)).fail("type", rng.choice(TYPES))


def send(trees: Sequence[Tree], rng: random.Random, bench: Bench, rounds: int) -> None:
    """All spans in any order, a service's together in one request, over many rounds."""
    spans = [(each, node) for each in trees for node in each.nodes]
    rng.shuffle(spans)
    size = len(spans) // rounds + 1
    for begin in range(0, len(spans), size):
        by_service: dict[str, list[Span]] = {}
        for each, node in spans[begin : begin + size]:
            by_service.setdefault(node.service, []).append(_otlp(each, node))
        append(
            bench.data,
            *(
                request(*found, service=name, service_version=Node(name, "", None, 0, 0).version)
                for name, found in by_service.items()
            ),
        )
        bench.later(1)
    bench.later()


def _otlp(each: Tree, node: Node) -> Span:
    parent = node.parent.number if node.parent is not None else 0
    made = span(each.number, node.number, node.name, parent, start=node.start, end=node.end)
    attributes: dict[str, object] = {"http.response.status_code": 500 if node.sign == "http" else 200}
    if node.route:
        attributes["http.route"] = node.route
    if node.parent is None:
        attributes["order.id"] = f"o{each.number}"
    if node.sign == "type":
        attributes["error.type"] = node.error
    made.attributes.extend(key_values(attributes))
    if node.sign in ("status", "type"):
        made.status.code = Status.STATUS_CODE_ERROR
    if node.sign == "exception":
        made.events.add(name="exception", attributes=key_values({"exception.type": node.error}))
    return made


def judge(trees: Sequence[Tree], bench: Bench) -> Iterator[tuple[Tree, bool, dict[str, str]]]:
    """Each trace, whether its event says what it should, and what it says."""
    last = {row["event_id"]: row for row in bench.rows("events")}
    for each in trees:
        row = last[event_id(each.number, 1)]
        fields = dict(row["fields"])
        said = {name.removeprefix(PREFIX): value for name, value in fields.items() if name.startswith(PREFIX)}
        wanted = {} if each.fault is None else each.fault.told()
        yield each, said == wanted and (row["outcome"] == "error") == (each.fault is not None), said


def main(arguments: Sequence[str] | None = None) -> None:
    """Print how many are right, by how deep the fault lies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--traces", type=int, default=1_000)
    options = parser.parse_args(arguments)
    right, asked = Counter[int](), Counter[int]()
    for seed in options.seeds:
        rng = random.Random(f"houtai error origins {seed}")
        trees = [tree(number, rng) for number in range(1, options.traces + 1)]
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), MAPPING)
            send(trees, rng, bench, rounds=40)
            for each, good, said in judge(trees, bench):
                depth = each.depth if each.fault is not None else 0
                asked[depth] += 1
                right[depth] += good
                if not good:
                    print(f"seed {seed}, trace {each.number}: {said}, not {each.fault and each.fault.told()}")
            bench.converter.close()
    print("| levels below the event | right |\n| --- | --- |")
    for depth in sorted(asked):
        print(f"| {depth or 'none: the event is well'} | {right[depth]} of {asked[depth]} |")
    print(f"| all | {right.total()} of {asked.total()}: {right.total() / asked.total():.3f} |")


if __name__ == "__main__":
    main()
