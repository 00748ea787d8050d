"""What a terminal sees."""

import io
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from api.terminal.progress import Meter
from api.terminal.summary import printed
from collector.vocabulary.languages import LANGUAGES, Language
from tests.unit.mine.test_html_report import FINDING, made


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("columns", [60, 100, 200])
def test_fits_and_is_plain_in_a_pipe(language: Language, columns: int) -> None:
    long = replace(FINDING, title="A very long title indeed " * 8)
    shown = printed(made(*[long] * 7), language, ZoneInfo("UTC"), terminal=False, columns=columns)
    assert max(len(line) for line in shown.splitlines()) <= 100
    assert "\x1b" not in shown
    assert shown.count("A very long title") >= 5
    assert "2" in next(line for line in shown.splitlines() if "…" in line)


def test_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = printed(made(FINDING), "en", ZoneInfo("UTC"), terminal=True, columns=80)
    assert "\x1b[" in shown


def test_progress_only_on_a_terminal_and_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    for stream, patience, expected in ((io.StringIO(), 0.0, False), (Terminal(), 60.0, False), (Terminal(), 0.0, True)):
        monkeypatch.setattr("sys.stderr", stream)
        monkeypatch.setattr("api.terminal.progress.PATIENCE", patience)
        with Meter(2, "en") as meter:
            meter.stage("reading")
            meter.bytes(512, 1024)
            meter.stage("writing")
        assert ("writing" in stream.getvalue()) is expected
        assert ("[2/2]" in stream.getvalue()) is expected
