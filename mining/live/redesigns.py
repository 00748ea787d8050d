"""Findings in redesign: the baseline as it was frozen, and when the change was done."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import sqlalchemy as sa

from collector.vocabulary.languages import Language
from mining.bottlenecks.measuring import Subject
from mining.bottlenecks.redesign import Side

_metadata = sa.MetaData()
_redesigns = sa.Table(
    "redesigns",
    _metadata,
    sa.Column("finding", sa.String, primary_key=True),
    sa.Column("process", sa.String, nullable=False),
    sa.Column("titles", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("frozen", sa.BigInteger, nullable=False),
    sa.Column("done", sa.BigInteger),
    sa.Column("side", sa.String, nullable=False),
    sa.Column("values", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class Frozen:
    """What is kept of one finding, also when a change has made an end of it; times in µs UTC."""

    finding: str
    process: str
    titles: Mapping[Language, str]
    subject: Subject
    at: int
    """When its status became `in_redesign`."""
    done: int | None
    """When the change was done; null while it is not."""
    baseline: Side


class Redesigns:
    """One row a finding in a small database (any SQLAlchemy URL)."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        _metadata.create_all(self._engine)

    def freeze(
        self,
        finding: str,
        process: str,
        titles: Mapping[Language, str],
        subject: Subject,
        at: int,
        baseline: Side,
    ) -> None:
        """Keep the baseline in place of an earlier one; nothing is done yet."""
        raw = io.BytesIO()
        np.savez_compressed(raw, day=baseline.day, kind=baseline.kind, seconds=baseline.seconds)
        about = {"kinds": baseline.kinds, "of": baseline.of, "days": baseline.days}
        row = {
            "finding": finding,
            "process": process,
            "titles": json.dumps(dict(titles), ensure_ascii=False),
            "subject": json.dumps(asdict(subject), ensure_ascii=False),
            "frozen": at,
            "done": None,
            "side": json.dumps(about, ensure_ascii=False),
            "values": raw.getvalue(),
        }
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_redesigns).where(_redesigns.c.finding == finding))
            connection.execute(sa.insert(_redesigns).values(**row))

    def set_done(self, finding: str, done: int | None) -> None:
        """Note when the change was done."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(_redesigns).where(_redesigns.c.finding == finding).values(done=done))

    def get(self, finding: str) -> Frozen | None:
        """What is kept of a finding, None where it was never in redesign."""
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(_redesigns).where(_redesigns.c.finding == finding)).one_or_none()
        return None if row is None else _frozen(row)

    def of(self, process: str) -> list[Frozen]:
        """All of a process, the newest first."""
        query = sa.select(_redesigns).where(_redesigns.c.process == process)
        with self._engine.begin() as connection:
            rows = connection.execute(query.order_by(_redesigns.c.frozen.desc(), _redesigns.c.finding)).all()
        return [_frozen(row) for row in rows]

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _frozen(row: sa.Row[tuple[object, ...]]) -> Frozen:
    about = json.loads(row.side)
    with np.load(io.BytesIO(row.values), allow_pickle=False) as kept:
        side = Side(
            kept["day"], kept["kind"], kept["seconds"], tuple(about["kinds"]), int(about["of"]), int(about["days"])
        )
    subject = Subject(**json.loads(row.subject))
    return Frozen(row.finding, row.process, json.loads(row.titles), subject, row.frozen, row.done, side)
