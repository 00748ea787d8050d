import json
from pathlib import Path

from api.forgetting import Forgetting
from api.operations import Operations
from collector.store import Manifest, Store
from collector.store.manifest import Changes


def test_what_was_forgotten_is_recorded_once(tmp_path: Path) -> None:
    manifest, operations = Manifest(tmp_path), Operations(f"sqlite:///{tmp_path / 'state.sqlite'}")

    def forgot(times: int) -> None:
        told = {"at": 1, "why": "older than 7 days", "rows": 5, "bytes": 9}
        told |= {"total_rows": 5 * times, "total_bytes": 9 * times, "times": times}
        manifest.commit([], 1, 1, Changes(state={"forgotten:spans": json.dumps(told)}))

    following = Forgetting(Store(tmp_path), operations)
    following.take()
    assert operations.latest(10) == []
    forgot(1)
    following.take()
    following.take()
    Forgetting(Store(tmp_path), operations).take()
    forgot(3)
    following.take()
    latest, first = operations.latest(10)
    assert (latest.who, latest.what, latest.subject) == ("collector", "retention.forgotten", "forgotten:spans")
    assert latest.after is not None
    assert first.after is not None
    assert (latest.after["total_rows"], first.after["times"]) == (15, 1)
    operations.close()
    manifest.close()
