"""Writes the golden files anew: `python -m tests.golden.alerts.renew`, then look at the difference."""

from pathlib import Path

from alerts.build import documents, render
from alerts.settings import AlertSettings

if __name__ == "__main__":
    for name, tree in documents(AlertSettings(alertmanager="http://127.0.0.1:9093")).items():
        (Path(__file__).parent / name).write_text(render(tree), encoding="utf-8")
