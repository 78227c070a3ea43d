"""Limits: how long a silence may last before somebody should look.

The best limit lies just past the time at which this home usually comes back. For each class of
day and hour of beginning it is the one with the least expected delay, where each false alarm has
a price; the price is set so that all limits of a home together cost the false alarms a year that
it was given.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.hazards import Smoothing, reached, smoothed
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.silences import LONGEST, Silences
from meterwatch.domain.usage import CLASSES, HOURS, Floats

SHORTEST = 4  # hours
_YEAR = 365.25
_CHUNK = 16  # homes at a time: what they need stays in the cache
_IN_USE_HOURS = 12  # a collapse is counted where use would have followed within so many hours
_PRICES = np.geomspace(100.0, 400_000.0, 24)
_LIMITS = np.arange(SHORTEST, LONGEST)
_LEVEL_BANDS = ((0, 12, 20.0), (12, 16, 2.0), (16, LONGEST, 2.0))  # hours, pseudo-endings
_OWN_SHORT, _OWN_LONG, _LONG_FROM = 0.1, 1.0, 16  # pseudo-silences of homes in general
_PRIOR_DAYS = 10.0  # how many days the general number of beginnings counts
_LEAST_HAZARD = 1e-4


def learn_limits(
    silences: Silences, prior: Prior, alarms_per_year: Floats
) -> tuple[Floats, Floats]:
    """Choose the limits of each home for the false alarms that it may cost.

    Parameters
    ----------
    silences : Silences of N homes
    prior : Prior
    alarms_per_year : (N,) float64, alarms a household-year
        In silences of less than 48 hours.

    Returns
    -------
    limits_hours : (N, 4, 24) float64, hours
    expected : (N,) float64, alarms a household-year
        What these limits are expected to cost.
    """
    count = len(silences.homes)
    limits = np.zeros((count, CLASSES, HOURS))
    expected = np.zeros(count)
    for start in range(0, count, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, count))
        part = silences.take(tuple(silences.homes[row] for row in rows), rows)
        costs = _Costs.of(survival(part, prior), _begun(part, prior))
        limits[rows], expected[rows] = costs.within(alarms_per_year[rows])
    return limits, expected


def survival(silences: Silences, prior: Prior) -> Floats:
    """Give how likely a silence is to last at least 0, 1, ... 48 hours, by when it began.

    Returns
    -------
    (N, 4, 24, 49) float64
    """
    own = Smoothing()
    ended, alive = reached(smoothed(silences.ended, own), smoothed(silences.broken, own))
    level = _levels(silences, prior)[:, np.newaxis, np.newaxis, :]
    kappa = np.where(np.arange(LONGEST) < _LONG_FROM, _OWN_SHORT, _OWN_LONG)
    hazard = (ended + kappa * level * prior.hazard) / (alive + kappa)
    lasts = np.ones((*hazard.shape[:-1], LONGEST + 1))
    going_on = 1.0 - np.clip(hazard, _LEAST_HAZARD, 1.0 - _LEAST_HAZARD)
    lasts[..., 1:] = np.cumprod(going_on, axis=-1)
    return lasts


def _levels(silences: Silences, prior: Prior) -> Floats:
    """Give (N, 48) how much likelier silences of a home end than those of homes in general."""
    ended, alive = reached(silences.ended.astype(np.float64), silences.broken.astype(np.float64))
    due = alive * prior.hazard
    levels = np.ones((len(silences.homes), LONGEST))
    for start, stop, pseudo in _LEVEL_BANDS:
        ends = _total(ended[..., start:stop])
        levels[:, start:stop] = ((ends + pseudo) / (_total(due[..., start:stop]) + pseudo))[:, None]
    return levels


def _total(array: Floats) -> Floats:
    """Add up what each home has, in the same order whichever homes are beside it."""
    flat = np.ascontiguousarray(array).reshape(len(array), -1)
    total: Floats = np.cumsum(flat, axis=1)[:, -1]
    return total


def _begun(silences: Silences, prior: Prior) -> Floats:
    """Give (N, 4, 24) how many silences begin in each cell on an average day."""
    begun = np.cumsum(silences.ended + silences.broken, axis=-1, dtype=np.float64)[..., -1]
    days = silences.days.astype(np.float64).reshape(-1, 1, 1)
    return (begun + _PRIOR_DAYS * prior.begun_a_day) / (days + _PRIOR_DAYS)


def delay_costs() -> Floats:
    """Give (12, 44) the cost of finding a collapse u hours into a silence at each limit.

    It falls half an hour into the hour. Each hour of delay costs one, and each past 22 hours
    four: a day on the floor is what must not happen.
    """
    delay = _LIMITS - np.arange(_IN_USE_HOURS)[:, np.newaxis] - 0.5
    delay = np.maximum(delay, 0.5)
    costs: Floats = delay + 3.0 * np.maximum(delay - 22.0, 0.0)
    return costs


@dataclass(frozen=True, slots=True, eq=False)
class _Costs:
    """What each limit costs each home.

    `delay` (N, 4, 24, 44) its expected cost of delay, `alarm` (N, 4, 24, 44) how likely a silence
    is to reach it and end within two days, `begun` (N, 4, 24) how many begin a day.
    """

    delay: Floats
    alarm: Floats
    begun: Floats

    @classmethod
    def of(cls, lasts: Floats, begun: Floats) -> "_Costs":
        delay = np.zeros((*lasts.shape[:3], len(_LIMITS)))
        for hour, cost in enumerate(delay_costs()):
            ends_soon = lasts[..., hour] - lasts[..., hour + _IN_USE_HOURS]
            delay += ends_soon[..., np.newaxis] * cost
        return cls(delay, lasts[..., SHORTEST:LONGEST] - lasts[..., LONGEST:], begun)

    def within(self, alarms_per_year: Floats) -> tuple[Floats, Floats]:
        """Give the limits at the lowest price that keeps to the budget, and what they cost."""
        low = np.zeros(len(alarms_per_year), np.int64)
        high = np.full(len(alarms_per_year), len(_PRICES) - 1)
        while (low < high).any():
            middle = (low + high) // 2
            fits = self.yearly(self.best(_PRICES[middle])) <= alarms_per_year
            low = np.where(fits, low, np.minimum(middle + 1, high))
            high = np.where(fits, middle, high)
        chosen = self.best(_PRICES[low])
        return _LIMITS[chosen].astype(np.float64), self.yearly(chosen)

    def best(self, price: Floats) -> NDArray[np.int64]:
        """(N, 4, 24) the index of the limit that costs least at each home's price."""
        cost = self.delay + price[:, np.newaxis, np.newaxis, np.newaxis] * self.alarm
        cheapest: NDArray[np.int64] = cost.argmin(axis=-1)
        return cheapest

    def yearly(self, chosen: NDArray[np.int64]) -> Floats:
        """(N,) the alarms a year that these limits cost."""
        alarm = np.take_along_axis(self.alarm, chosen[..., np.newaxis], axis=-1)[..., 0]
        return _YEAR * _total(self.begun * alarm)
