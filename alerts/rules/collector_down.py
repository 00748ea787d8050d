"""The receiver or the converter does not answer."""

from alerts.rules.rule import Alert, Group
from alerts.settings import AlertSettings

JOBS = ("houtai-receiver", "houtai-converter")


def collector_down(settings: AlertSettings) -> Group:
    """Looks at whether Prometheus reaches them, and whether it knows them at all."""
    answers = f'min by (job) (up{{job=~"{"|".join(JOBS)}"}}) == 0'
    alert = Alert(
        name="CollectorDown",
        expr=" or ".join([answers, *(f'absent(up{{job="{job}"}})' for job in JOBS)]),
        wait=settings.machinery.down_wait,
        severity="critical",
        urgency="page",
        title="Houtai · {job} does not answer",
        description="{job} does not answer Prometheus. While the receiver is down, senders keep their spans only as "
        "long as their queues last; then spans are lost.",
        values={"job": "{{ $labels.job }}"},
        of_process=False,
    )
    return Group("houtai_collector_down", (alert,))
