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
    span = np.where(known(usage), usage.hours, np.nan)
    short = np.flatnonzero((span < least_hours).any(axis=1))
    if len(short) == 0:
        return usage.litres / span, span
    total = usage.litres.copy()
    total[short], span[short] = _together(total[short], span[short], least_hours)
    enough = span >= least_hours
    return np.where(enough, total / np.where(enough, span, 1.0), np.nan), span


def _together(litres: Floats, hours: Floats, least_hours: float) -> tuple[Floats, Floats]:
    """Add to each interval as many before it as make up `least_hours`."""
    litres = np.where(np.isfinite(hours), litres, np.nan)
    total, span = litres.copy(), hours.copy()
    for back in range(1, total.shape[1]):
        lacks = span[:, back:] < least_hours
        if not lacks.any():
            break
        total[:, back:] += np.where(lacks, litres[:, :-back], 0.0)
        span[:, back:] += np.where(lacks, hours[:, :-back], 0.0)
    return total, span


def base_flow(usage: UsageWindow, newest: int | None = None) -> Floats:
    """Give the standing flow at each interval: the lowest rate of the 24 h that it ends.

    Somebody who is alive shuts the tap at times; what never stops for a day is a leak and no
    sign of life. Zero where less than 12 of the 24 h are known.

    Parameters
    ----------
    usage : UsageWindow
    newest : int, optional
        Give only so many of the newest intervals; all by default.

    Returns
    -------
    (N, K or `newest`) float64, litres per hour.
    """
    asked = min(newest or usage.litres.shape[1], usage.litres.shape[1])
    base = np.zeros((len(usage.homes), asked))
    rows = _may_stand(usage)
    if len(rows):
        busy = usage.part(rows)
        flow, span = rates(busy)
        with np.errstate(invalid="ignore"):
            stops = flow <= 0.0
            usable = stops | (np.isfinite(flow) & (span <= BASE_LONGEST_INTERVAL_HOURS))
        hours = np.where(usable, busy.hours, 0.0)
        stands = np.flatnonzero(_without_a_stop(busy.ends_at, stops, hours))
        lowest = np.where(usable[stands], flow[stands], np.inf)
        base[rows[stands]] = _lowest_of_a_day(busy.ends_at[stands], lowest, hours[stands], asked)
    return base


def _may_stand(usage: UsageWindow) -> NDArray[np.int64]:
    """Give the rows that go on for hours without a stop: most homes do not, and cost no more.

    It looks at single intervals. One that is too short for a rate of its own is no stop here.
    """
    there = present(usage)
    with np.errstate(invalid="ignore"):
        stops = there & (usage.litres <= 0.0) & (usage.hours >= RATE_LEAST_HOURS)
    flows = there & ~stops
    with np.errstate(invalid="ignore"):
        placed = flows & (usage.hours <= BASE_LONGEST_INTERVAL_HOURS) & np.isfinite(usage.litres)
    longest = np.where(placed, usage.hours, 0.25).max(initial=0.25)
    least = int((BASE_LEAST_KNOWN_HOURS - 1.0) // longest) + 1  # so many intervals in a row
    torn = (there[:, :-1] & ~there[:, 1:]).any(axis=1)  # an absent interval is no stop
    return np.flatnonzero(_runs(flows, least).any(axis=1) | torn)


def _runs(flags: Bools, length: int) -> Bools:
    """Mark where a run of `length` True begins; (N, K - length + 1) at least one column.

    >>> _runs(np.array([[True, True, True, False, True, True]]), 2).tolist()
    [[True, True, False, False, True]]
    """
    if length > flags.shape[1]:
        return np.zeros((flags.shape[0], 1), dtype=np.bool_)
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        flags = flags[:, step:] & flags[:, :-step]
        reached += step
    return flags


def _without_a_stop(ends_at: Floats, stops: Bools, hours: Floats) -> Bools:
    """Tell which rows go on for a day, and for 11 known hours, without a stop; roughly."""
    begins = stops.copy()
    begins[:, 0] = True
    begin = np.flatnonzero(begins)
    enough = np.add.reduceat(hours.ravel(), begin) >= BASE_LEAST_KNOWN_HOURS - 1.0
    last = np.append(begin, stops.size)[1:][enough] - 1
    begin = begin[enough]
    with np.errstate(invalid="ignore"):
        soon = ends_at.ravel()[last] - ends_at.ravel()[begin] < BASE_WINDOW_SECONDS
    stands = np.zeros(stops.shape[0], dtype=np.bool_)
    stands[begin[~(soon & stops.ravel()[begin])] // stops.shape[1]] = True
    return stands


def _lowest_of_a_day(ends_at: Floats, flow: Floats, hours: Floats, newest: int) -> Floats:
    """Give the lowest flow of the day that each of the `newest` intervals ends."""
    ends, flows, spans = (np.ascontiguousarray(each.T) for each in (ends_at, flow, hours))
    ends = np.fmax.accumulate(np.nan_to_num(ends, nan=-np.inf))  # the absent take no time
    old = len(ends) - newest
    lowest, covered = flows[old:].copy(), spans[old:].copy()
    with np.errstate(invalid="ignore"):
        for back in range(1, len(ends)):
            begins = max(back - old, 0)  # the first intervals have none so far back
            before = slice(max(old - back, 0), -back)
            apart = ends[old + begins :] - ends[before]
            near = apart < BASE_WINDOW_SECONDS
            if not near.any():
                break
            lower, more = flows[before], spans[before]
            if not near.all():
                lower, more = np.where(near, lower, np.inf), np.where(near, more, 0.0)
            np.minimum(lowest[begins:], lower, out=lowest[begins:])
            covered[begins:] += more
    trusted = (covered >= BASE_LEAST_KNOWN_HOURS) & np.isfinite(lowest)
    there = np.isfinite(ends_at[:, old:])
    return np.where(there & trusted.T, np.maximum(lowest, 0.0).T, 0.0)


def used(usage: UsageWindow, base: Floats, use_litres: float) -> Bools:
    """Tell in which intervals somebody drew water: more than the base flow explains.

    On a meter whose register steps by more than `use_litres`, one step is a use.
    """
    above = usage.litres - base * usage.hours
    return known(usage) & (above >= least_use(usage, use_litres) - LITRES_TOLERANCE)


def least_use(usage: UsageWindow, use_litres: float) -> Floats:
    """Give what counts as a use in each home, (N, 1) litres: one step of a coarse register does."""
    return np.maximum(use_litres, np.nan_to_num(usage.resolution_litres))[:, np.newaxis]


def last_true(flags: Bools) -> NDArray[np.int64]:
    """Give the column of the last True in each row, -1 where there is none.

    >>> last_true(np.array([[True, False], [False, False]])).tolist()
    [0, -1]
    """
    column = flags.shape[1] - 1 - flags[:, ::-1].argmax(axis=1)
    return np.where(flags[np.arange(len(flags)), column], column, -1)


def trailing(flags: Bools) -> Bools:
    """Keep only the run of True that ends each row.

    >>> trailing(np.array([[True, False, True, True], [True, True, True, False]])).tolist()
    [[False, False, True, True], [False, False, False, False]]
    """
    return np.logical_and.accumulate(flags[:, ::-1], axis=1)[:, ::-1]
