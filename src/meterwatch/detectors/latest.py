"""When water was last drawn, told from as little of the window as tells it for certain.

Most homes shut their taps every few hours and open them again soon: their last day says all, and
there is no base flow to take off. Only the others are looked at more closely, few of them as far
back as the window goes. The answers are those of the whole window, to the last bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import (
    BASE_WINDOW_SECONDS,
    LITRES_TOLERANCE,
    RATE_LEAST_HOURS,
    base_flow,
    last_true,
    least_use,
    present,
    used,
)
from meterwatch.domain.usage import Bools, Floats, UsageWindow

_AT_FIRST = 30  # intervals: a day of hourly readings, and some
_THEN = 60
_BASE_REACHES_BACK = BASE_WINDOW_SECONDS + 5_400.0  # a day, and what its first rate is made of

Rows = NDArray[np.int64]


def last_drawn(usage: UsageWindow, use_litres: float) -> tuple[Floats, Floats]:
    """Tell when water was last proven drawn, and which flow stands now.

    That is the end of the last interval with a use, or of the last one in which the register
    moved while use in it cannot be placed.

    Parameters
    ----------
    usage : UsageWindow
    use_litres : float, litres
        Water in one interval, above the base flow, from which it counts as use.

    Returns
    -------
    at : (N,) float64, epoch seconds; NaN where the window shows none.
    base : (N,) float64, litres per hour; the base flow at the newest interval.
    """
    width = usage.litres.shape[1]
    at, base = np.full(len(usage.homes), np.nan), np.zeros(len(usage.homes))
    rows, least = np.arange(len(at)), least_use(usage, use_litres) - LITRES_TOLERANCE
    for some in (_AT_FIRST, width):
        at[rows], told = _plainly(_Look.at(usage, some, rows), least[rows], whole=some >= width)
        rows = rows[~told]
    for some in (_THEN, width):
        if len(rows):
            part = usage.part(rows, newest=some)
            at[rows], base[rows], told = _closely(part, use_litres, whole=some >= width)
            rows = rows[~told]
    return at, base


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """The newest intervals of some rows, (n, width): views where they are all, no copies."""

    ends_at: Floats
    hours: Floats
    litres: Floats

    @classmethod
    def at(cls, usage: UsageWindow, width: int, rows: Rows) -> "_Look":
        arrays = (usage.ends_at, usage.hours, usage.litres)
        if len(rows) == len(usage.homes):
            return cls(*(array[:, -width:] for array in arrays))
        return cls(*(array[rows, -width:] for array in arrays))


def _plainly(look: _Look, least: Floats, *, whole: bool) -> tuple[Floats, Bools]:
    """Answer for the homes that shut their taps within a day before they last drew, and today.

    No flow stands there, so what is drawn is a use if it is large enough.
    """
    ends, rows = look.ends_at, np.arange(len(look.ends_at))
    there = np.isfinite(ends) & np.isfinite(look.hours)
    with np.errstate(invalid="ignore"):
        stops = there & (look.litres <= 0.0) & (look.hours >= RATE_LEAST_HOURS)
        column = last_true(there & ~(look.litres < least))  # a use, or litres that are unknown
        stop = last_true(stops)
        before = last_true(stops & (np.arange(ends.shape[1]) <= column[:, np.newaxis]))
        at = np.where(column >= 0, ends[rows, column], np.nan)
        shut = (before >= 0) & (at - ends[rows, before] < BASE_WINDOW_SECONDS)
        shut_today = (stop >= 0) & (ends[:, -1] - ends[rows, stop] < BASE_WINDOW_SECONDS)
    return at, shut_today & (shut | (whole & (column < 0)))


def _closely(usage: UsageWindow, use_litres: float, *, whole: bool) -> tuple[Floats, Floats, Bools]:
    """Answer by the base flow, and tell for whom these intervals are enough."""
    ends = usage.ends_at
    base = base_flow(usage, None if whole else ends.shape[1] // 2)
    seen = usage if whole else usage.part(newest=base.shape[1])
    drawn = used(seen, base, use_litres) | (present(seen) & np.isnan(seen.litres))
    column = last_true(drawn)
    at = np.where(column >= 0, seen.ends_at[np.arange(len(ends)), column], np.nan)
    with np.errstate(invalid="ignore"):
        enough = at - ends[:, 0] >= _BASE_REACHES_BACK
    return at, base[:, -1], enough | whole
