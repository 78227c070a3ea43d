"""First uses: good news for those who asked for it, one message a day, and never at night.

A day on which no water is seen sends nothing: that is the alert's business, and a missing good
morning must never be the only sign.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

HOURS = 24


@dataclass(frozen=True, slots=True)
class Hours:
    """One day of the people: when it begins, and between which moments they may be written to."""

    day: date
    begins: datetime
    opens: datetime
    closes: datetime

    def are_open(self, now: datetime) -> bool:
        """Tell whether it is neither night nor early morning."""
        return self.opens <= now < self.closes


@dataclass(frozen=True, slots=True)
class DailyRule:
    """When a day begins, and when a message that can wait may go out (local hours).

    Use before `day_begins` belongs to the night before: somebody was up in it, not up. With
    `not_before` at the usual hour of rising messages go out at the first use; later, all of them
    go out at that hour.
    """

    day_begins: float = 4.0
    not_before: float = 7.0
    not_after: float = 21.0

    def __post_init__(self) -> None:
        """Refuse hours that are out of order."""
        if not 0.0 <= self.day_begins <= self.not_before < self.not_after <= HOURS:
            raise ValueError("day_begins, not_before, not_after: must be in ascending order")

    def hours(self, now: datetime, zone: tzinfo) -> Hours:
        """Give the hours of the local day that runs now."""
        day = now.astimezone(zone).date()
        begins, opens, closes = (
            _at(day, hour, zone) for hour in (self.day_begins, self.not_before, self.not_after)
        )
        return Hours(day, begins, opens, closes)


def _at(day: date, hour: float, zone: tzinfo) -> datetime:
    """Give the moment of a local hour; 24 is the midnight that ends the day."""
    whole = timedelta(hours=hour)
    wall = datetime.combine(day + timedelta(days=whole.days), time(), zone)
    return wall + timedelta(seconds=whole.seconds)
