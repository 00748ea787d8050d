"""Every alert has a runbook in every language, and no runbook is without its alert."""

import pytest

from alerts.check import check
from alerts.rules import RULES
from alerts.runbooks import FOLDER, names, runbook
from alerts.settings import AlertSettings
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES


def test_every_alert_has_its_runbook_in_every_language() -> None:
    alerts = {alert.name for rule in RULES for alert in rule(AlertSettings()).alerts}
    assert set(names()) == alerts
    files = {f"{name}.{language}.md" for name in alerts for language in LANGUAGES}
    assert {path.name for path in FOLDER.glob("*.md")} == files
    for name in alerts:
        for language in LANGUAGES:
            page = runbook(name, language)
            assert page.startswith(f"# {name}")
            assert page.count("\n## ") == 4, "means, look first, do, over"


def test_an_unknown_runbook_is_one_clear_error() -> None:
    with pytest.raises(PermanentError, match=r"runbook \.\./x: not known"):
        runbook("../x", "en")


def test_what_is_built_passes_its_own_check() -> None:
    lines = check(AlertSettings())
    assert lines[0] == "11 alerts, texts and runbooks in 2 languages"
