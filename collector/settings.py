"""Settings of the collector: where it listens, what it keeps, and how spans become events."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator

from collector.section import Section as Section


class ProcessSettings(Section):
    """A named way of working, led by one object type."""

    leading: str = Field(description="object type whose every object is one case")
    end_activities: tuple[str, ...] = Field(default=(), description="activities after which a case is closed")
    success_activities: tuple[str, ...] = Field(
        default=(), description="activities that mean a case succeeded; the end activity, where there is one only"
    )
    refund_activities: tuple[str, ...] = Field(
        default=(), description="activities, of this or another process, by which a case is paid back"
    )
    title: dict[str, str] = Field(default_factory=dict, description="what people call it, by language (en, zh-CN)")
    model: Path | None = Field(
        default=None, description="BPMN 2.0 file that says how it should run; relative to the configuration's folder"
    )


class Match(Section):
    """A test of a span; every given part must hold. Texts are globs (`*`, `?`) and are compared whole."""

    service: str | None = None
    scope: str | None = Field(default=None, description="name of the instrumentation scope")
    name: str | None = Field(default=None, description="of the span, log event or CloudEvent (its type)")
    kind: Literal["internal", "server", "client", "producer", "consumer", "log", "event"] | None = None
    body: str | None = Field(default=None, description="of a log record")
    attributes: dict[str, str] = Field(default_factory=dict, description="attribute -> glob; `*` means it is there")


class ObjectRule(Section):
    """An attribute whose value is the id of an object."""

    attribute: str
    type: str
    qualifier: str | None = None


class ActivityRule(Section):
    """A span that matches `when` is an event of `activity` in `process`. The first rule that matches counts."""

    activity: str
    process: str
    when: Match
    module: str | None = Field(default=None, description="name of the part of the system; default: see `module`")


class ActorRule(Section):
    """Who acted: the first rule whose attribute is on the span (or, for system, that matches) counts."""

    kind: Literal["user", "staff", "system", "device"]
    attribute: str
    when: Match = Match()


class MappingSettings(Section):
    """How spans become events. Attribute lists are tried in order on the span, its ancestors, then its resource."""

    objects: tuple[ObjectRule, ...] = ()
    activities: tuple[ActivityRule, ...] = ()
    actors: tuple[ActorRule, ...] = ()
    role: tuple[str, ...] = ("user.roles",)
    module: tuple[str, ...] = ("http.route", "rpc.method", "messaging.destination.name")
    device: tuple[str, ...] = ("device.id",)
    channel: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    shop: tuple[str, ...] = ()
    system: tuple[str, ...] = Field(default=(), description="attributes that name the system; default: service.name")
    start: tuple[str, ...] = Field(default=(), description="attributes that say when the step began; default: the span")
    end: tuple[str, ...] = Field(default=(), description="attributes that say when the step ended; default: the span")
    outcome: tuple[str, ...] = Field(
        default=(),
        description="attributes that say `ok` or `error` (also true/false, success/failure); default: status",
    )
    error_type: tuple[str, ...] = Field(default=(), description="further attributes that name the error")
    amount: tuple[str, ...] = Field(default=(), description="attributes that hold money in minor units")
    enabled: tuple[str, ...] = Field(default=(), description="attributes that say when the work was enabled")
    fields: tuple[str, ...] = Field(default=(), description="further attributes to keep with the event")


class RecordSettings(Section):
    """Where a delete record says who took a row away, when and why; `query` gives one row a record."""

    query: str
    key: tuple[str, ...] = Field(min_length=1, description="columns with the key of the row, in the order of its key")
    by: str | None = Field(default=None, description="column: who")
    at: str | None = Field(default=None, description="column: when")
    reason: str | None = Field(default=None, description="column: why")


class DeletionSettings(Section):
    """Rows that vanish are found by comparing all keys of a table."""

    every_seconds: float = Field(default=60.0, gt=0)
    recorded: RecordSettings | None = None
    record_wait_seconds: float = Field(
        default=60.0, ge=0, description="so long a vanished row waits for its record before it counts as unrecorded"
    )
    suspicious_share: float = Field(
        default=0.5, gt=0, le=1, description="if at least this share of a table vanishes at once, it is held back"
    )
    hold_seconds: float = Field(
        default=300.0, ge=0, description="until each comparison of this time, at least two, has found the same"
    )


class TableSettings(Section):
    """A table, or a query, whose rows become events as they appear, change and vanish."""

    name: str = Field(pattern=r"^[\w.-]+$", description="begins the type of its events: `orders` gives orders.created")
    table: str | None = Field(default=None, description="in the database, with its schema where needed; default: name")
    query: str | None = Field(default=None, description="read instead of the whole table; `:cursor` is where to go on")
    key: tuple[str, ...] = Field(min_length=1, description="columns that tell a row from all others (primary key)")
    cursor: str | None = Field(
        default=None,
        description="column that grows with every change (time, number, text); none: all is read each time",
    )
    start: datetime | date | int | str | None = Field(default=None, description="where the cursor begins")
    overlap_seconds: float = Field(
        default=60.0, ge=0, description="so far behind a cursor of times is read again: the longest transaction"
    )
    overlap_rows: int = Field(default=1000, ge=0, description="the same for a cursor of numbers")
    batch_rows: int = Field(default=5000, ge=1, le=100_000)
    event: str | None = Field(default=None, description="type of events of new and changed rows; default: by name")
    time: str | None = Field(default=None, description="column with the time of the event; default: the cursor")
    prefix: str | None = Field(default=None, description="before each column in the event: `order` makes id order.id")
    deletions: DeletionSettings | None = DeletionSettings()

    @model_validator(mode="after")
    def _can_begin(self) -> Self:
        if self.query is not None and re.search(r"(?<![:\w\\]):cursor\b", self.query):
            if self.cursor is None or self.start is None:
                raise ValueError("a query with :cursor needs `cursor` (the column) and `start` (its first value)")
        elif self.start is not None and self.cursor is None:
            raise ValueError("`start` needs `cursor` (the column)")
        return self


class DatabaseSettings(Section):
    """A database of an ERP, a CRM, finance that is pulled."""

    name: str = Field(pattern=r"^[\w.-]+$", description="its events come from the service `db:<name>`")
    url: str = Field(description="SQLAlchemy URL; ${VARIABLE} in a part of it is taken from the environment")
    every_seconds: float = Field(default=10.0, gt=0)
    timezone: str = Field(default="UTC", description="of times that come without one; default: the configuration's")
    slot: str | None = Field(default=None, description="PostgreSQL: logical replication slot with test_decoding")
    tables: tuple[TableSettings, ...] = Field(min_length=1)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone (write it as Asia/Shanghai)")
        return name

    @field_validator("tables")
    @classmethod
    def _one_each(cls, tables: tuple[TableSettings, ...]) -> tuple[TableSettings, ...]:
        names = [each.name for each in tables]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two tables are called {sorted(twice)[0]!r}")
        return tables


class FolderSettings(Section):
    """A folder in which an ERP leaves its exports."""

    path: str
    pattern: str = Field(default="*", description="which files, as a glob of the name")
    process: str = Field(description="the process their events belong to")
    case: str | None = Field(default=None, description="column of the case id, where the usual names do not fit")
    activity: str | None = Field(default=None, description="column of the activity")
    start: str | None = Field(default=None, description="column of the start time")
    end: str | None = Field(default=None, description="column of the end time")
    actor: str | None = Field(default=None, description="column of who did it")
    role: str | None = Field(default=None, description="column of the role")
    leading: str | None = Field(default=None, description="OCEL: object type of the cases")
    lifecycle: Literal["pair", "all"] = Field(default="pair", description="start and complete make one event, or two")
    timezone: str | None = Field(default=None, description="of times without a zone; default: the configuration's")
    growing: bool = Field(
        default=True,
        description="exports are written anew with more rows: known rows are left out, unfinished steps wait",
    )
    every_seconds: float = Field(default=5.0, gt=0)
    settle_seconds: float = Field(default=5.0, ge=0, description="so long a file must not have changed")


class WebhookSettings(Section):
    """How events of a source are signed: an HMAC of the request's body, as it was sent, in a header."""

    source: str = Field(description="glob of the events' source; the first rule that fits counts")
    secret: SecretStr = Field(min_length=1)
    header: str = Field(default="X-Signature-256", pattern=r"^[A-Za-z0-9-]+$")
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = Field(default="", description="before the signature, as in `sha256=...`")
    scheme: Literal["body", "stripe"] = Field(
        default="body", description="stripe: `t=TIME,v1=SIGNATURE` of `TIME.BODY`"
    )
    tolerance_seconds: float = Field(default=300.0, gt=0, description="stripe: so old a signature may be")


