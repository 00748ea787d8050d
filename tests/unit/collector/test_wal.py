import asyncio
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.vocabulary.errors import PermanentError, RetryableError
from collector.wal import Encoding, Record, Signal, WalReader, WalWriter
from collector.wal.folder import delete_covered, read_synced, segment_files, segment_path
from collector.wal.record import HEADER_BYTES, decode, decode_header, encode

SEGMENT = 4096


def write(folder: Path, *bodies: bytes, segment_bytes: int = SEGMENT) -> list[int]:
    async def all_at_once() -> list[int]:
        wal = WalWriter(folder, segment_bytes)
        try:
            return await asyncio.gather(*(wal.append(Signal.TRACES, Encoding.GZIP, body) for body in bodies))
        finally:
            await wal.close()

    return asyncio.run(all_at_once())


def read(folder: Path, position: int = 0) -> list[bytes]:
    reader = WalReader(folder, position)
    try:
        return [record.body for record in reader.read(1 << 30)]
    finally:
        reader.close()


def test_what_is_written_is_read_in_order(tmp_path: Path) -> None:
    bodies = [f"body {number}".encode() * number for number in range(50)]
    assert write(tmp_path, *bodies) == list(range(1, 51))
    assert read(tmp_path) == bodies
    assert read(tmp_path, 30) == bodies[30:]


def test_writing_goes_on_after_a_restart(tmp_path: Path) -> None:
    for number in range(5):
        assert write(tmp_path, b"x" * 1500) == [number + 1]
    assert read(tmp_path) == [b"x" * 1500] * 5
    assert len(segment_files(tmp_path)) == 3


def test_a_body_larger_than_a_segment(tmp_path: Path) -> None:
    bodies = [b"a", b"b" * 3 * SEGMENT, b"c"]
    write(tmp_path, *bodies)
    write(tmp_path, b"d" * 2 * SEGMENT)
    assert read(tmp_path) == [*bodies, b"d" * 2 * SEGMENT]


def test_segments_are_preallocated(tmp_path: Path) -> None:
    write(tmp_path, b"x")
    assert segment_path(tmp_path, 1).stat().st_size == SEGMENT
    write(tmp_path, b"y")
    assert segment_path(tmp_path, 1).stat().st_size == SEGMENT


@pytest.mark.parametrize("cut", [1, 10, HEADER_BYTES, HEADER_BYTES + 1, HEADER_BYTES + 49])
def test_a_torn_tail_is_cut_and_kept_aside(tmp_path: Path, cut: int) -> None:
    write(tmp_path, b"first", b"second")
    end = 2 * HEADER_BYTES + len(b"firstsecond")
    torn = encode(Record(3, Signal.TRACES, Encoding.GZIP, 1, b"x" * 50))[:cut]
    with segment_path(tmp_path, 1).open("r+b") as file:
        file.seek(end)
        # A whole record behind the torn one must not come to life again.
        file.write(torn.ljust(HEADER_BYTES + 50, b"\0") + encode(Record(4, Signal.TRACES, Encoding.GZIP, 1, b"old")))
    assert read(tmp_path) == [b"first", b"second"]
    assert write(tmp_path, b"y" * 50) == [3]
    assert read(tmp_path) == [b"first", b"second", b"y" * 50]
    assert len(list(tmp_path.glob("torn-*"))) == 1


def test_a_bad_record_ends_the_log_at_a_restart(tmp_path: Path) -> None:
    write(tmp_path, b"first", b"second", b"third")
    flip(segment_path(tmp_path, 1), HEADER_BYTES + len(b"first") + HEADER_BYTES + 2)
    # Numbers that were given out are not given out again: the manifest may know them.
    assert write(tmp_path, b"fourth") == [4]
    assert read(tmp_path) == [b"first", b"fourth"]


def test_a_bad_record_inside_an_old_segment_costs_its_rest_only(tmp_path: Path) -> None:
    write(tmp_path, *(bytes([65 + number]) * 1000 for number in range(12)))
    files = segment_files(tmp_path)
    assert len(files) >= 3
    flip(files[1].path, HEADER_BYTES + 5)
    reader = WalReader(tmp_path)
    kept = [record.sequence for record in reader.read(1 << 30)]
    assert reader.lost == files[2].first - files[1].first
    reader.close()
    assert kept == [n for n in range(1, 13) if not files[1].first <= n < files[2].first]


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0xFF]))


