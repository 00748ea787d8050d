"""How tests share the processes that `make test` runs them in."""

from pathlib import Path

import pytest

INTEGRATION = Path(__file__).parent / "integration"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real servers run one after the other in one process; all else goes beside them, file by file."""
    for item in items:
        real = INTEGRATION in item.path.parents
        item.add_marker(pytest.mark.xdist_group("integration" if real else str(item.path)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Tests are named the same in every process: compressed bytes hold the time at which they were made."""
    return f"{argname} of {len(val)} bytes" if isinstance(val, bytes) and len(val) > 20 else None
