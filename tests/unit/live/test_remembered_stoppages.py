"""What is remembered of stoppages from round to round."""

from pathlib import Path

import numpy as np

from mining.findings.facts import View
from mining.live.knowledge import Snapshot
from mining.live.register import Register
from mining.live.stoppages import Stoppages
from tests.helpers import MINUTE
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
