"""Settings of the alerts: whom to wake, by which way, from which thresholds on."""

from typing import Literal, get_args

from pydantic import Field

from collector.settings import Section
from collector.vocabulary.languages import LANGUAGES, Language

DURATION = r"^([0-9]+(ms|s|m|h|d|w))+$"
"""How Prometheus writes a duration."""

Urgency = Literal["page", "ticket", "digest"]
URGENCIES: tuple[Urgency, ...] = ("page", "ticket", "digest")


class Channels(Section):
    """Apprise URLs by urgency; an urgency without one is not delivered."""

    page: tuple[str, ...] = Field(default=(), description="wakes somebody, at once")
    ticket: tuple[str, ...] = Field(default=(), description="once, to be looked at in working hours")
    digest: tuple[str, ...] = Field(default=(), description="one message a day")
    report: tuple[str, ...] = Field(default=(), description="the bottleneck report once a week, as a file where it can")


Day = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
DAYS: tuple[Day, ...] = get_args(Day)


class Weekly(Section):
    """When the bottleneck report goes out, in the time zone of the process."""

    day: Day = "MONDAY"
    hour: int = Field(default=8, ge=0, le=23)


class Webhooks(Section):
    """Where Alertmanager posts, by urgency."""

    page: str | None = None
    ticket: str | None = None
    digest: str | None = None


class ProcessRoute(Section):
    """What one process has of its own; what is not given here is as for all."""

    owner: str | None = Field(default=None, description="who is on duty, as the message says it")
    apprise: Channels = Channels()
    webhooks: Webhooks = Webhooks()


class Flow(Section):
    """When a flow counts as stopped."""

    window: str = Field(default="15m", pattern=DURATION, description="traffic of this window is compared")
    surroundings: str = Field(default="1h", pattern=DURATION, description="the stretch that says what is usual")
    history: str = Field(default="1w", pattern=DURATION, description="how long ago `usual` is looked up first")
    ratio: float = Field(default=0.1, gt=0, lt=1, description="stopped: below this share of what is usual")
    minimum: float = Field(default=20, gt=0, description="events that a window usually has; below, nothing is said")
    wait: str = Field(default="5m", pattern=DURATION, description="how long it must last")


class Burn(Section):
    """One pair of windows: errors burn the allowance `factor` times as fast as it may be used, in both."""

    factor: float = Field(gt=0)
    long: str = Field(pattern=DURATION)
    short: str = Field(pattern=DURATION)
    severity: Literal["critical", "warning"]


BURNS = (
    Burn(factor=14.4, long="1h", short="5m", severity="critical"),
    Burn(factor=6, long="6h", short="30m", severity="critical"),
    Burn(factor=3, long="1d", short="2h", severity="warning"),
    Burn(factor=1, long="3d", short="6h", severity="warning"),
)
"""The usual pairs of the SRE workbook, chapter 5."""


class Errors(Section):
    """When errors of an activity count as a burst."""

    allowance: float = Field(default=0.01, gt=0, lt=1, description="share of events that may end in error")
    minimum: float = Field(default=30, gt=0, description="events in the long window; below, nothing is said")
    minimum_errors: float = Field(default=5, gt=0, description="errors in the long window; below, nothing is said")
    burns: tuple[Burn, ...] = BURNS
    wait: str = Field(default="2m", pattern=DURATION, description="how long a critical burst must last")
    warning_wait: str = Field(default="1h", pattern=DURATION)


class Deadlines(Section):
    """When missed deadlines wake somebody."""

    window: str = Field(default="1h", pattern=DURATION)
    page_share: float = Field(default=0.2, gt=0, le=1, description="missed share of those due, from which it is a page")
    page_minimum: float = Field(default=5, gt=0, description="missed in the window, from which it can be a page")
    ticket_window: str = Field(default="1d", pattern=DURATION)
    ticket_share: float = Field(default=0.05, gt=0, le=1)
    ticket_minimum: float = Field(default=3, gt=0)
    wait: str = Field(default="5m", pattern=DURATION)