def test_a_reader_follows_a_writer_and_stops_at_what_is_synced(tmp_path: Path) -> None:
    async def follow() -> None:
        wal, reader = WalWriter(tmp_path, SEGMENT), WalReader(tmp_path)
        assert reader.read(1000) == []
        assert (reader.behind()[0], reader.bytes_behind()) == (0, 0)
        for number in range(1, 40):
            await wal.append(Signal.LOGS, Encoding.IDENTITY, bytes([number]) * 300)
            assert reader.behind()[0] == 1
            assert reader.bytes_behind() == 300 + HEADER_BYTES
            record = reader.read(1000)[0]
            assert (record.sequence, record.body, record.signal) == (number, bytes([number]) * 300, Signal.LOGS)
        # A record that is there, but not synced, is not read.
        reader.close()
        late = WalReader(tmp_path)
        os.truncate(tmp_path / "synced", 0)
        assert late.read(1 << 20) == []
        late.close()
        await wal.close()

    asyncio.run(follow())
    write(tmp_path, b"again")
    assert len(read(tmp_path)) == 40


def test_bytes_behind_count_over_segments(tmp_path: Path) -> None:
    write(tmp_path, *[b"x" * 1000] * 20)
    reader = WalReader(tmp_path)
    assert reader.bytes_behind() == 20 * (1000 + HEADER_BYTES)
    assert len(reader.read(3500)) == 3
    assert reader.bytes_behind() == 17 * (1000 + HEADER_BYTES)
    reader.close()


def test_covered_segments_are_deleted_but_the_newest(tmp_path: Path) -> None:
    write(tmp_path, *[b"x" * 1000] * 10)
    files = segment_files(tmp_path)
    assert delete_covered(tmp_path, files[1].first - 2) == 0
    assert delete_covered(tmp_path, files[1].first - 1) == 1
    assert delete_covered(tmp_path, 10) == len(files) - 2
    assert segment_files(tmp_path) == files[-1:]
    assert write(tmp_path, b"next") == [11]
    assert read(tmp_path, 10) == [b"next"]


def test_numbers_go_on_when_the_folder_was_emptied(tmp_path: Path) -> None:
    write(tmp_path, b"a", b"b")
    for file in segment_files(tmp_path):
        file.path.unlink()
    assert write(tmp_path, b"c") == [3]
    assert read(tmp_path, 2) == [b"c"]


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    async def two() -> None:
        wal = WalWriter(tmp_path, SEGMENT)
        with pytest.raises(PermanentError, match="another receiver"):
            WalWriter(tmp_path, SEGMENT)
        await wal.close()

    asyncio.run(two())


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    async def closed() -> None:
        wal = WalWriter(tmp_path, SEGMENT)
        await wal.close()
        await wal.close()
        with pytest.raises(RetryableError):
            await wal.append(Signal.TRACES, Encoding.GZIP, b"x")

    asyncio.run(closed())


def test_a_full_disk_fails_the_request_and_not_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full() -> None:
        wal = WalWriter(tmp_path, SEGMENT)

        def no_space(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "posix_fallocate", no_space)
            with pytest.raises(RetryableError, match="No space left"):
                await wal.append(Signal.TRACES, Encoding.GZIP, b"x")
        assert not wal.failed.is_set()
        assert await wal.append(Signal.TRACES, Encoding.GZIP, b"y") == 1
        await wal.close()

    asyncio.run(full())
    assert read(tmp_path) == [b"y"]


