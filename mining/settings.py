"""Settings of the miner: deadlines, prices, thresholds."""

from datetime import date
from typing import Literal

from pydantic import Field

from collector.settings import Section


class DeadlineSettings(Section):
    """When a case, or one step of it, should be done."""

    process: str
    step: str | None = Field(default=None, description="activity that must have ended; none: the whole case")
    within_hours: float = Field(gt=0, description="hours from the case's first event")


class PriceSettings(Section):
    """What time and cases cost, in minor units of the currency."""

    hour: int | None = Field(default=None, ge=0, description="an hour of staff time")
    waiting_hour: int | None = Field(default=None, ge=0, description="an hour that a case waits")


class BusinessDays(Section):
    """Days that are not like others."""

    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = Field(default=(), description="make-up workdays at weekends")
    promotions: tuple[date, ...] = ()


class WorkingHours(Section):
    """One row of a weekly calendar (the form Prosimos uses)."""

    from_day: Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] = Field(
        alias="from"
    )
    to_day: Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] = Field(alias="to")
    begin: str = Field(alias="beginTime", pattern=r"^([01]\d|2[0-4]):[0-5]\d(:[0-5]\d)?$")
    end: str = Field(alias="endTime", pattern=r"^([01]\d|2[0-4]):[0-5]\d(:[0-5]\d)?$")


class MiningSettings(Section):
    """How the miner works and when a fact becomes a warning."""

    interval_seconds: float = Field(default=2.0, gt=0, description="how often the miner looks for new events")
    window_days: float = Field(default=90.0, gt=0, description="how far back cases are reported; twice as much is held")
    memory_mb: int | None = Field(
        default=None,
        gt=0,
        description="memory for events; what does not fit is refused and said; none: 60 % of what there is",
    )
    warning_share: float = Field(
        default=0.01, gt=0, le=1, description="share of cases from which a finding is a warning"
    )
    warning_hours_per_week: float = Field(default=5.0, gt=0)
    warning_confidence: float = Field(default=0.8, gt=0, le=1)
