"""A queue worked once more beside an obvious Python version that looks at every hand for every job."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.kernels.queue_replay import HOUR, MOST, queue_replay

FIRST = 100
QUARTER = HOUR // 4
jobs = st.lists(st.tuples(st.integers(-8, 60), st.integers(0, 12)), max_size=12)
rota = st.lists(st.integers(0, 3), max_size=12)


def plainly(enabled: list[int], service: list[int], hands: list[int]) -> list[int]:
    def there(hand: int, at: int) -> bool:
        hour = at // HOUR - FIRST
        return hands[hour] > hand if 0 <= hour < len(hands) else hand == 0

    free = [-(10**18)] * max([1, *hands])
    waits = []
    for ready, length in zip(enabled, service, strict=True):
        begins = []
        for hand, since in enumerate(free):
            at = max(ready, since)
            while not there(hand, at) and at < (FIRST + len(hands)) * HOUR:
                at = (at // HOUR + 1) * HOUR
            if there(hand, at):
                begins.append((at, hand))
        at, hand = min(begins)
        waits.append(at - ready)
        free[hand] = at + length
    return waits


@settings(deadline=None)  # the first call may compile
@given(jobs, rota)
def test_each_job_is_begun_by_the_first_hand_that_is_free(jobs: list[tuple[int, int]], hands: list[int]) -> None:
    jobs = sorted(jobs)
    enabled = [FIRST * HOUR + at * QUARTER for at, _ in jobs]
    service = [length * QUARTER for _, length in jobs]
    ready, lengths, at_work = (np.array(each, np.int64) for each in (enabled, service, hands))
    assert queue_replay(ready, lengths, at_work, FIRST).tolist() == plainly(enabled, service, hands)


@settings(deadline=None)  # the first call may compile
@given(jobs, rota)
def test_one_more_hand_never_makes_it_longer_at_equal_lengths(jobs: list[tuple[int, int]], hands: list[int]) -> None:
    enabled = np.array(sorted(FIRST * HOUR + at * QUARTER for at, _ in jobs), np.int64)
    service = np.full(len(enabled), QUARTER)
    rota = np.array(hands, np.int64)
    more = np.where(rota > 0, rota + 1, 0)
    assert queue_replay(enabled, service, more, FIRST).sum() <= queue_replay(enabled, service, rota, FIRST).sum()


def test_what_does_not_fit_is_refused() -> None:
    times, hands = np.array([1, 0]), np.array([1])
    for columns in ((times, times, hands), (times[:1], times, hands), (times[:1], times[:1], np.array([MOST + 1]))):
        with pytest.raises(ValueError, match=r"order|length|hands"):
            queue_replay(*columns, 0)
