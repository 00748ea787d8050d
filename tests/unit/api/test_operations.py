from pathlib import Path

import pytest
import sqlalchemy as sa

from api.operations import Operations


def test_what_is_written_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    record = Operations(url, clock=lambda: 5)
    first = record.record("li", "change finding", "f1", {"status": "open"}, {"status": "muted", "owner": "王"})
    record.record("li", "add change", "7", None, {"system": "erp"})
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for statement in ("UPDATE operations SET who = 'x'", "DELETE FROM operations"):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(sa.text(statement))
    engine.dispose()
    record.close()
    again = Operations(url)
    assert [o.id for o in again.latest(10)] == [2, 1]
    assert [o.id for o in again.latest(10, before_id=2)] == [1]
    assert list(again.of("f1")) == [first]
    assert first.after == {"status": "muted", "owner": "王"}
    assert first.time == 5
    again.close()
