import os
from pathlib import Path

from collector.compiled import drop_stale


def test_what_was_compiled_before_a_change_is_dropped(tmp_path: Path) -> None:
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    for name, time in (("a.py", 100), ("b.py", 200), ("__pycache__/a.nbi", 150), ("__pycache__/b.nbi", 250)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time, time))
    drop_stale(tmp_path)
    assert [path.name for path in cache.iterdir()] == ["b.nbi"]
    drop_stale(tmp_path / "nowhere")
