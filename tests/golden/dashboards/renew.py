"""Writes the golden files anew: `python -m tests.golden.dashboards.renew`, then look at the difference."""

from pathlib import Path

from collector.vocabulary.languages import LANGUAGES
from dashboards import documents
from dashboards.building import render

if __name__ == "__main__":
    for language in LANGUAGES:
        for uid, document in documents(language).items():
            path = Path(__file__).parent / f"{uid}.{language}.json"
            path.write_text(render(document), encoding="utf-8")
