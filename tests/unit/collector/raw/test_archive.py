"""The archive of raw requests: what is kept, what a crash leaves, what the bytes tell."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.raw import RawArchive, archive, key_path, load_key, open_archive
from collector.raw.block import BadBlock
from collector.vocabulary.errors import PermanentError
from collector.wal import Encoding, Record, Signal

KEY = bytes(range(32))


def record(
    sequence: int, body: bytes = b"body", received: int = 1_000, encoding: Encoding = Encoding.IDENTITY
) -> Record:
    return Record(sequence, Signal.TRACES, encoding, received, body)


def test_records_come_back_in_order_and_nothing_stands_there_in_clear(tmp_path: Path) -> None:
    secret = b"order.id=A-4711 "
    kept = [
        record(1, secret * 100),
        record(2, gzip.compress(secret), encoding=Encoding.GZIP),
        record(3, b""),
        record(7, os.urandom(100_000)),
    ]
    first = RawArchive(tmp_path, KEY)
    first.add(kept[:2])
    first.add(kept[1:])
    first.add([])
    assert first.last == 7
    assert list(first.records()) == kept
    assert list(first.records(2)) == kept[2:]
    first.close()
    again = RawArchive(tmp_path, KEY)
    assert list(again.records(3)) == kept[3:]
    again.add([record(7, b"other"), record(8)])
    assert list(again.records()) == [*kept, record(8)]
    again.close()
    raw = b"".join(path.read_bytes() for path in (tmp_path / "raw").iterdir())
    assert b"4711" not in raw
    assert len(raw) < 110_000


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_added_and_cut_off_is_a_beginning_of_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("raw")
    rounds = data.draw(st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=4), min_size=1, max_size=6))
    written, sequence, sizes = [], 0, [0]
    kept = RawArchive(folder, KEY)
    for bodies in rounds:
        batch = []
        for body in bodies:
            sequence += data.draw(st.integers(1, 3))
            batch.append(record(sequence, body))
        kept.add(batch)
        written.append(batch)
        sizes.append(kept.bytes())
    kept.close()
    (path,) = (folder / "raw").iterdir()
    cut = data.draw(st.integers(0, sizes[-1]))
    with path.open("r+b") as file:
        file.truncate(cut)
        file.seek(cut)
        if data.draw(st.booleans()):
            file.write(data.draw(st.binary(max_size=200)))
    whole = [each for batch, size in zip(written, sizes[1:], strict=True) if size <= cut for each in batch]
    again = RawArchive(folder, KEY)
    assert again.last == (whole[-1].sequence if whole else 0)
    rest = [each for batch in written for each in batch][len(whole) :]
    again.add(rest)
    assert list(again.records()) == whole + rest
    again.close()


def test_files_are_closed_by_size_and_by_time_and_forgotten_by_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FILE_BYTES", 2_000)
    kept = RawArchive(tmp_path, KEY)
    for number in range(1, 11):
        kept.add([record(number, os.urandom(500), received=number * 1_000)])
    assert [(each.first, each.last) for each in kept.files()] == [(1, 4), (5, 8), (9, None)]
    kept.add([record(11, received=11_000 + archive.FILE_MS)])
    assert [(each.first, each.last) for each in kept.files()][-2:] == [(9, 10), (11, None)]
    assert kept.delete_before(4_000) == 0
    size = kept.bytes()
    freed = kept.delete_before(8_001)
    assert freed > 0
    assert kept.bytes() == size - freed
    assert (kept.first, [each.sequence for each in kept.records()]) == (9, [9, 10, 11])
    assert kept.delete_oldest() > 0
    # An old file that is still open goes, too, and what follows begins a new one.
    assert kept.delete_before(1 << 40) > 0
    assert kept.files() == []
    kept.add([record(11), record(12)])
    assert [each.sequence for each in kept.records()] == [12]
    kept.close()


def test_a_reader_goes_on_while_files_come_and_get_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FILE_BYTES", 1_000)
    kept, reader = RawArchive(tmp_path, KEY), RawArchive(tmp_path, KEY)
    kept.add([record(1, os.urandom(400)), record(2)])
    following = reader.records()
    assert next(following).sequence == 1
    for number in range(3, 20):
        kept.add([record(number, os.urandom(400))])
    assert [each.sequence for each in following] == list(range(2, 20))
    kept.close()


def test_a_changed_or_moved_block_is_refused(tmp_path: Path) -> None:
    kept = RawArchive(tmp_path, KEY)
    kept.add([record(1, b"a" * 100)])
    kept.add([record(2, b"b" * 100)])
    kept.close()
    (path,) = (tmp_path / "raw").iterdir()
    raw = path.read_bytes()
    size = (len(raw) - 24) // 2
    for changed in (raw[:-1] + bytes([raw[-1] ^ 1]), raw[:40] + bytes([raw[40] ^ 1]) + raw[41:]):
        path.write_bytes(changed)
        with pytest.raises(BadBlock):
            list(RawArchive(tmp_path, KEY).records())
    # The first block under the header of the second.
    path.write_bytes(raw[: 24 + 60] + raw[24 + 60 + size :] + raw[24 + 60 : 24 + size])
    with pytest.raises(BadBlock):
        list(RawArchive(tmp_path, KEY).records())


def test_records_are_changed_and_dropped_and_the_end_is_remembered(tmp_path: Path) -> None:
    kept = RawArchive(tmp_path, KEY)
    kept.add([record(1, b"keep"), record(2, b"change me")])
    kept.add([record(3, b"drop")])

    def change(each: Record) -> Record | None:
        match each.body:
            case b"drop":
                return None
            case b"change me":
                return record(each.sequence, b"changed")
            case _:
                return each

    assert kept.rewrite(change) == 2
    assert kept.rewrite(change) == 0
    assert [(each.sequence, each.body) for each in kept.records()] == [(1, b"keep"), (2, b"changed")]
    kept.add([record(3, b"drop"), record(4)])
    assert [each.sequence for each in kept.records()] == [1, 2, 4]
    kept.close()


def test_the_key_stands_outside_and_must_fit(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    path = key_path(data, None)
    assert path == tmp_path / "data.key"
    key = load_key(data)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(data) == key
    kept = RawArchive(data, key)
    kept.add([record(1)])
    kept.close()
    with pytest.raises(PermanentError, match="another key"):
        RawArchive(data, KEY)
    path.unlink()
    with pytest.raises(PermanentError, match="there is no key"):
        load_key(data)
    path.write_bytes(b"short")
    with pytest.raises(PermanentError, match="holds no key"):
        load_key(data)
    with pytest.raises(PermanentError, match="outside the data folder"):
        load_key(data, data / "key")
    with pytest.raises(PermanentError, match="cannot be made"):
        load_key(tmp_path / "other", tmp_path / "nowhere" / "key")


def test_with_no_hours_nothing_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    kept = open_archive(data, 72)
    assert kept is not None
    kept.add([record(1)])
    kept.close()
    assert open_archive(data, 0) is None
    assert list((data / "raw").iterdir()) == []


WRITER = """
import os, sys
from pathlib import Path
from collector.raw import RawArchive, archive
from collector.wal import Encoding, Record, Signal
archive.FILE_BYTES = 200_000
kept = RawArchive(Path(sys.argv[1]), bytes(range(32)))
number = kept.last
while True:
    batch = []
    for _ in range(5):
        number += 1
        batch.append(Record(number, Signal.TRACES, Encoding.GZIP, number, number.to_bytes(8, "big") * 1000))
    kept.add(batch)
    print(number, flush=True)
"""


@pytest.mark.integration
def test_a_writer_killed_at_any_moment_leaves_what_it_told(tmp_path: Path) -> None:
    chance = random.Random(5)
    told = 0
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() * 0.3)
            process.send_signal(signal.SIGKILL)
            said = process.stdout.read().split()
            told = int(said[-1]) if said else told
        found = [each.sequence for each in RawArchive(tmp_path, KEY).records()]
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= told


def test_what_could_not_be_synced_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = RawArchive(tmp_path, bytes(range(32)))
    records = [Record(number, Signal.TRACES, Encoding.IDENTITY, 1_000 + number, b"x" * 100) for number in range(1, 7)]
    archive.add(records[:2])
    real, synced = os.fdatasync, []

    def first_fails(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 1:
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", first_fails)
    with pytest.raises(OSError, match="Input/output"):
        archive.add(records[2:])
    assert archive.last == 2
    archive.add(records[2:])
    assert len(synced) == 2
    assert list(archive.records()) == records
    archive.close()
