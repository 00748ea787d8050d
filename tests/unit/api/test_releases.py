"""Releases that were seen become changes, each once."""

import json
from pathlib import Path

import sqlalchemy as sa

from api.changes import Changes
from api.releases import Releases
from collector.store import Store
from collector.store.manifest import Changes as Committed
from collector.store.manifest import Manifest
from tests.integration.api.client import TestClient

START = 1_772_359_200_000_000


def leave(data: Path, *history: tuple[str, int], service: str = "shop") -> None:
    manifest = Manifest(data)
    manifest.commit([], 1, manifest.position, Committed(state={f"version:{service}": json.dumps(history)}))
    manifest.close()


def rows(changes: Changes) -> list[tuple[str, str | None, int, bool]]:
    return [(c.system, c.version, c.time, c.seen) for c in changes.latest(50)]


def test_each_release_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    changes = Changes(url)
    releases = Releases(Store(tmp_path), changes)
    releases.take()
    leave(tmp_path, ("1", START))
    releases.take()
    assert rows(changes) == []
    leave(tmp_path, ("1", START), ("2", START + 1))
    releases.take()
    releases.take()
    Releases(Store(tmp_path), Changes(url)).take()
    assert rows(changes) == [("shop", "2", START + 1, True)]
    # Rolled back, and out again.
    leave(tmp_path, ("1", START), ("2", START + 1), ("1", START + 2), ("2", START + 3))
    releases.take()
    assert [row[1:3] for row in rows(changes)] == [("2", START + 3), ("1", START + 2), ("2", START + 1)]
    (newest, *_) = changes.latest(1)
    assert (newest.kind, newest.author, newest.description) == ("release", None, None)


def test_what_somebody_told_us_of_is_not_noted_twice(tmp_path: Path) -> None:
    changes = Changes(f"sqlite:///{tmp_path / 'state.sqlite'}")
    changes.add(START, "shop", "release", "2", "li", None)
    leave(tmp_path, ("1", START - 5), ("2", START + 60_000_000))
    Releases(Store(tmp_path), changes).take()
    assert rows(changes) == [("shop", "2", START, False)]


def test_a_table_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT, time BIGINT NOT NULL, system VARCHAR NOT"
                " NULL, version VARCHAR, author VARCHAR, kind VARCHAR NOT NULL, description TEXT)"
            )
        )
        connection.execute(sa.text("INSERT INTO changes (time, system, kind) VALUES (1, 'crm', 'rule')"))
    for _ in range(2):
        assert rows(Changes(url)) == [("crm", None, 1, False)]


def test_they_show_in_api_and_pages(own: TestClient) -> None:
    changes: Changes = own.app.state.knowing.changes  # type: ignore[attr-defined]
    assert changes.see(START, "payment-gateway", "v2.3")
    (row,) = own.get("/api/v1/changes").json()["items"]
    assert (row["system"], row["version"], row["author"], row["seen"]) == ("payment-gateway", "v2.3", None, True)
    assert "v2.3" in own.get("/").text
