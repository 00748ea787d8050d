"""What a round changes of the state kept for resolution, written in the commit's transaction."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, insert

from collector.store.tables import JOINS, OPEN_EVENTS, STATE

SpanKey = tuple[bytes, bytes]
JoinKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """A span whose event waits to be written (`process` is None), or is written without a case."""

    key: SpanKey
    since: int
    process: str | None
    objects: str


@dataclass
class Changes:
    """What a round changes of the state kept for resolution."""

    opened: dict[SpanKey, OpenEvent] = field(default_factory=dict)
    closed: set[SpanKey] = field(default_factory=set)
    joined: dict[JoinKey, str | None] = field(default_factory=dict)
    forgotten: set[JoinKey] = field(default_factory=set)
    state: dict[str, str] = field(default_factory=dict)

    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not (self.opened or self.closed or self.joined or self.forgotten or self.state)

    def clear(self) -> None:
        """Forget what was kept."""
        for each in (self.opened, self.closed, self.joined, self.forgotten, self.state):
            each.clear()


def apply(connection: Connection, changes: Changes) -> None:
    """Write `changes`."""
    if changes.closed:
        connection.execute(
            delete(OPEN_EVENTS).where(
                OPEN_EVENTS.c.trace_id == bindparam("gone_trace"), OPEN_EVENTS.c.span_id == bindparam("gone_span")
            ),
            [{"gone_trace": trace, "gone_span": span} for trace, span in changes.closed],
        )
    if changes.opened:
        connection.execute(
            insert(OPEN_EVENTS).prefix_with("OR REPLACE"),
            [
                {
                    "trace_id": each.key[0],
                    "span_id": each.key[1],
                    "since": each.since,
                    "process": each.process,
                    "objects": each.objects,
                }
                for each in changes.opened.values()
            ],
        )
    if changes.joined:
        connection.execute(
            insert(JOINS).prefix_with("OR REPLACE"),
            [{"type": t, "id": i, "leading": g, "target": x} for (t, i, g), x in changes.joined.items()],
        )
    if changes.state:
        connection.execute(
            insert(STATE).prefix_with("OR REPLACE"),
            [{"name": name, "value": value} for name, value in changes.state.items()],
        )
    if changes.forgotten:
        connection.execute(
            delete(JOINS).where(
                JOINS.c.type == bindparam("gone_type"),
                JOINS.c.id == bindparam("gone_id"),
                JOINS.c.leading == bindparam("gone_leading"),
            ),
            [{"gone_type": t, "gone_id": i, "gone_leading": g} for t, i, g in changes.forgotten],
        )
