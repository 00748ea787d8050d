"""Settings of what is kept, and for how long."""

from pathlib import Path

from pydantic import Field

from collector.section import Section


class RetentionSettings(Section):
    """How long the data folder keeps what. Nothing set: for ever. What is forgotten is logged, counted and recorded."""

    raw_hours: float = Field(
        default=72.0, ge=0, description="requests as they came, encrypted, for `houtai remap`; 0 keeps none"
    )
    raw_key_file: Path | None = Field(
        default=None, description="their key, outside the data folder; default: DATA.key beside it"
    )
    spans_days: float | None = Field(default=None, gt=0, description="spans, by when they ended")
    events_days: float | None = Field(default=None, gt=0, description="events, by when they ended")
    max_bytes: int | None = Field(
        default=None,
        ge=1 << 20,
        description="of all that is kept; over it the oldest raw requests go, then spans, events",
    )
