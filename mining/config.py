"""What the miner must know of one process beside its events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mining.rules.settings import RuleSettings
from mining.settings import BusinessDays, DeadlineSettings, MiningSettings, PriceSettings, WorkingHours

if TYPE_CHECKING:
    from mining.reference.conformance import Judge
    from mining.reference.marks import Marks


@dataclass(frozen=True)
class ProcessConfig:
    """One process as configured; `api/settings.py` makes these from `houtai.yaml`."""

    process: str
    leading: str
    """Object type whose every object is one case."""
    end_activities: tuple[str, ...] = ()
    currency: str | None = None
    zone: ZoneInfo = ZoneInfo("UTC")
    deadlines: tuple[DeadlineSettings, ...] = ()
    """Those of this process."""
    rules: tuple[RuleSettings, ...] = ()
    """Those of this process."""
    prices: PriceSettings = PriceSettings()
    calendars: Mapping[str, Sequence[WorkingHours]] = field(default_factory=dict)
    """By name of an actor or role."""
    business_days: BusinessDays = BusinessDays()
    settings: MiningSettings = MiningSettings()
    reference: "Judge | None" = None
    """The model that the process should follow, where there is one."""
    success_activities: tuple[str, ...] = ()
    """By one of these a case succeeded."""
    refund_activities: tuple[str, ...] = ()
    """By one of these, in whichever process, a case is paid back."""
    marks: "Callable[[], Marks]" = dict
    """What people say of its branches, asked anew for each look."""