class Machinery(Section):
    """When Houtai itself is behind."""

    wal_age_seconds: float = Field(default=120, gt=0, description="oldest record not yet converted")
    lag_seconds: float = Field(default=300, gt=0, description="oldest acknowledged event not yet mined")
    silence_seconds: float = Field(default=120, gt=0, description="since the miner last finished a round")
    wait: str = Field(default="5m", pattern=DURATION)
    down_wait: str = Field(default="2m", pattern=DURATION)


class Scrape(Section):
    """What Prometheus reads, for the `prometheus.yml` that is built."""

    receiver: str = "127.0.0.1:4318"
    converter: str = "127.0.0.1:4319"
    miner: str = "127.0.0.1:8480"
    interval: str = Field(default="15s", pattern=DURATION)
    token: str | None = Field(default=None, description="bearer token, where the pages want one")


class AlertSettings(Section):
    """The section `alerts` of `houtai.yaml`."""

    alertmanager: str | None = Field(
        default=None, description="URL of an Alertmanager that Prometheus sends its alerts to"
    )
    apprise: Channels = Channels()
    webhooks: Webhooks = Webhooks()
    watchdog: str | None = Field(default=None, description="URL of a dead-man's switch that hears the Watchdog")
    processes: dict[str, ProcessRoute] = Field(default_factory=dict, description="routes of single processes")
    owner: str | None = Field(default=None, description="who is on duty where a process names nobody")
    languages: tuple[Language, ...] = Field(default=LANGUAGES, min_length=1, description="of messages, in this order")
    page_base_url: str = Field(default="http://127.0.0.1:8480", description="under which people reach the pages")
    runbook_base_url: str | None = Field(default=None, description="default: the pages' own runbooks")
    grafana_base_url: str | None = Field(default=None, description="under which people reach Grafana")
    repeat_hours: float = Field(default=4, gt=0, description="an open page is said again after this")
    cooldown_minutes: float = Field(default=60, ge=0, description="what was resolved is not said again within this")
    resolve_minutes: float = Field(default=10, ge=0, description="gone for this long counts as resolved")
    digest_hour: int = Field(default=9, ge=0, le=23, description="hour of the day of the digest, in `timezone`")
    weekly: Weekly = Weekly()
    group_wait: str = Field(default="10s", pattern=DURATION, description="Alertmanager waits for more of a group")
    evaluation_interval: str = Field(default="15s", pattern=DURATION)
    keep_firing: str = Field(default="10m", pattern=DURATION, description="against flapping")
    flow: Flow = Flow()
    errors: Errors = Errors()
    deadlines: Deadlines = Deadlines()
    machinery: Machinery = Machinery()
    scrape: Scrape = Scrape()

    @property
    def delivers(self) -> bool:
        """Whether the service itself has somebody to tell: any apprise URL, beside an Alertmanager too."""
        ways = (self.apprise, *(route.apprise for route in self.processes.values()))
        return any(way.page or way.ticket or way.digest or way.report for way in ways)

    def owner_of(self, process: str) -> str | None:
        """Who is on duty for `process`."""
        route = self.processes.get(process)
        return route.owner if route and route.owner else self.owner

    def urls(self, process: str, urgency: Urgency) -> tuple[str, ...]:
        """The apprise URLs of `process` for `urgency`."""
        own: tuple[str, ...] = ()
        if process in self.processes:
            own = getattr(self.processes[process].apprise, urgency)
        shared: tuple[str, ...] = getattr(self.apprise, urgency)
        return own or shared

    def reports(self, process: str) -> tuple[str, ...]:
        """The apprise URLs that get the bottleneck report of `process`."""
        own = self.processes[process].apprise.report if process in self.processes else ()
        return own or self.apprise.report
