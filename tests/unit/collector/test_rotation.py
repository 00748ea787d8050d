"""A segment is left before it is full, when somebody asks."""

import asyncio
from pathlib import Path

from collector.wal import Encoding, Signal, WalWriter
from collector.wal.folder import delete_covered, segment_files
from collector.wal.rotation import ask_rotation, rotate_when_asked
from tests.unit.collector.test_wal import SEGMENT, read, write


def test_a_new_segment_begins_when_asked_and_the_old_one_can_go(tmp_path: Path) -> None:
    write(tmp_path, b"secret", b"more")
    # Nobody writes: whoever asks does it.
    ask_rotation(tmp_path)
    assert [each.first for each in segment_files(tmp_path)] == [1, 3]
    assert delete_covered(tmp_path, 2) == 1
    ask_rotation(tmp_path)
    assert [each.first for each in segment_files(tmp_path)] == [3]
    assert write(tmp_path, b"after") == [3]
    assert read(tmp_path, 2) == [b"after"]
    assert not any(b"secret" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_writer_at_work_begins_a_new_segment_when_asked(tmp_path: Path) -> None:
    async def work() -> None:
        wal = WalWriter(tmp_path, SEGMENT)
        watch = asyncio.create_task(rotate_when_asked(wal, tmp_path))
        try:
            await wal.append(Signal.TRACES, Encoding.IDENTITY, b"one")
            ask_rotation(tmp_path)
            async with asyncio.timeout(10):
                while len(segment_files(tmp_path)) < 2 or (tmp_path / "rotate").exists():
                    await wal.append(Signal.TRACES, Encoding.IDENTITY, b"x")
                    await asyncio.sleep(0.01)
            last = await wal.append(Signal.TRACES, Encoding.IDENTITY, b"last")
            assert last == wal.last
        finally:
            watch.cancel()
            await wal.close()

    asyncio.run(work())
    assert read(tmp_path)[0] == b"one"
    assert read(tmp_path)[-1] == b"last"


def test_asking_for_a_new_segment_makes_no_log(tmp_path: Path) -> None:
    ask_rotation(tmp_path)
    assert list(tmp_path.iterdir()) == []
