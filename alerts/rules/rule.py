"""What an alert rule is, before it is a line of YAML."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from alerts.settings import AlertSettings, Urgency

Severity = Literal["critical", "warning", "info", "none"]
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Recording:
    """A series that Prometheus computes and keeps; named level:metric:operation as is usual."""

    record: str
    expr: str


@dataclass(frozen=True)
class Alert:
    """An alert. `title` and `description` are messages of the catalogue, their places filled from `values`."""

    name: str
    expr: str
    wait: str | None
    """How long the expression must hold; None: it fires at once."""
    severity: Severity
    urgency: Urgency
    title: str
    description: str
    values: dict[str, str] = field(default_factory=dict)
    """Words, or Prometheus templates: they are filled in when the alert fires."""
    of_process: bool = True
    """Whether it carries the label `process`; otherwise it is about Houtai itself."""
    keep_firing: bool = True


@dataclass(frozen=True)
class Group:
    """The rules of one file, evaluated one after the other."""

    name: str
    alerts: tuple[Alert, ...]
    recordings: tuple[Recording, ...] = ()


Rule = Callable[[AlertSettings], Group]
"""One member of the family: a file with one public function of the same name."""

PROCESS: Final = "{{ $labels.process }}"
VALUE: Final = "{{ $value | humanize }}"
VALUE_DURATION: Final = "{{ $value | humanizeDuration }}"


def seconds(duration: str) -> float:
    """Seconds of a duration as Prometheus writes it ("1h30m")."""
    parts = re.findall(r"([0-9]+)(ms|s|m|h|d|w)", duration)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def figure(query: str) -> str:
    """A template that shows the value of `query`, whole; its one `%q` stands for the alert's process."""
    found = f"{{{{ with printf `{query}` $labels.process | query }}}}"
    return found + '{{ . | first | value | printf "%.0f" }}{{ else }}?{{ end }}'


def listing(query: str, label: str) -> str:
    """A template that lists the values of `label` in the result of `query`; `%q` as in `figure`; a dash for none."""
    found = f"{{{{ range $i, $e := printf `{query}` $labels.process | query }}}}"
    return found + f"{{{{ if $i }}}}, {{{{ end }}}}{{{{ $e.Labels.{label} }}}}{{{{ else }}}}–{{{{ end }}}}"
