"""Writes the golden files anew: `python -m tests.golden.bottlenecks.renew`, then look at them in a browser."""

from pathlib import Path

from api.bottlenecks.html import html_file
from collector.vocabulary.languages import LANGUAGES
from tests.unit.bottlenecks.documents import told

if __name__ == "__main__":
    for language in LANGUAGES:
        path = Path(__file__).parent / f"report.{language}.html"
        path.write_text(html_file(*told(language)), encoding="utf-8")
