"""Night flow: what stands in a home anyway, and how strong a flow has stood in it for a day.

A leak that somebody was told of, and left, must not be told every day anew; one that is new or
has grown must. What has stood on most days of the last weeks is therefore taken off a flow before
it is judged. A leak is told within days and learnt only after three weeks of standing, unless
people answered for it: then one day after they did is enough.
"""

from dataclasses import dataclass

import numpy as np

from meterwatch.domain.usage import HOURS, Bools, Floats

SPAN_HOURS = 3  # a litre an hour shows as three in three hours, and a late reading hides nothing
LEAST_SPANS = 10  # that must be known on a day, of the 22 it has
LEAST_DAYS = 7
SHARE = 0.25  # the flow that three days in four reach
DAY_HOURS = 23
NEWEST_DAYS = 2  # which may hold the very flow that is judged


@dataclass(frozen=True, slots=True, eq=False)
class FlowsTold:
    """What people said of the flows of N homes, (N,) local seconds since 1970-01-01; NaN if never.

    `answered_at` is when they last answered for a flow that they left: what stood before teaches
    nothing any more, and one day after it is enough. `unanswered_since` is when a flow began that
    nobody has answered for yet: it teaches nothing before somebody has.
    """

    answered_at: Floats
    unanswered_since: Floats


def learn_night_flow(past: Floats, first_day: int, told: FlowsTold | None = None) -> Floats:
    """Learn the flow that usually stands in each of N homes.

    The least of a day is its lowest mean of three hours in a row; what three days in four reach
    is the home's.

    Parameters
    ----------
    past : (N, D, 24) float64, litres
        Water drawn in each local hour, the oldest day first; NaN where unknown.
    first_day : int
        The local day of the first column, in days since 1970-01-01.
    told : FlowsTold, optional
        Of these homes; nothing was said of any if left out.

    Returns
    -------
    (N,) float64, litres per hour; NaN where too little is known.
    """
    needed = np.full(len(past), LEAST_DAYS, dtype=np.int64)
    if told is not None:
        past = np.where(_untaught(told, first_day, past.shape[1]), np.nan, past)
        needed[told.answered_at > first_day * HOURS * 3_600.0] = 1
    least = _least_of_days(past)
    count = np.isfinite(least).sum(axis=1)
    place = np.floor(SHARE * np.maximum(count - 1, 0)).astype(np.int64)
    usual = np.take_along_axis(np.sort(least, axis=1), place[:, np.newaxis], axis=1)[:, 0]
    return np.where(count >= needed, usual, np.nan)


def learn_day_flow(past: Floats, night: Floats) -> Floats:
    """Learn the strongest flow that stood for a day on end, above what always stands.

    The two newest days are left out: they may hold the flow that is being judged.

    Parameters
    ----------
    past : (N, D, 24) float64, litres
        As in `learn_night_flow`.
    night : (N,) float64, litres per hour
        What it gave.

    Returns
    -------
    (N,) float64, litres per hour; zero where no flow is known to have stood so long.
    """
    lowest = past[:, : max(past.shape[1] - NEWEST_DAYS, 0)].reshape(len(past), -1)
    if lowest.shape[1] < DAY_HOURS:
        return np.zeros(len(past))
    reached = 1
    while reached < DAY_HOURS:
        step = min(reached, DAY_HOURS - reached)
        lowest = np.minimum(lowest[:, step:], lowest[:, :-step])
        reached += step
    strongest = np.where(np.isfinite(lowest), lowest, 0.0).max(axis=1)
    above: Floats = np.maximum(strongest - np.nan_to_num(night), 0.0)
    return above


def _untaught(told: FlowsTold, first_day: int, days: int) -> Bools:
    """Mark the hours that teach nothing, (N, D, 24)."""
    begins = (first_day * HOURS + np.arange(days * HOURS, dtype=np.float64)) * 3_600.0
    with np.errstate(invalid="ignore"):
        before = begins < told.answered_at[:, np.newaxis]
        since = begins + 3_600.0 > told.unanswered_since[:, np.newaxis]
    untaught: Bools = before | since
    return untaught.reshape(len(before), days, HOURS)


def _least_of_days(past: Floats) -> Floats:
    """Give the lowest mean of each day, (N, D); NaN where too little of it is known."""
    spans = HOURS - SPAN_HOURS + 1
    total = past[:, :, :spans].copy()
    for later in range(1, SPAN_HOURS):
        total += past[:, :, later : spans + later]
    known = np.isfinite(total)
    least = np.where(known, total, np.inf).min(axis=2) / SPAN_HOURS
    return np.where(known.sum(axis=2) >= LEAST_SPANS, least, np.nan)
