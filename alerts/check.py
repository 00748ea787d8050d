"""Whether what would be built is right: texts and runbooks in both languages, and the servers' own checkers."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from alerts.build import ALERTMANAGER_FILE, PROMETHEUS_FILE, build
from alerts.prometheus import RULES_FILE
from alerts.rules import RULES
from alerts.runbooks import runbook
from alerts.settings import AlertSettings
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, has_text

CHECKS = (
    ("promtool", ("check", "rules"), RULES_FILE),
    ("promtool", ("check", "config"), PROMETHEUS_FILE),
    ("amtool", ("check-config",), ALERTMANAGER_FILE),
)


def check(settings: AlertSettings) -> list[str]:
    """What was checked, a line each. Raises PermanentError with the first thing that is wrong."""
    alerts = [alert for rule in RULES for alert in rule(settings).alerts]
    for alert in alerts:
        for language in LANGUAGES:
            runbook(alert.name, language)
            for message in (alert.title, alert.description):
                if not has_text(language, message):
                    raise PermanentError(f"{alert.name}: {message!r} is not in the catalogue of {language}")
    done = [f"{len(alerts)} alerts, texts and runbooks in {len(LANGUAGES)} languages"]
    with tempfile.TemporaryDirectory() as folder:
        build(settings, Path(folder))
        for tool, arguments, name in CHECKS:
            program = shutil.which(tool)
            if program is None:
                done.append(f"{name}: not checked, {tool} is not installed")
                continue
            command = [program, *arguments, str(Path(folder) / name)]
            result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            if result.returncode != 0:
                said = " ".join((result.stdout + result.stderr).replace(folder, "").split())
                raise PermanentError(f"{name}: {tool} refuses it: {said}")
            done.append(f"{name}: {tool} finds it right")
    return done
