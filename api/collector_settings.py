"""The part of the settings that the collector's processes need, without loading anything of mining or alerts."""

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from api.configuration import SECTIONS, Place, explain, read
from collector.settings import CollectorSettings, MappingSettings, ProcessSettings
from collector.store.settings import RetentionSettings
from collector.vocabulary.errors import PermanentError


class CollectorPart(BaseSettings):
    """Sections `collector`, `mapping`, `processes` and `retention` of the configuration, frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_prefix="HOUTAI_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    collector: CollectorSettings = CollectorSettings()
    mapping: MappingSettings = MappingSettings()
    processes: dict[str, ProcessSettings] = Field(default_factory=dict)
    retention: RetentionSettings = RetentionSettings()

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


def load_collector(path: Path | None) -> CollectorPart:
    """The collector's sections of the file (none: defaults) and the environment; PermanentError names line and key."""
    data: dict[str, Any] = {}
    lines: dict[Place, int] = {}
    if path is not None:
        data, lines = read(path)
    for key in data:
        if key not in SECTIONS:
            raise PermanentError(
                f"{path}, line {lines[(key,)]}: unknown key {key!r}; known here: {', '.join(SECTIONS)}"
            )
    try:
        return CollectorPart(**data)
    except ValidationError as error:
        raise PermanentError(explain(path, lines, CollectorPart, error)) from error
