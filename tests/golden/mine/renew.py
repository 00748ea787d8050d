"""Writes the golden report anew: `python -m tests.golden.mine.renew`, then look at the difference."""

from pathlib import Path

from api.one_shot import Columns, Outputs, mine_log

HERE = Path(__file__).parent


def write(path: Path) -> None:
    """Mine orders.csv into `path`."""
    mine_log(
        HERE / "orders.csv",
        Outputs(json=path),
        Columns(),
        process=None,
        config=None,
        lifecycle="pair",
        timezone="Asia/Shanghai",
        by="role",
        language="en",
    )


if __name__ == "__main__":
    write(HERE / "orders.json")
