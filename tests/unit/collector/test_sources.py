from pathlib import Path

import collector.sources
from collector.sources import SOURCES


def test_every_file_of_a_source_is_listed() -> None:
    folder = Path(collector.sources.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "source"}
    assert {each.__module__.rpartition(".")[2] for each in SOURCES} == files
