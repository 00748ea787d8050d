"""What is remembered of stoppages from round to round."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from collector.store import Store
from collector.store.inbox import Inbox, commit_inbox
from collector.store.manifest import Changes, Manifest
from mining.config import ProcessConfig
from mining.findings.facts import View
from mining.live.knowledge import Knowledge, Snapshot
from mining.live.miner import Miner
from mining.live.register import Register
from mining.live.stoppages import Stoppages
from tests.helpers import DAY, MINUTE, batch, event
from tests.integration.api import serving
from tests.unit.findings.test_flow_stopped import DAYS, at, flow


def seen(view: View, register: Register) -> dict[str, Snapshot]:
    return {"test": serving.snapshot(view.arena, register, view.now, view.end_activities)}


def test_a_stoppage_is_kept_from_its_first_telling_to_its_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    register, stoppages, stop = Register(url), Stoppages(url), at(DAYS, 14)
    for minutes in (20, 25):
        lasting = flow(2, stop + minutes * MINUTE, stop={"beta": stop})
        stoppages.round(seen(lasting, register), lasting.now)
    (kept,) = stoppages.of_process("test")
    assert (kept.flow.field, kept.flow.value, kept.until) == ("system", "beta", None)
    assert (kept.told, kept.seen) == (stop + 20 * MINUTE, stop + 25 * MINUTE)
    assert stop - MINUTE < kept.begin <= stop
    assert all("beta" in kept.titles[language] for language in ("en", "zh-CN"))

    # Everything of beta comes in with its times: the data had stopped.
    again = flow(2, stop + 30 * MINUTE)
    stoppages.round(seen(again, register), again.now)
    (over,) = stoppages.of_finding(kept.finding)
    ends = again.arena.end[over.flow.events(again.arena)]
    assert over.until == int(np.min(ends[ends > kept.begin]))
    assert over.late
    stoppages.close()


def test_a_round_that_fails_is_said_and_not_raised(tmp_path: Path) -> None:
    stoppages = Stoppages(f"sqlite:///{tmp_path / 'state.sqlite'}")
    (tmp_path / "state.sqlite").write_bytes(b"no database at all, nothing that could be one")
    view = flow(2, at(DAYS, 15), stop={"beta": at(DAYS, 14)})
    stoppages.round(seen(view, Register(f"sqlite:///{tmp_path / 'other.sqlite'}")), view.now)


@pytest.mark.parametrize("way", ["live", "imported", "deaf"])
def test_a_stop_is_told_of_what_came_live_while_somebody_listened(tmp_path: Path, way: str) -> None:
    stop = at(DAYS, 14)
    view = flow(1, stop, stop={"alpha": stop, "beta": stop})
    names = [view.arena.activities[code] for code in view.arena.activity]
    cases = np.repeat(view.arena.case_ids.to_numpy(zero_copy_only=False), np.diff(view.arena.offsets))
    times = zip(cases, names, view.arena.start.tolist(), view.arena.end.tolist(), strict=True)
    rows = batch(event(case, name, begin, end) for case, name, begin, end in times)
    if way == "imported":
        Inbox(tmp_path).put([rows], "test", "a" * 64)
    manifest = Manifest(tmp_path)
    if way == "imported":
        commit_inbox(manifest, tmp_path)
    else:
        manifest.commit([("events", pa.Table.from_batches([rows]))], 1, 1, Changes())
    knowledge, now = Knowledge(), stop + 30 * MINUTE
    config = ProcessConfig(process="test", leading="case", end_activities=("Done",), zone=ZoneInfo("UTC"))
    miner = Miner(
        Store(tmp_path),
        [config],
        knowledge,
        Register(f"sqlite:///{tmp_path / 'state.sqlite'}"),
        clock=lambda: now,
        listening=lambda now: now if way == "deaf" else stop - DAY,
    )
    miner.round()
    miner.close()
    manifest.close()
    snapshot = knowledge.snapshot("test")
    assert snapshot is not None
    assert [fact.name for fact in snapshot.facts].count("flow_stopped") == (way == "live")
