"""The base of every part of `houtai.yaml`."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen part of `houtai.yaml` that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
