"""What goes wrong: with people, with taps, and with the devices that should tell us.

Each mishap is a value with a beginning and, once it is over, an end. The functions say what a
mishap does to the register; they are pure, and count in whole millilitres so that no rounding can
make a register step back.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from meterwatch.domain.household import DeviceKind
from meterwatch.simulators.habits import Floats, Ints

SECONDS_PER_HOUR = 3_600.0
Register = Callable[[Floats], Ints]


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


def register_with(natural: Register, mishaps: Iterable[Mishap], at: Floats) -> Ints:
    """Give what one home's meter shows at each moment, in millilitres.

    Parameters
    ----------
    natural : Register
        The register as if nothing ever went wrong.
    mishaps : iterable of Mishap
        Those of this home.
    at : (K,) float64, epoch seconds
    """
    going_wrong = tuple(mishaps)

    def physical(moments: Floats) -> Ints:
        return (
            natural(moments) - _missed(natural, going_wrong, moments) + _run(going_wrong, moments)
        )

    shown = physical(at)
    swaps = [m for m in going_wrong if isinstance(m, MeterSwap)]
    for swap in sorted(swaps, key=lambda swap: swap.since):
        started = np.array([swap.since.timestamp()])
        fresh = physical(at) - physical(started) + round(swap.new_start_litres * 1_000)
        shown = np.where(at >= started, fresh, shown)
    return shown


def still_spans(mishaps: Iterable[Mishap]) -> tuple[tuple[float, float], ...]:
    """Join the times in which nobody uses a tap into spans that do not overlap (epoch seconds)."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(m.span for m in mishaps if isinstance(m, Fall | Away)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def flow(mishaps: Iterable[Mishap], at: datetime) -> float:
    """Give what runs without anybody at the tap at this moment, in litres per hour."""
    running = (m for m in mishaps if isinstance(m, OpenTap | SlowLeak) and m.lasts_at(at))
    return sum(m.litres_per_hour for m in running)


def _missed(natural: Register, mishaps: Sequence[Mishap], at: Floats) -> Ints:
    """Sum what would have been used in the spans without use, by each moment."""
    missed = np.zeros(len(at), dtype=np.int64)
    for start, end in still_spans(mishaps):
        within = at > start
        if within.any():
            begun = natural(np.array([start]))
            missed[within] += natural(np.minimum(at[within], end)) - begun
    return missed


def _run(mishaps: Sequence[Mishap], at: Floats) -> Ints:
    """Sum what ran from open taps and leaks by each moment."""
    run = np.zeros(len(at), dtype=np.int64)
    for tap in mishaps:
        if isinstance(tap, OpenTap | SlowLeak):
            start, end = tap.span
            hours = np.clip(at - start, 0.0, end - start) / SECONDS_PER_HOUR
            run += np.floor(hours * (tap.litres_per_hour * 1_000.0)).astype(np.int64)
    return run
