"""All settings as one: `houtai.yaml`, overridden by environment variables (`HOUTAI_COLLECTOR__PORT=4418`).

Only this module sees the whole; it passes sections down.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from alerts.settings import AlertSettings
from api.api_settings import ApiSettings
from api.configuration import Place, explain, read
from collector.settings import CollectorSettings, MappingSettings, ProcessSettings
from collector.store.settings import RetentionSettings
from collector.vocabulary.errors import PermanentError
from mining.config import ProcessConfig
from mining.rules.settings import RuleSettings
from mining.settings import BusinessDays, DeadlineSettings, MiningSettings, PriceSettings, WorkingHours


class Settings(BaseSettings):
    """The whole configuration, frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="HOUTAI_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    timezone: str = Field(default="UTC", description="zone of times without one, and of what people see")
    currency: str | None = Field(default=None, description="ISO 4217 code of all amounts", pattern="^[A-Z]{3}$")
    processes: dict[str, ProcessSettings] = Field(default_factory=dict)
    mapping: MappingSettings = MappingSettings()
    calendars: dict[str, tuple[WorkingHours, ...]] = Field(
        default_factory=dict, description="when actors and roles are on duty, by name; learned where nothing is said"
    )
    business_days: BusinessDays = BusinessDays()
    deadlines: tuple[DeadlineSettings, ...] = ()
    prices: PriceSettings = PriceSettings()
    rules: tuple[RuleSettings, ...] = Field(default=(), description="what must, or must not, happen (docs/rules.md)")
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    collector: CollectorSettings = CollectorSettings()
    mining: MiningSettings = MiningSettings()
    api: ApiSettings = ApiSettings()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone (write it as Asia/Shanghai)")
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return env_settings, init_settings

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people live."""
        return ZoneInfo(self.timezone)

    def judged_config(self, process: str, leading: str = "case") -> ProcessConfig:
        """`process_config` with the model that the configuration names; PermanentError where that can't be used."""
        config, known = self.process_config(process, leading), self.processes.get(process)
        if known is None or known.model is None:
            return config
        # With it come numba's kernels, which what reads settings alone must not wait for.
        from mining.reference.reference import load as load_model

        return replace(config, reference=load_model(known.model))

    def process_config(self, process: str, leading: str = "case") -> ProcessConfig:
        """What the miner must know of `process`; a process the file does not name has `leading` and no end."""
        known = self.processes.get(process)
        return ProcessConfig(
            process=process,
            leading=known.leading if known else leading,
            end_activities=known.end_activities if known else (),
            success_activities=known.success_activities if known else (),
            refund_activities=known.refund_activities if known else (),
            currency=self.currency,
            zone=self.zone,
            deadlines=tuple(d for d in self.deadlines if d.process == process),
            rules=tuple(rule for rule in self.rules if rule.process == process),
            prices=self.prices,
            calendars=self.calendars,
            business_days=self.business_days,
            settings=self.mining,
        )


def load(path: Path | None) -> Settings:
    """Settings from the file (none: defaults) and the environment; PermanentError names line and key."""
    data: dict[str, Any] = {}
    lines: dict[Place, int] = {}
    if path is not None:
        data, lines = read(path)
    try:
        settings = Settings(**data)
    except ValidationError as error:
        raise PermanentError(explain(path, lines, Settings, error)) from error
    for index, deadline in enumerate(settings.deadlines):
        _known_process(path, lines, ("deadlines", index, "process"), deadline.process, settings)
    for index, activity in enumerate(settings.mapping.activities):
        _known_process(path, lines, ("mapping", "activities", index, "process"), activity.process, settings)
    for index, rule in enumerate(settings.rules):
        _known_process(path, lines, ("rules", index, "process"), rule.process, settings)
        if any(other.id == rule.id for other in settings.rules[:index]):
            where = _where(path, lines, ("rules", index, "id"))
            raise PermanentError(f"{where}: rules.{index}.id: {rule.id!r} is the id of another rule")
    return settings


def _known_process(path: Path | None, lines: dict[Place, int], place: Place, name: str, settings: Settings) -> None:
    if name not in settings.processes:
        where = _where(path, lines, place)
        known = ", ".join(sorted(settings.processes)) or "none"
        raise PermanentError(f"{where}: process {name!r} is not under `processes` (known: {known})")


def _where(path: Path | None, lines: dict[Place, int], place: Place) -> str:
    return f"{path}, line {lines[place]}" if path is not None and place in lines else str(path or "the environment")
