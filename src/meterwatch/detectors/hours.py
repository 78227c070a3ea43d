"""Local hours: brings the intervals of meters that speak when they like into hours of the day.

Learning, charts and roll-ups see hours of the local day; a detector sees the intervals themselves.
"""

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime, UsageWindow

_SECONDS = 3_600.0
_PLACED_WHOLE_HOURS = 1.5
_HOUR_IS_KNOWN_FROM = 0.5  # the share of an hour that known intervals must cover


def by_local_hour(
    usage: UsageWindow, local: LocalTime, first_day: int, days: int
) -> tuple[Floats, Bools]:
    """Bring the intervals of each home, which end when they like, into local hours.

    An interval of up to an hour and a half goes whole to the hour of its middle: cut in two, one
    use would look like two hours with use, and every silence would be learnt too short. A longer
    one is spread evenly.

    Parameters
    ----------
    usage : UsageWindow
    local : LocalTime
    first_day : int
        The local day of the first column, in days since 1970-01-01.
    days : int
        How many days to fill.

    Returns
    -------
    litres : (N, days * 24) float64, litres; NaN where unknown.
    known : (N, days * 24) bool
        Whether known intervals cover at least half of the hour. The hour that the clocks skip in
        spring is a known zero; the one they repeat in autumn holds the water of both.
    """
    rows, hour, litres, share = _pieces(usage, local)
    column = hour - first_day * HOURS
    inside = (column >= 0) & (column < days * HOURS)
    shape = (len(usage.homes), days * HOURS)
    cell = (rows * shape[1] + column)[inside]
    size = shape[0] * shape[1]
    total = np.bincount(cell, litres[inside], minlength=size).reshape(shape)
    covered = np.bincount(cell, share[inside], minlength=size).reshape(shape)
    is_known = (covered >= _HOUR_IS_KNOWN_FROM) | _skipped(local, first_day, days)
    return np.where(is_known, total, np.nan), is_known


def _pieces(
    usage: UsageWindow, local: LocalTime
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Cut every known interval at the local hours: row, local hour, litres, share of the hour."""
    rows, columns = np.nonzero(np.isfinite(usage.litres) & (usage.hours > 0.0))
    end = usage.ends_at[rows, columns]
    start = end - usage.hours[rows, columns] * _SECONDS
    offset = local.seconds(start) - start
    first = np.floor((start + offset) / _SECONDS)
    count = np.maximum(np.ceil((end + offset) / _SECONDS) - first, 1.0).astype(np.int64)
    of = np.repeat(np.arange(len(rows)), count)
    number = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    edge = (first[of] + number) * _SECONDS - offset[of]
    begins, ends = np.maximum(edge, start[of]), np.minimum(edge + _SECONDS, end[of])
    seconds = np.maximum(ends - begins, 0.0)
    hour = np.floor(local.seconds((begins + ends) / 2.0) / _SECONDS).astype(np.int64)
    middle = ((start + end) / 2.0)[of]
    whole = ((edge <= middle) & (middle < edge + _SECONDS)).astype(np.float64)
    evenly = seconds / (end - start)[of]
    part = np.where((end - start)[of] <= _PLACED_WHOLE_HOURS * _SECONDS, whole, evenly)
    litres = usage.litres[rows, columns][of] * part
    return rows[of].astype(np.int64), hour, litres, seconds / _SECONDS


def _skipped(local: LocalTime, first_day: int, days: int) -> Bools:
    """Mark the local hours that never come, because the clocks are put forward over them."""
    marks = np.zeros(days * HOURS, dtype=np.bool_)
    for index, change in enumerate(local.changes):
        hours = (change + local.offsets[index : index + 2]) / _SECONDS - first_day * HOURS
        low, high = np.clip(np.floor(hours), 0, days * HOURS).astype(np.int64)
        marks[low:high] = True
    return marks


def hourly_window(homes: tuple[int, ...], hourly: Floats, steps: Floats) -> UsageWindow:
    """Give hours the form in which detectors see use, so that a use means the same in both.

    Parameters
    ----------
    homes : tuple of int, length N
    hourly : (N, H) float64, litres
        NaN where unknown.
    steps : (N,) float64, litres
        The smallest step of each register.
    """
    ends = np.arange(1, hourly.shape[1] + 1, dtype=np.float64) * _SECONDS
    return UsageWindow(
        homes,
        np.tile(ends, (len(homes), 1)),
        np.ones(hourly.shape),
        hourly,
        np.full(len(homes), -np.inf),
        steps,
    )
