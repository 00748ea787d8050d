"""Details are found in the store's segments: merged ones, renumbered ones, by many threads at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from collector.store import Manifest, Segment
from collector.store.manifest import Changes
from mining.live.segments import SegmentDetails
from tests.helpers import batch, event


class Shop:
    """A store of small segments, each with `size` events, and what is read of them."""

    def __init__(self, folder: Path) -> None:
        self.manifest, self.count = Manifest(folder), 0
        self.details = SegmentDetails(self.manifest.store, "test")

    def commit(self, size: int) -> Segment:
        rows = [event("x", "a", i, event_id=f"{self.count + 1}.{i}", process="test") for i in range(size)]
        self.count += 1
        self.manifest.commit([("events", pa.Table.from_batches([batch(rows)]))], self.count, self.count, Changes())
        return self.manifest.store.segments("events")[-1]

    def read(self, size: int) -> None:
        self.details.begin(self.commit(size).id, size)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.manifest.close()


def merge(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.store.merging.SETTLED", -(10**12))
    monkeypatch.setattr("collector.store.merging.AT_LEAST", 2)
    assert shop.manifest.merge("events") > 1


def ids(details: SegmentDetails, *rows: int) -> list[str]:
    return [str(each) for each in details.event_ids(np.array(rows, np.int64)).to_pylist()]


def test_what_was_refused_does_not_shift_what_it_is_merged_with(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.read(3)
    shop.details.skip(shop.commit(4).id, 4)
    shop.read(2)
    shop.details.skip(shop.commit(1).id, 1)
    before = ids(shop.details, 0, 2, 3, 4)
    assert before == ["1.0", "1.2", "3.0", "3.1"]
    merge(shop, monkeypatch)
    shop.details._files.forget_listing()
    assert ids(shop.details, 0, 2, 3, 4) == before


def test_numbered_anew_the_old_numbers_still_hold(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        shop.read(3)
    fresh = shop.details.renumbered(np.array([4, 6, 8]))
    size = 2
    fresh.begin(shop.commit(size).id, size)
    assert ids(fresh, 0, 1, 2, 3, 4) == ["2.1", "3.0", "3.2", "4.0", "4.1"]
    assert ids(shop.details, 0, 4, 8) == ["1.0", "2.1", "3.2"]
    twice = fresh.renumbered(np.array([2, 4]))
    assert ids(twice, 1, 0) == ["4.1", "3.2"]
    nothing = fresh.renumbered(np.array([], np.int64))
    nothing.begin(shop.commit(1).id, 1)
    assert ids(nothing, 0) == ["5.0"]
    merge(shop, monkeypatch)
    assert ids(twice, 1, 0) == ["4.1", "3.2"]
    assert ids(nothing, 0) == ["5.0"]


def test_many_threads_ask_while_one_tells(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mining.live.segments._KEPT", 1)
    shop.read(2)
    shop.details = SegmentDetails(shop.manifest.store, "test")
    for segment in shop.manifest.store.segments("events"):
        shop.details.begin(segment.id, 2)
    for _ in range(10):
        shop.read(2)

    def ask(_: int) -> bool:
        return ids(shop.details, *range(0, 22, 3)) == [f"{i // 2 + 1}.{i % 2}" for i in range(0, 22, 3)]

    with ThreadPoolExecutor(6) as threads:
        answers = [threads.submit(ask, i) for i in range(40)]
        for _ in range(5):
            shop.read(2)
    assert all(answer.result() for answer in answers)
