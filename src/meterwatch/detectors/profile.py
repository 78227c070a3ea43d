"""Learns what is usual for each home from its own past.

Only silences that have ended count: the one still running when a limit is learnt may be the very
one that has to raise the alarm, and must not move its own line. What is unknown ends a silence,
which then counts as far as it is known; hours of a declared absence belong among the unknown, or a
holiday would teach a long limit.
"""

from dataclasses import replace

import numpy as np

from meterwatch.detectors.arrays import base_flow, trailing, used
from meterwatch.detectors.floors import learn_floors
from meterwatch.detectors.hours import hourly_window
from meterwatch.detectors.limits import learn_limits, returning_limits
from meterwatch.detectors.night_flow import FlowsTold, learn_day_flow, learn_night_flow
from meterwatch.detectors.odd_hours import learn_night_use
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.silences import Silences, with_recent
from meterwatch.domain.usage import (
    HOURS,
    Bools,
    Floats,
    UsageProfile,
)

USE_LITRES = 3.0


def learn(
    silences: Silences,
    past: Floats,
    first_day: int,
    prior: Prior,
    alarms_per_year: Floats,
    *,
    use_litres: float = USE_LITRES,
    resolution_litres: Floats | None = None,
    flows_told: FlowsTold | None = None,
) -> UsageProfile:
    """Learn the profile of N homes.

    Parameters
    ----------
    silences : Silences of N homes
        All that was counted of them; their limits come from it, and from the days of `past`
        after it.
    past : (N, D, 24) float64, litres
        Water drawn in each local hour of the last D days, the oldest first; NaN where unknown.
        What is usual and the longest silence come from it.
    first_day : int
        The local day of the first column of `past`, in days since 1970-01-01.
    prior : Prior
        What homes in general do, for what a home has not shown itself.
    alarms_per_year : (N,) float64, alarms a household-year
        The false alarms that each home may cost.
    use_litres : float
        Water in one hour above the base flow from which the hour counts as used.
    resolution_litres : (N,) float64, optional
        The smallest step of each register; one litre if left out.
    flows_told : FlowsTold of N homes, optional
        What people said of water that runs there.

    Returns
    -------
    UsageProfile
        Every home has limits: one of which nothing is known has those of homes like it.

    Raises
    ------
    ValueError
        If the arrays do not fit together.
    """
    homes = silences.homes
    hourly = _whole_days(homes, past)
    steps = np.ones(len(homes)) if resolution_litres is None else resolution_litres
    silences = with_recent(silences, first_day, past, use_litres, steps)
    night_flow = learn_night_flow(past, first_day, flows_told)
    usual_totals, floors = learn_floors(
        past, first_day, use_litres=use_litres, resolution_litres=steps
    )
    learnt = UsageProfile(
        homes,
        usual_litres=_median_by_hour(hourly),
        longest_silence_hours=_longest(homes, hourly, steps, use_litres),
        days=silences.seen.astype(np.float64),
        night_litres_per_hour=night_flow,
        day_litres_per_hour=learn_day_flow(past, night_flow),
        usual_totals=usual_totals,
        floors=floors,
        night_use=learn_night_use(past, first_day, use_litres=use_litres),
    )
    return with_limits(learnt, silences, prior, alarms_per_year)


def with_limits(
    profile: UsageProfile, silences: Silences, prior: Prior, alarms_per_year: Floats
) -> UsageProfile:
    """Put limits into a profile: all that the budget decides.

    Parameters
    ----------
    silences : Silences of the same homes
        With the days that are not final yet (`with_recent`).
    """
    limits, expected = learn_limits(silences, prior, alarms_per_year)
    return replace(
        profile,
        limits_hours=limits,
        returning_hours=returning_limits(alarms_per_year),
        alarms_per_year=expected,
    )


def _longest(homes: tuple[int, ...], hourly: Floats, steps: Floats, use_litres: float) -> Floats:
    usage = hourly_window(homes, hourly, steps)
    in_use = used(usage, base_flow(usage), use_litres)
    longest = longest_ended_run(np.isfinite(hourly) & ~in_use)
    return np.where(longest > 0.0, longest, np.nan)


def longest_ended_run(flags: Bools) -> Floats:
    """Give the length of the longest run of True in each row that does not reach its end.

    NaN where a row holds nothing but such an open run.

    >>> longest_ended_run(np.array([[True, True, False, True, True, True], [True] * 6]))
    array([ 2., nan])
    """
    ended = flags & ~trailing(flags)
    columns = np.arange(flags.shape[1], dtype=np.float64)
    last_break = np.maximum.accumulate(np.where(ended, -1.0, columns), axis=1)
    lengths = np.where(ended, columns - last_break, 0.0)
    last_of_run = ended & ~np.pad(ended[:, 1:], ((0, 0), (0, 1)))
    lengths = np.where(last_of_run, lengths, 0.0)
    return np.where(flags.all(axis=1), np.nan, lengths.max(axis=1))


def _whole_days(homes: tuple[int, ...], past: Floats) -> Floats:
    if past.ndim != 3 or past.shape[0] != len(homes) or past.shape[2] != HOURS or not past.size:  # noqa: PLR2004  # homes, days, hours
        raise ValueError(f"learn: past has shape {past.shape}, not ({len(homes)}, days, {HOURS})")
    return np.ascontiguousarray(past, dtype=np.float64).reshape(len(homes), -1)


def _median_by_hour(hourly: Floats) -> Floats:
    days = hourly.reshape(hourly.shape[0], hourly.shape[1] // HOURS, HOURS)
    ordered = np.sort(days, axis=1)  # NaN goes last
    count = np.isfinite(days).sum(axis=1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, days.shape[1] - 1), axis=1)
    return np.where(count > 0, (low + high) / 2.0, np.nan)[:, 0, :]