class MqttTlsSettings(Section):
    """Files (PEM) for a broker that is reached by TLS; without them the system's authorities are trusted."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


class MqttSettings(Section):
    """A broker that POS terminals, code senders, scanners publish to."""

    name: str = Field(pattern=r"^[\w.-]+$", description="its events come from the service `mqtt:<name>`")
    host: str
    port: int = Field(default=1883, ge=1, le=65535)
    protocol: Literal["5", "3.1.1"] = "5"
    username: str | None = None
    password: SecretStr | None = None
    tls: MqttTlsSettings | None = None
    topics: tuple[str, ...] = Field(min_length=1, description="filters, with + and # where needed")
    client_id: str | None = Field(default=None, description="the session's name at the broker; default: houtai-<name>")
    type: str = Field(
        default="{mqtt.topic}", description="of its events; {field} is taken from the message, {mqtt.level.1} the topic"
    )
    timezone: str = Field(default="UTC", description="of times that come without one; default: the configuration's")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone (write it as Asia/Shanghai)")
        return name


class CollectorSettings(Section):
    """Where the collector listens and how much it takes."""

    host: str = "127.0.0.1"
    port: int = Field(default=4318, ge=0, le=65535, description="OTLP/HTTP, /metrics, /healthz")
    grpc_port: int | None = Field(default=4317, ge=0, le=65535, description="OTLP/gRPC; null: none")
    metrics_port: int = Field(default=4319, ge=0, le=65535, description="the converter's /metrics")
    token: str | None = Field(default=None, description="bearer token that senders must show; needed off loopback")
    max_body_bytes: int = Field(default=20 * 1024 * 1024, ge=1024, description="after decompression")
    wal_segment_bytes: int = Field(default=64 * 1024 * 1024, ge=4096)
    correct_clocks: bool = Field(
        default=False, description="set right the times of services whose clocks are ahead or behind"
    )
    batch_seconds: float = Field(
        default=1.0, gt=0, description="how long the converter waits for more before it writes a segment"
    )
    databases: tuple[DatabaseSettings, ...] = Field(default=(), description="databases that are pulled")
    folders: tuple[FolderSettings, ...] = Field(default=(), description="folders whose files are imported")

    webhooks: tuple[WebhookSettings, ...] = Field(default=(), description="how sources of CloudEvents sign")
    mqtt: tuple[MqttSettings, ...] = Field(default=(), description="brokers whose messages are taken in")

    @field_validator("mqtt")
    @classmethod
    def _one_broker_each(cls, brokers: tuple[MqttSettings, ...]) -> tuple[MqttSettings, ...]:
        names = [each.name for each in brokers]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two brokers are called {sorted(twice)[0]!r}")
        return brokers

    @field_validator("databases")
    @classmethod
    def _one_database_each(cls, databases: tuple[DatabaseSettings, ...]) -> tuple[DatabaseSettings, ...]:
        names = [each.name for each in databases]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two databases are called {sorted(twice)[0]!r}")
        return databases
