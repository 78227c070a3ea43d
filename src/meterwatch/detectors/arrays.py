"""Moves that detectors share: rates, standing base flow, uses, and the run that ends a row.

Every function works row by row on C-ordered arrays and calls no linear algebra, so a home gets
the same answer to the last bit, whichever homes it is judged together with.
"""

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.usage import Bools, Floats, UsageWindow

BASE_WINDOW_SECONDS = 24 * 3_600.0
BASE_LEAST_KNOWN_HOURS = 12.0
BASE_LONGEST_INTERVAL_HOURS = 4.0  # a longer one mixes use into its lowest rate
RATE_LEAST_HOURS = 0.5  # over less, one tick of the register is a large rate
LITRES_TOLERANCE = 1e-6  # a register kept in cubic metres is off by this much


def present(usage: UsageWindow) -> Bools:
    """Tell which intervals exist, known or not; padding does not."""
    return np.isfinite(usage.ends_at) & np.isfinite(usage.hours)


def known(usage: UsageWindow) -> Bools:
    """Tell which intervals exist and have litres that can be placed in them."""
    return present(usage) & np.isfinite(usage.litres)


def rates(usage: UsageWindow, least_hours: float = RATE_LEAST_HOURS) -> tuple[Floats, Floats]:
    """Give the flow that each interval closes, measured over at least `least_hours`.

    A shorter interval is taken together with as many before it as are needed.

    Returns
    -------
    flow : (N, K) float64, litres per hour; NaN where an interval it needs is unknown.
    span_hours : (N, K) float64, hours over which it was measured.
    """
    litres = np.where(known(usage), usage.litres, np.nan)
    hours = np.where(known(usage), usage.hours, np.nan)
    total, span = litres.copy(), hours.copy()
    for back in range(1, total.shape[1]):
        short = span[:, back:] < least_hours
        if not short.any():
            break
        total[:, back:] += np.where(short, litres[:, :-back], 0.0)
        span[:, back:] += np.where(short, hours[:, :-back], 0.0)
    enough = span >= least_hours
    return np.where(enough, total / np.where(enough, span, 1.0), np.nan), span


def base_flow(usage: UsageWindow) -> Floats:
    """Give the standing flow at each interval: the lowest rate of the 24 h that it ends.

    Somebody who is alive shuts the tap at times; what never stops for a day is a leak and no
    sign of life. Zero where less than 12 of the 24 h are known.

    Returns
    -------
    (N, K) float64, litres per hour.
    """
    flow, span = rates(usage)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(flow) & ((span <= BASE_LONGEST_INTERVAL_HOURS) | (flow <= 0.0))
    flow = np.where(usable, flow, np.inf)
    hours = np.where(usable, usage.hours, 0.0)
    base = np.zeros(flow.shape)
    rows = _may_stand(usage.ends_at, flow, hours)
    base[rows] = _lowest_of_a_day(usage.ends_at[rows], flow[rows], hours[rows])
    return base


def _may_stand(ends_at: Floats, flow: Floats, hours: Floats) -> NDArray[np.int64]:
    """Give the rows with a day that holds no stop: most homes have none, and cost nothing more."""
    last_stop = np.maximum.accumulate(np.where(flow <= 0.0, ends_at, -np.inf), axis=1)
    no_stop = ends_at - last_stop >= BASE_WINDOW_SECONDS
    enough = np.cumsum(hours, axis=1) >= BASE_LEAST_KNOWN_HOURS - 1.0  # roughly; exact below
    return np.flatnonzero((no_stop & enough).any(axis=1))


def _lowest_of_a_day(ends_at: Floats, flow: Floats, hours: Floats) -> Floats:
    lowest, covered = flow.copy(), hours.copy()
    for back in range(1, flow.shape[1]):
        near = ends_at[:, back:] - ends_at[:, :-back] < BASE_WINDOW_SECONDS
        if not near.any():
            break
        np.minimum(lowest[:, back:], flow[:, :-back], out=lowest[:, back:], where=near)
        covered[:, back:] += np.where(near, hours[:, :-back], 0.0)
    trusted = (covered >= BASE_LEAST_KNOWN_HOURS) & np.isfinite(lowest)
    return np.where(trusted, np.maximum(lowest, 0.0), 0.0)


def used(usage: UsageWindow, base: Floats, use_litres: float) -> Bools:
    """Tell in which intervals somebody drew water: more than the base flow explains.

    On a meter whose register steps by more than `use_litres`, one step is a use.
    """
    least = np.maximum(use_litres, np.nan_to_num(usage.resolution_litres))[:, np.newaxis]
    above = usage.litres - base * usage.hours
    return known(usage) & (above >= least - LITRES_TOLERANCE)


def last_true(flags: Bools) -> Floats:
    """Give the column of the last True in each row as a float, NaN where there is none.

    >>> last_true(np.array([[True, False], [False, False]]))
    array([ 0., nan])
    """
    width = flags.shape[1]
    column = width - 1 - flags[:, ::-1].argmax(axis=1)
    return np.where(flags.any(axis=1), column.astype(np.float64), np.nan)


def trailing(flags: Bools) -> Bools:
    """Keep only the run of True that ends each row.

    >>> trailing(np.array([[True, False, True, True], [True, True, True, False]])).tolist()
    [[False, False, True, True], [False, False, False, False]]
    """
    return np.logical_and.accumulate(flags[:, ::-1], axis=1)[:, ::-1]
