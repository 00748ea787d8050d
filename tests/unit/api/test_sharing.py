"""Work is done once, few pieces at a time; who would wait too long is told to come back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.exceptions import HTTPException

from api.sharing import Sharing


def test_equal_work_is_done_once() -> None:
    sharing, began, go = Sharing(), threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> int:
        began.set()
        assert go.wait(10)
        made.append(1)
        return len(made)

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(sharing.run, "key", make)
        assert began.wait(10)
        others = [pool.submit(sharing.run, "key", make) for _ in range(3)]
        time.sleep(0.05)
        go.set()
        assert [each.result(10) for each in (first, *others)] == [1, 1, 1, 1]
    assert sharing.run("key", make) == 2  # nothing is kept here


def test_work_that_asks_for_other_work_does_not_wait_for_itself() -> None:
    sharing = Sharing(at_once=1)
    assert sharing.run("outer", lambda: sharing.run("inner", lambda: 1) + 1) == 2


def test_no_more_than_so_many_pieces_at_once() -> None:
    sharing, lock = Sharing(at_once=2), threading.Lock()
    running, most = 0, 0

    def make() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(sharing.run, number, make) for number in range(16)]:
            each.result(10)
    assert most == 2


def test_who_would_wait_too_long_is_told_to_come_back() -> None:
    sharing, go, began = Sharing(at_once=1, waiting=1, patience=0.05), threading.Event(), threading.Event()

    def slow() -> int:
        began.set()
        assert go.wait(10)
        return 1

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(sharing.run, "slow", slow)
        assert began.wait(10)
        for key in ("other", "slow"):  # for its turn, and for what another one works on
            with pytest.raises(HTTPException) as refused:
                sharing.run(key, int)
            assert refused.value.status_code == 503
            assert refused.value.headers == {"Retry-After": "5"}
        go.set()
        assert first.result(10) == 1
    assert sharing.run("other", int) == 0


def test_no_seat_is_left_for_more_than_may_wait() -> None:
    sharing, go, began = Sharing(at_once=1, waiting=0), threading.Event(), threading.Event()

    def slow() -> int:
        began.set()
        assert go.wait(10)
        return 1

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(sharing.run, "slow", slow)
        assert began.wait(10)
        before = time.monotonic()
        with pytest.raises(HTTPException):
            sharing.run("other", int)
        assert time.monotonic() - before < 5
        go.set()
        first.result(10)


def test_what_goes_wrong_goes_wrong_for_all_who_asked_and_is_tried_anew() -> None:
    sharing = Sharing()

    def wrong() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError):
        sharing.run("key", wrong)
    assert sharing.run("key", int) == 0
