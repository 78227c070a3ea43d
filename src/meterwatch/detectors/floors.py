"""Learns the floors of a home: below them the use of three days is low.

Three days are added up in two ways, as litres and as activity: the square root of each hour's
litres, in which one bath weighs less than ten small uses. The floor lies well under the lowest that
the home came to in its last four weeks around such a weekday, and is bounded by what is usual for
it. Only a low that has ended teaches: the one that goes on may be the very one that has to raise
the alarm, and must not move its own line.
"""

import numpy as np

from meterwatch.detectors.arrays import base_flow
from meterwatch.domain.usage import HOURS, MEASURES, WEEKDAYS, Bools, Floats, UsageWindow

TOTAL_HOURS = 72
DAYS = 28  # of the past that is looked at
LATEST_DAYS = 3  # they teach no usual day: a decline must not become the custom
LEAST_DAYS = 7
LEAST_HOURS_OF_DAY = 12
LEAST_LITRES_A_DAY = 10.0  # a home that draws less stands empty
JOURNEY_HOURS = 24  # so long a silence is the worry of `no_use`, and the three days after it
ORDINARY_DAY = 0.35  # the quantile of days that is taken for usual
ENDED_AT = 0.6  # of the usual: a low that came back to this has ended
SLACK = 0.5  # a floor is this much of the lowest
MOST = 0.6  # and at most this much of the usual
LEAST_KNOWN = 0.6
_SECONDS = 3_600.0
_MONDAY = 3  # 1970-01-01 was a Thursday