def test_a_failed_sync_acknowledges_nothing_and_fails_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        wal = WalWriter(tmp_path, SEGMENT)
        await wal.append(Signal.TRACES, Encoding.GZIP, b"x")

        def no_sync(_: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fdatasync", no_sync)
        with pytest.raises(RetryableError):
            await wal.append(Signal.TRACES, Encoding.GZIP, b"y")
        assert wal.failed.is_set()
        with pytest.raises(RetryableError):
            await wal.append(Signal.TRACES, Encoding.GZIP, b"z")
        await wal.close()

    asyncio.run(broken())
    assert read_synced(tmp_path) == 1
    assert read(tmp_path) == [b"x"]


def test_a_sender_that_goes_away_takes_nobody_along(tmp_path: Path) -> None:
    async def cancelled() -> list[int]:
        wal = WalWriter(tmp_path, SEGMENT)
        tasks = [asyncio.create_task(wal.append(Signal.TRACES, Encoding.GZIP, b"x")) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        done = await asyncio.gather(*tasks[1:])
        await wal.close()
        return done

    assert asyncio.run(cancelled()) == [2, 3]


def test_many_share_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs: list[None] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: syncs.append(real(descriptor)))
    write(tmp_path, *[b"x"] * 100, segment_bytes=1 << 20)
    assert len(syncs) == 1


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(Signal), st.sampled_from(Encoding), st.integers(1, 2**64 - 1))
def test_a_record_is_what_was_encoded(body: bytes, signal: Signal, encoding: Encoding, sequence: int) -> None:
    record = Record(sequence, signal, encoding, 1_760_000_000_000, body)
    raw = encode(record)
    header = decode_header(raw)
    assert header is not None
    assert decode(header, raw[HEADER_BYTES:]) == record


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200), st.booleans())
def test_garbage_never_becomes_a_record(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes, offset: int, restart: bool
) -> None:
    """Whatever stands in the file: the records before it are read, nothing else is, and writing goes on."""
    folder = tmp_path_factory.mktemp("wal")
    bodies = [b"one" * 10, b"two" * 10, b"three" * 10]
    write(folder, *bodies)
    with segment_path(folder, 1).open("r+b") as file:
        file.seek(offset)
        file.write(garbage)
    found = read(folder)
    assert all(each in bodies for each in found)
    if restart:
        number = write(folder, b"next")[0]
        assert number == 4
        assert read(folder)[-1] == b"next"


def test_a_log_that_failed_goes_on_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failed sync leaves is never read: not by a reader that follows, nor by the next receiver."""
    real = os.pwritev

    def torn(descriptor: int, pieces: list[bytes], offset: int) -> int:
        real(descriptor, pieces, offset)
        raise OSError(5, "Input/output error")

    async def story() -> list[int]:
        wal = WalWriter(tmp_path, SEGMENT)
        numbers = [await wal.append(Signal.TRACES, Encoding.GZIP, b"one")]
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwritev", torn)
            for _ in range(2):
                with pytest.raises(RetryableError):
                    await wal.append(Signal.TRACES, Encoding.GZIP, b"never acknowledged")
            assert wal.failed.is_set()
        # Nobody sends, because it says that it is ill: it looks by itself.
        end = asyncio.get_running_loop().time() + 10
        while wal.failed.is_set() and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.05)
        assert not wal.failed.is_set()
        numbers += [await wal.append(Signal.TRACES, Encoding.GZIP, body) for body in (b"two", b"three")]
        await wal.close()
        return numbers

    assert asyncio.run(story()) == [1, 2, 3]
    assert read(tmp_path) == [b"one", b"two", b"three"]
    assert write(tmp_path, b"four") == [4]
    assert read(tmp_path) == [b"one", b"two", b"three", b"four"]


def test_a_start_on_a_full_disk_waits_for_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, b"one")

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def story() -> int:
        with monkeypatch.context() as patch:
            patch.setattr(os, "posix_fallocate", no_space)
            wal = WalWriter(tmp_path, SEGMENT)
            with pytest.raises(RetryableError, match="No space left"):
                await wal.append(Signal.TRACES, Encoding.GZIP, b"x")
            # What an attempt on a full disk may leave behind.
            segment_path(tmp_path, 2).write_bytes(b"half made")
        number = await wal.append(Signal.TRACES, Encoding.GZIP, b"two")
        await wal.close()
        return number

    assert asyncio.run(story()) == 2
    assert read(tmp_path) == [b"one", b"two"]


def test_a_slow_disk_pushes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdatasync

    def slow(descriptor: int) -> None:
        time.sleep(0.3)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    monkeypatch.setattr("collector.wal.writer.MAX_PENDING_BYTES", 1000)

    async def story() -> tuple[list[int], list[BaseException]]:
        wal = WalWriter(tmp_path, SEGMENT)
        appends = [wal.append(Signal.TRACES, Encoding.GZIP, bytes([number]) * 300) for number in range(6)]
        done = await asyncio.gather(*appends, return_exceptions=True)
        # Once it is written, there is room again.
        done.append(await wal.append(Signal.TRACES, Encoding.GZIP, b"later"))
        await wal.close()
        return [each for each in done if isinstance(each, int)], [each for each in done if not isinstance(each, int)]

    kept, refused = asyncio.run(story())
    assert kept == [1, 2, 3, 4]
    assert [type(each) for each in refused] == [RetryableError] * 3
    assert read(tmp_path) == [bytes([number]) * 300 for number in range(3)] + [b"later"]
