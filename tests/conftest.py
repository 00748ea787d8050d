"""What all tests share."""


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Tests are named the same in every process: compressed bytes hold the time at which they were made."""
    return f"{argname} of {len(val)} bytes" if isinstance(val, bytes) and len(val) > 20 else None