def learn_floors(
    past: Floats,
    first_day: int,
    *,
    use_litres: float = 3.0,
    resolution_litres: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Learn the floors of N homes from D days.

    Parameters
    ----------
    past : (N, D, 24) float64, litres
        Water drawn in each local hour, the oldest first; NaN where unknown, and where the home was
        declared away. The last 28 days count.
    first_day : int
        The local day of the first column, in days since 1970-01-01.
    use_litres : float
        Water in an hour above the base flow that breaks a silence.
    resolution_litres : (N,) float64, optional
        The smallest step of each register; one litre if left out.

    Returns
    -------
    usual_totals : (N, 2) float64
        What three days usually come to; NaN where too little is known or the home stands empty.
    floors : (N, 2, 7) float64
        Below which they are low, by the weekday on which they end, Monday first.
    """
    recent = past[:, -DAYS:]
    first_day += past.shape[1] - recent.shape[1]
    hourly = np.ascontiguousarray(recent.reshape(len(recent), -1), dtype=np.float64)
    steps = np.ones(len(hourly)) if resolution_litres is None else resolution_litres
    drawn = _without_base(hourly, steps)
    with np.errstate(invalid="ignore"):
        quiet = drawn < np.maximum(use_litres, np.nan_to_num(steps))[:, np.newaxis]
    at_home = np.where(_whole_runs(quiet) >= JOURNEY_HOURS, np.nan, drawn)
    silent = (_running(quiet) >= JOURNEY_HOURS).astype(np.float64)
    explained = _sums(silent) > 0.0
    lived_in = _usual_day(at_home) >= LEAST_LITRES_A_DAY
    usual_totals = np.empty((len(hourly), MEASURES))
    floors = np.empty((len(hourly), MEASURES, WEEKDAYS))
    for which, weighed in enumerate((np.positive, np.sqrt)):
        three_days = _usual_day(weighed(at_home)) * TOTAL_HOURS / HOURS
        usual_totals[:, which] = np.where(lived_in, three_days, np.nan)
        shares = _shares(weighed(drawn), usual_totals[:, which])
        lowest = _lowest(shares, explained, first_day)
        floors[:, which] = np.minimum(SLACK * lowest, MOST) * usual_totals[:, which, np.newaxis]
    return usual_totals, floors


def _without_base(hourly: Floats, steps: Floats) -> Floats:
    """Take off what never stops, hour by hour, as the live window does."""
    count, width = hourly.shape
    usage = UsageWindow(
        tuple(range(count)),
        np.tile(np.arange(1, width + 1, dtype=np.float64) * _SECONDS, (count, 1)),
        np.ones(hourly.shape),
        hourly,
        np.full(count, -np.inf),
        steps,
    )
    return np.maximum(hourly - base_flow(usage), 0.0)


def _usual_day(hourly: Floats) -> Floats:
    """Give what a home comes to on an ordinary day; NaN with fewer than seven days at home.

    An unknown hour of a day is filled with the mean of that hour.
    """
    days = hourly.reshape(len(hourly), -1, HOURS)
    days = days[:, : max(days.shape[1] - LATEST_DAYS, 0)]
    there = np.isfinite(days)
    count = there.sum(axis=1)
    total = np.cumsum(np.where(there, days, 0.0), axis=1)[:, -1:, :].sum(axis=1)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    filled = np.cumsum(np.where(there, days, mean[:, np.newaxis]), axis=2)[:, :, -1]
    filled = np.where(there.sum(axis=2) >= LEAST_HOURS_OF_DAY, filled, np.nan)
    return _quantile(filled, ORDINARY_DAY, LEAST_DAYS)


def _quantile(values: Floats, share: float, least: int) -> Floats:
    """Give a quantile of each row, NaN left out; NaN where fewer than `least` are known."""
    if values.shape[1] < least:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)  # NaN goes last
    count = np.isfinite(values).sum(axis=1)
    place = share * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    rows = np.arange(len(values))
    between = ordered[rows, low] + (ordered[rows, high] - ordered[rows, low]) * (place - low)
    return np.where(count >= least, between, np.nan)


def _shares(weighed: Floats, usual: Floats) -> Floats:
    """Give what the three days that each hour ends came to, of the usual; infinite if unknown.

    An unknown hour counts as a usual one.
    """
    there = np.isfinite(weighed)
    known_hours = _sums(there.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = _sums(np.where(there, weighed, 0.0)) / usual[:, np.newaxis]
    share = share + (1.0 - known_hours / TOTAL_HOURS)
    judged = np.isfinite(share) & (known_hours >= LEAST_KNOWN * TOTAL_HOURS)
    return np.where(judged, share, np.inf)


def _lowest(shares: Floats, explained: Bools, first_day: int) -> Floats:
    """Give the lowest share that ended on each weekday or the days beside it; (N, 7)."""
    ordinary = np.isfinite(shares) & (shares >= ENDED_AT)
    ended = np.logical_or.accumulate(ordinary[:, ::-1], axis=1)[:, ::-1]
    lows = np.where(ended & ~explained, shares, np.inf)
    by_day = lows.reshape(len(lows), -1, HOURS).min(axis=2)
    weekday = (first_day + np.arange(by_day.shape[1]) + _MONDAY) % WEEKDAYS
    lowest = np.full((len(lows), WEEKDAYS), np.inf)
    for day in range(WEEKDAYS):
        beside = np.isin(weekday, [(day + by) % WEEKDAYS for by in (-1, 0, 1)])
        lowest[:, day] = by_day[:, beside].min(axis=1, initial=np.inf)
    return lowest


def _sums(values: Floats) -> Floats:
    """Add up the three days that each hour ends; what lies before the first counts nothing."""
    total = np.cumsum(values, axis=1)
    total[:, TOTAL_HOURS:] -= total[:, :-TOTAL_HOURS].copy()
    return total


def _running(flags: Bools) -> Floats:
    """Give how long the run of True has lasted at each place; 0 where it is False."""
    at = np.arange(1, flags.shape[1] + 1, dtype=np.float64)
    return at - np.maximum.accumulate(np.where(flags, 0.0, at), axis=1)


def _whole_runs(flags: Bools) -> Floats:
    """Give the length of the whole run of True that each place lies in; 0 where it is False."""
    ahead = _running(flags[:, ::-1])[:, ::-1]
    return np.where(flags, _running(flags) + ahead - 1.0, 0.0)
