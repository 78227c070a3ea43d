"""Sums over the last days, interval by interval for all homes at once.

The newest days are turned on their side, so that one interval of many homes lies together: the
sums go from the oldest interval to the newest, whatever other homes there are, and what they are
made of stays in the processor's nearest memory.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import known, present, rates
from meterwatch.domain.usage import Bools, Floats, UsageWindow

SECONDS = 3_600.0

_T = TypeVar("_T", np.float64, np.bool_)


def columns_since(usage: UsageWindow, moments: Floats) -> int:
    """Give how many of the newest intervals reach back to these moments, and one more."""
    with np.errstate(invalid="ignore"):
        later = np.flatnonzero((usage.ends_at > moments[:, np.newaxis]).any(axis=0))
    width = usage.litres.shape[1]
    return min(width - int(later[0]) + 1, width) if len(later) else 1


@dataclass(frozen=True, slots=True, eq=False)
class _Rates:
    """A flow and the hours of its interval, (K, N); both zero where it is unknown."""

    flow: Floats
    hours: Floats

    @classmethod
    def of(cls, flow: Floats, hours: Floats, seen: Bools) -> "_Rates":
        return cls(_turned(np.where(seen, flow, 0.0)), _turned(np.where(seen, hours, 0.0)))


def sums_since(
    usage: UsageWindow, part: UsageWindow, base: Floats, begins: Floats, rate_hours: float
) -> tuple[Floats, Floats]:
    """Add up the litres and the activity since a moment, and the hours known of each.

    Litres and activity are what is drawn above the base flow; activity is the square root of the
    flow, measured over at least `rate_hours`.

    Parameters
    ----------
    usage : UsageWindow
    part : UsageWindow
        Its newest intervals: all that reach back to `begins`.
    base : (N, C) float64, litres per hour
        The base flow of these.
    begins : (N,) float64, epoch seconds
    rate_hours : float

    Returns
    -------
    totals, known_hours : (N, 2) float64
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        there = known(part) & (part.hours > 0.0)
        litres = _Rates.of(part.litres / part.hours, part.hours, there)
    activity = litres
    if (part.hours < rate_hours).any():
        smoothed = rates(usage, rate_hours)[0][:, -base.shape[1] :]
        activity = _Rates.of(smoothed, part.hours, np.isfinite(smoothed))
    return _added(litres, activity, _turned(base), _turned(part.ends_at), begins)


def _added(
    litres: _Rates, activity: _Rates, base: Floats, ends: Floats, begins: Floats
) -> tuple[Floats, Floats]:
    totals, known_hours = np.zeros((2, len(begins))), np.zeros((2, len(begins)))
    for column in range(len(ends)):
        after = np.fmax((ends[column] - begins) / SECONDS, 0.0)  # 0 where there is no interval
        if not after.any():
            continue
        inside = np.minimum(after, litres.hours[column])
        above = np.maximum(litres.flow[column] - base[column], 0.0)
        totals[0] += above * inside
        known_hours[0] += inside
        if activity is not litres:
            inside = np.minimum(after, activity.hours[column])
            above = np.maximum(activity.flow[column] - base[column], 0.0)
        totals[1] += np.sqrt(above) * inside
        known_hours[1] += inside
    return totals.T, known_hours.T


def silent_for(hours: float, usage: UsageWindow, in_use: Bools, begins: Floats) -> Bools:
    """Tell in which homes a silence of so many hours lasted until after a moment.

    Parameters
    ----------
    hours : float
    usage : UsageWindow
        The intervals since `hours` before `begins`, or more.
    in_use : (N, K) bool
    begins : (N,) float64, epoch seconds
    """
    there, rows = present(usage), np.arange(len(usage.homes))
    first = there.argmax(axis=1)
    starts = usage.ends_at[rows, first] - usage.hours[rows, first] * SECONDS
    began = np.fmax(starts, usage.counts_from)
    breaks = in_use | (there & np.isnan(usage.litres))
    with np.errstate(invalid="ignore"):
        breaks &= usage.ends_at >= usage.counts_from[:, np.newaxis]
    ends, broken = _turned(usage.ends_at), _turned(breaks)
    silent = np.zeros(len(began), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for column in range(len(ends)):
            np.copyto(began, ends[column], where=broken[column])
            silent |= (ends[column] > begins) & ((ends[column] - began) / SECONDS >= hours)
    return silent


def _turned(array: NDArray[_T]) -> NDArray[_T]:
    return np.ascontiguousarray(array.T)
