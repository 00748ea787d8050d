"""Writes the files that Prometheus and Alertmanager read."""

from pathlib import Path
from typing import Final

import yaml

from alerts.alertmanager import alertmanager
from alerts.prometheus import RULES_FILE, Tree, prometheus, rules
from alerts.settings import AlertSettings

PROMETHEUS_FILE: Final = "prometheus.yml"
ALERTMANAGER_FILE: Final = "alertmanager.yml"
HEAD: Final = "# Written by `houtai alerts build` from houtai.yaml; changes here are overwritten.\n"


def documents(settings: AlertSettings) -> dict[str, Tree]:
    """The content of each file, by its name."""
    return {
        RULES_FILE: rules(settings),
        PROMETHEUS_FILE: prometheus(settings),
        ALERTMANAGER_FILE: alertmanager(settings),
    }


def render(tree: Tree) -> str:
    """`tree` as YAML, keys in their order."""
    return HEAD + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100_000)


def build(settings: AlertSettings, out: Path) -> list[Path]:
    """Write all files into `out`, which is made where it is missing; gives their paths."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, tree in documents(settings).items():
        path = out / name
        path.write_text(render(tree), encoding="utf-8")
        # Tokens and webhook addresses are secrets.
        path.chmod(0o600 if name != RULES_FILE else 0o644)
        paths.append(path)
    return paths
