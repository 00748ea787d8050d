"""How far the clocks of services are apart, from calls that both sides tell of.

A call begins before it is served and ends after: with the server's clock ahead by `offset`, every call of it says
child.end - parent.end <= offset <= child.start - parent.start. The middle of that interval is NTP's estimate (both ways
of the network equally long); medians over many calls keep out single slow ones. Where 0 lies within, the network alone
explains what is seen.
"""

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

STATE: Final = "skew:"
FEWEST: Final = 5
"""So many calls between two services are needed to speak of their clocks."""


@dataclass(frozen=True, slots=True)
class Skew:
    """The server's clock is ahead of the client's by `offset` µs, give or take `bound`; from `calls` calls."""

    client: str
    server: str
    offset: int
    bound: int
    calls: int

    @property
    def plausible(self) -> bool:
        """Whether the time on the network explains it, and the clocks may well agree."""
        return abs(self.offset) <= self.bound

    def state(self) -> tuple[str, str]:
        """Name and value in the manifest's state."""
        value = {"offset_us": self.offset, "bound_us": self.bound, "calls": self.calls}
        return f"{STATE}{self.client}|{self.server}", json.dumps(value)


def from_state(state: Mapping[str, str]) -> list[Skew]:
    """What `Store.state("skew:")` gives, as estimates."""
    found = []
    for name, value in state.items():
        client, _, server = name.removeprefix(STATE).partition("|")
        read = json.loads(value)
        found.append(Skew(client, server, int(read["offset_us"]), int(read["bound_us"]), int(read["calls"])))
    return found


def estimate(spans: pa.Table) -> list[Skew]:
    """Of every pair of services that call each other, from spans (SPAN_SCHEMA); by client and server."""
    kind = pc.cast(spans["kind"], pa.string())
    columns = ["trace_id", "span_id", "service", "start", "end"]
    clients = spans.filter(pc.equal(kind, "client")).select(columns)
    servers = spans.filter(pc.equal(kind, "server")).select(["trace_id", "parent_span_id", "service", "start", "end"])
    for name in ("start", "end"):
        clients = _as_numbers(clients, name)
        servers = _as_numbers(servers, name)
    joined = servers.join(
        clients,
        keys=["trace_id", "parent_span_id"],
        right_keys=["trace_id", "span_id"],
        join_type="inner",
        left_suffix="",
        right_suffix="_client",
    )
    early = (joined["end"].to_numpy() - joined["end_client"].to_numpy()).astype(np.int64)
    late = (joined["start"].to_numpy() - joined["start_client"].to_numpy()).astype(np.int64)
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    pairs = zip(joined["service_client"].to_pylist(), joined["service"].to_pylist(), strict=True)
    for row, pair in enumerate(pairs):
        rows[pair].append(row)
    return [
        pair_skew(*pair, early[at], late[at])
        for pair, at in sorted(rows.items())
        if len(at) >= FEWEST and pair[0] != pair[1]
    ]


def pair_skew(client: str, server: str, early: np.ndarray, late: np.ndarray) -> Skew:
    """From calls: `early` is child.end - parent.end, `late` child.start - parent.start, in µs (int64)."""
    offset = float(np.median((early + late) / 2))
    # Half of what network and queues take: the offset may be wrong by as much where one way takes all of it.
    bound = float(np.median(np.abs(late - early) / 2))
    return Skew(client, server, round(offset), round(bound), len(early))


def corrections(pairs: Iterable[Skew], reference: str | None = None) -> dict[str, int]:
    """What to add to each service's times (µs) so that all go by the reference's clock.

    Without a `reference`, it is the service with the most calls among those that hang together with it; every group of
    services that call each other has its own. Along the surest pairs first; pairs that the network explains say 0.
    """
    known = list(pairs)
    near: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    calls: dict[str, int] = defaultdict(int)
    for each in known:
        offset = 0 if each.plausible else each.offset
        near[each.client].append((each.bound, each.server, -offset))
        near[each.server].append((each.bound, each.client, offset))
        calls[each.client] += each.calls
        calls[each.server] += each.calls
    found: dict[str, int] = {}
    first = [reference] if reference is not None and reference in near else []
    for start in (*first, *sorted(near, key=lambda name: (-calls[name], name))):
        if start in found:
            continue
        heap: list[tuple[int, str, int]] = [(0, start, 0)]
        while heap:
            bound, service, correction = heapq.heappop(heap)
            if service in found:
                continue
            found[service] = correction
            for step, other, change in near[service]:
                if other not in found:
                    heapq.heappush(heap, (bound + step, other, correction + change))
    return found


def _as_numbers(table: pa.Table, name: str) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, name, table[name].cast(pa.int64()))
