"""Limits: how long a silence may last before somebody should look.

The best limit lies just past the time at which this home usually comes back. For each class of
day and hour of beginning it is the one with the least expected cost: help that comes late costs,
and so does each false alarm, by a price that follows from the budget. The price is one for all
homes of a budget, so alarms are spent where they buy the most time; a home that would cost more
than twice its budget pays a higher one.

How these figures were found, and what did not help: docs/reference/limits.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.hazards import Smoothing, reached, smoothed
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.silences import Silences
from meterwatch.detectors.stops import LONGEST
from meterwatch.domain.usage import CLASSES, HOURS, Floats

SHORTEST = 5  # hours
EARLY_HOURS = 0.4  # readings come hourly: what counts as k whole hours lasted k - 0.5 or longer
IN_USE_HOURS = 12  # a collapse is counted where use would have followed within so many hours

_YEAR = 365.25
_CHUNK = 16  # homes at a time: what they need stays in the cache
_LIMITS = np.arange(SHORTEST, LONGEST)
_LEVEL_BANDS = ((0, 12, 20.0), (12, 16, 2.0), (16, LONGEST, 2.0))  # hours, pseudo-endings
_PSEUDO_SHORT, _PSEUDO_LONG, _LONG_FROM = 0.1, 0.3, 16  # pseudo-silences of homes in general
_PRIOR_DAYS = 10.0  # how many days the general number of beginnings counts
_LEAST_HAZARD = 1e-4

_USUAL_BUDGET = 5.0  # alarms a household-year at which the figures below hold
_LEAST_BUDGET, _MOST_BUDGET = 0.5, 50.0
_PRICE, _PRICE_POWER = 600.0, 1.84  # of an alarm, for each eligible hour of the home's day
_LATE, _VERY_LATE, _MARK_POWER = 12.2, 23.3, 0.37  # hours of delay
_LATE_COST, _VERY_LATE_COST, _HOUR_COST = 12.0, 36.0, 0.1
_RAMP_HOURS = 1.6
_RETURNING_HOURS = 36.0
_MOST_OVER = 2.0  # times its budget that a home may be expected to cost
_DEARER = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0, 64.0)
_SEEN_SHARE, _SEEN_BESIDE = 1.1, 1.0  # what is realised for what is expected from the past alone


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
        costs = _Costs.of(survival(part, prior), _begun(part, prior), alarms_per_year[rows])
        limits[rows], expected[rows] = costs.within()
    return limits, expected


def returning_limits(alarms_per_year: Floats) -> Floats:
    """Give (N,) how long a silence may last that begins just after a home was away, in hours.

    Who looked in for a moment, or came home only to leave again, is away again more often than not.
    """
    budgets = [_RETURNING_HOURS * _stretch(budget) for budget in alarms_per_year.tolist()]
    return np.minimum(np.array(budgets, dtype=np.float64), LONGEST - 1.0) - EARLY_HOURS


def survival(silences: Silences, prior: Prior) -> Floats:
    """Give how likely a silence is to last at least 0, 1, ... 48 hours, by when it began.

    Returns
    -------
    (N, 4, 24, 49) float64
    """
    near = smoothed(silences.ended, Smoothing())
    level = _levels(silences, prior)[:, np.newaxis, np.newaxis, :]
    pseudo = np.where(np.arange(LONGEST) < _LONG_FROM, _PSEUDO_SHORT, _PSEUDO_LONG)
    ends = near[..., :LONGEST] + pseudo * level * prior.hazard
    hazard = ends / (reached(near) + pseudo)
    lasts = np.ones((*hazard.shape[:-1], LONGEST + 1))
    going_on = 1.0 - np.clip(hazard, _LEAST_HAZARD, 1.0 - _LEAST_HAZARD)
    lasts[..., 1:] = np.cumprod(going_on, axis=-1)
    return lasts


def _levels(silences: Silences, prior: Prior) -> Floats:
    """Give (N, 48) how much likelier silences of a home end than those of homes in general."""
    due = reached(silences.ended) * prior.hazard
    levels = np.ones((len(silences.homes), LONGEST))
    for start, stop, pseudo in _LEVEL_BANDS:
        ends = _total(silences.ended[..., start:stop])
        levels[:, start:stop] = ((ends + pseudo) / (_total(due[..., start:stop]) + pseudo))[:, None]
    return levels


def _total(array: NDArray[np.floating]) -> Floats:
    """Add up what each home has, in the same order whichever homes are beside it."""
    flat = np.ascontiguousarray(array).reshape(len(array), -1)
    total: Floats = np.cumsum(flat, axis=1, dtype=np.float64)[:, -1]
    return total


def _begun(silences: Silences, prior: Prior) -> Floats:
    """Give (N, 4, 24) how many silences begin in each cell on an average day."""
    begun = np.cumsum(silences.ended, axis=-1, dtype=np.float64)[..., -1]
    days = silences.days.astype(np.float64).reshape(-1, 1, 1)
    return (begun + _PRIOR_DAYS * prior.begun_a_day) / (days + _PRIOR_DAYS)


def _stretch(budget: float) -> float:
    """Give by how much longer than usual help may take: fewer alarms, later ones."""
    within = min(max(budget, _LEAST_BUDGET), _MOST_BUDGET)
    return float((_USUAL_BUDGET / within) ** _MARK_POWER)


def _price(budget: float) -> float:
    """Give the price of a false alarm at a budget."""
    return float(_PRICE * _stretch(budget) ** (_PRICE_POWER / _MARK_POWER))


def delay_costs(budget: float) -> Floats:
    """Give (12, 43) the cost of finding a collapse u hours into a silence at each limit.

    It falls half an hour into the hour. What weighs is whether help comes late, and above all
    whether it comes very late: by half a day and a day at the usual budget.
    """
    delay = _LIMITS - np.arange(IN_USE_HOURS)[:, np.newaxis] - 0.5
    delay = np.maximum(delay, 0.5)
    stretch = _stretch(budget)
    late = np.clip((delay - _LATE * stretch) / _RAMP_HOURS + 0.5, 0.0, 1.0)
    very_late = np.clip((delay - _VERY_LATE * stretch) / _RAMP_HOURS + 0.5, 0.0, 1.0)
    worst = _VERY_LATE_COST * max(stretch, 1.0) ** 1.5  # few alarms, but nobody left for days
    costs: Floats = _LATE_COST * late + worst * very_late + _HOUR_COST * delay
    return costs


@dataclass(frozen=True, slots=True, eq=False)
class _Costs:
    """What each limit costs each home.

    `delay` (N, 4, 24, 43) its expected cost of delay, `alarm` (N, 4, 24, 43) how likely a silence
    is to reach it and end within two days, `begun` (N, 4, 24) how many begin a day, `price` (N,)
    of an alarm, `budget` (N,) alarms a year.
    """

    delay: Floats
    alarm: Floats
    begun: Floats
    price: Floats
    budget: Floats

    @classmethod
    def of(cls, lasts: Floats, begun: Floats, budget: Floats) -> "_Costs":
        table = {each: delay_costs(each) for each in set(budget.tolist())}
        costs = np.stack([table[each] for each in budget.tolist()])
        delay = np.zeros((*lasts.shape[:3], len(_LIMITS)))
        eligible = np.zeros(lasts.shape[:3])
        for hour in range(IN_USE_HOURS):
            ends_soon = lasts[..., hour] - lasts[..., hour + IN_USE_HOURS]
            delay += ends_soon[..., np.newaxis] * costs[:, hour][:, np.newaxis, np.newaxis]
            eligible += ends_soon
        price = np.array([_price(each) for each in budget.tolist()])
        return cls(
            delay,
            lasts[..., SHORTEST:LONGEST] - lasts[..., LONGEST:],
            begun,
            price * _total(begun * eligible),  # so that the delays of each home weigh the same
            budget,
        )

    def within(self) -> tuple[Floats, Floats]:
        """Give the limits, and what they are expected to cost a year."""
        chosen = self.best(self.price)
        yearly = self.yearly(chosen)
        for dearer in _DEARER:
            over = yearly > _MOST_OVER * self.budget
            if not over.any():
                break
            other = self.best(self.price * dearer)
            chosen = np.where(over[:, np.newaxis, np.newaxis], other, chosen)
            yearly = np.where(over, self.yearly(other), yearly)
        limits: Floats = _LIMITS[chosen].astype(np.float64) - EARLY_HOURS
        return limits, _SEEN_SHARE * yearly + _SEEN_BESIDE

    def best(self, price: Floats) -> NDArray[np.int64]:
        """(N, 4, 24) the index of the limit that costs least at each home's price."""
        cost = self.delay + price[:, np.newaxis, np.newaxis, np.newaxis] * self.alarm
        cheapest: NDArray[np.int64] = cost.argmin(axis=-1)
        return cheapest

    def yearly(self, chosen: NDArray[np.int64]) -> Floats:
        """(N,) the alarms a year that these limits cost."""
        alarm = np.take_along_axis(self.alarm, chosen[..., np.newaxis], axis=-1)[..., 0]
        return _YEAR * _total(self.begun * alarm)
