"""What goes wrong: with people, with taps, and with the devices that should tell us.

Each mishap is a value with a beginning and, once it is over, an end. What it does to the register
is said in `register`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from meterwatch.domain.household import DeviceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """Something that goes wrong from `since` on, until `until` where the end is known."""

    since: datetime
    until: datetime | None = None

    def lasts_at(self, at: datetime) -> bool:
        """Tell whether it is going on at this moment."""
        return self.since <= at and (self.until is None or at < self.until)

    @property
    def span(self) -> tuple[float, float]:
        """Give its beginning and end in epoch seconds; an open end is infinite."""
        return self.since.timestamp(), np.inf if self.until is None else self.until.timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCut(Mishap):
    """A gateway is cut off: nothing that speaks through it is heard."""

    hub: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeMishap(Mishap):
    """Something goes wrong in one home, known by its number."""

    home: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall(HomeMishap):
    """Somebody lies on the floor: human use stops until help comes. Taps that run go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away(HomeMishap):
    """The home is empty, for a holiday or a hospital; `declared` tells whether we were told."""

    declared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ill(HomeMishap):
    """Somebody lies in bed: of the usual use about `share` goes on, less often and less at once."""

    share: float = 0.25

    @property
    def up(self) -> float:
        """Give the share of half hours in which this person gets up as usual."""
        return min(1.0, 3.0 * self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors(HomeMishap):
    """Guests: `share` of the usual use comes on top, at other times than usual."""

    share: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard(HomeMishap):
    """The meter's radio does not get through; its register counts on, and nothing comes later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTap(HomeMishap):
    """A tap was left running."""

    litres_per_hour: float = 360.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowLeak(HomeMishap):
    """A cistern or a joint leaks, day and night."""

    litres_per_hour: float = 4.0


class PressStyle(StrEnum):
    """How a press reaches us."""

    LIVE = "live"
    DOUBLE = "double"  # one press, published twice
    CACHED = "cached"  # retained by the broker: it may be an old one


@dataclass(frozen=True, slots=True, kw_only=True)
class Press(HomeMishap):
    """Somebody presses the bell at `since`."""

    style: PressStyle = PressStyle.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatBattery(HomeMishap):
    """A battery runs down: the device says so for a day, and then says nothing."""

    device: DeviceKind = DeviceKind.METER

    def silent_at(self, at: datetime) -> bool:
        """Tell whether the device has fallen silent by now."""
        return self.lasts_at(at) and at >= self.since + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSwap(HomeMishap):
    """The meter is exchanged at `since`; the new one begins at `new_start_litres`."""

    new_start_litres: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFault(HomeMishap):
    """The clock of the meter is wrong by `lead` (negative: it lags)."""

    lead: timedelta = timedelta(days=-365 * 50)


def flow(mishaps: Iterable[Mishap], at: datetime) -> float:
    """Give what runs without anybody at the tap at this moment, in litres per hour."""
    running = (m for m in mishaps if isinstance(m, OpenTap | SlowLeak) and m.lasts_at(at))
    return sum(m.litres_per_hour for m in running)
