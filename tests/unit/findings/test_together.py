"""Where a finding concentrates only where two things hold together."""

import numpy as np

from mining.contrast.column import Column
from mining.findings._segments import concentrated
from mining.story.words import located


def columns(cases: int) -> tuple[list[Column], np.random.Generator]:
    draw = np.random.default_rng(2)
    made = [
        Column("channel", draw.integers(0, 3, cases).astype(np.int32), ("live", "search", "partner")),
        Column("platform", draw.integers(0, 2, cases).astype(np.int32), ("ios", "android")),
        Column("otp.supplier", draw.integers(0, 4, cases).astype(np.int32), ("a", "b", "c", "d")),
    ]
    return made, draw


def test_two_values_together() -> None:
    made, draw = columns(6000)
    both = (made[0].codes == 0) & (made[1].codes == 0)
    hit = draw.random(6000) < np.where(both, 0.5, 0.02)
    (only,) = concentrated(hit, np.ones(6000, np.bool_), made)
    assert only[:2] == ("channel", "live")
    assert only[5:] == ((("platform", "ios"),),)
    assert only[3] == int((hit & both).sum())


def test_one_value_has_nothing_besides() -> None:
    made, draw = columns(6000)
    hit = draw.random(6000) < np.where(made[2].codes == 3, 0.3, 0.02)
    (only,) = concentrated(hit, np.ones(6000, np.bool_), made)
    assert (only[:2], len(only)) == (("otp.supplier", "d"), 5)


def test_in_words() -> None:
    part = ("channel", "live", 3.0, 20, 0.001, (("platform", "ios"), ("otp.supplier", "d")))
    assert located(part, "en") == ("channel", "live + platform ios + otp.supplier d")
    assert located(part, "zh-CN") == ("流量来源", "live」+ 终端「ios」+ otp.supplier「d")
    assert located(part[:5], "zh-CN") == ("流量来源", "live")
