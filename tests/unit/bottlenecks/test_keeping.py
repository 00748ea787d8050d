"""What is kept of a finding in redesign comes back as it was frozen."""

from pathlib import Path

import numpy as np

from mining.bottlenecks.measuring import Subject
from mining.bottlenecks.redesign import Side
from mining.live.redesigns import Redesigns

SIDE = Side(np.array([3, 4]), np.array([0, 1], np.int16), np.array([1.5, 2.25]), ("网页 · web", ""), 200, 28)


def test_a_baseline_survives_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    kept = Redesigns(url)
    assert kept.get("f") is None
    kept.freeze("f", "order", {"en": "Pay waits", "zh-CN": "付款等待"}, Subject("waiting", "审核", "付款"), 7, SIDE)
    kept.close()
    again = Redesigns(url)
    found = again.get("f")
    assert found is not None
    assert (found.subject, found.at, found.done) == (Subject("waiting", "审核", "付款"), 7, None)
    assert (found.process, found.titles["zh-CN"]) == ("order", "付款等待")
    side = found.baseline
    assert (side.kinds, side.of, side.days) == (SIDE.kinds, 200, 28)
    for name in ("day", "kind", "seconds"):
        assert (getattr(side, name) == getattr(SIDE, name)).all()
        assert getattr(side, name).dtype == getattr(SIDE, name).dtype
    again.set_done("f", 9)
    found = again.get("f")
    assert found is not None
    assert found.done == 9
    again.freeze("f", "order", {}, Subject("duration"), 11, SIDE)
    found = again.get("f")
    assert found is not None
    assert (found.at, found.done) == (11, None), "a new baseline has nothing done yet"
    again.freeze("g", "order", {}, Subject("duration"), 12, SIDE)
    again.freeze("h", "return", {}, Subject("duration"), 13, SIDE)
    assert [each.finding for each in again.of("order")] == ["g", "f"]
    again.close()
