"""The shop's calendar: local days, opening hours, weekends, one holiday, one promotion day."""

from dataclasses import dataclass
from typing import Final

from collector.demo.kernel import DAY, HOUR

ZONE_OFFSET: Final = 8 * HOUR
"""Asia/Shanghai is UTC+8 all year."""

ONLINE_HOURS: Final = (3, 2, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6, 5, 5, 5, 5, 5, 6, 7, 9, 10, 9, 6)
"""Weight of each local hour for what customers do on their screens."""
SHOP_HOURS: Final = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 8, 7, 6, 6, 7, 8, 10, 10, 8, 5, 0, 0)


@dataclass(frozen=True)
class Days:
    """Day numbers are local days since the epoch."""

    holiday: int
    promotion: int

    def volume(self, day: int) -> float:
        """How many orders a day brings, as a multiple of a plain weekday."""
        if day == self.promotion:
            return 1.7
        if day == self.holiday:
            return 0.75
        return 1.12 if is_weekend(day) else 1.0

    def all_hands(self, day: int) -> bool:
        """Whether everybody works: on the promotion day and the day after."""
        return day in (self.promotion, self.promotion + 1)


def day_of(time: int) -> int:
    """The local day of a time in microseconds UTC."""
    return (time + ZONE_OFFSET) // DAY


def midnight(day: int) -> int:
    """When a local day begins, in microseconds UTC."""
    return day * DAY - ZONE_OFFSET


def hour_of(time: int) -> int:
    """The local hour, 0..23."""
    return (time + ZONE_OFFSET) % DAY // HOUR


def is_weekend(day: int) -> bool:
    """Saturday or Sunday; the epoch was a Thursday."""
    return (day + 3) % 7 >= 5
