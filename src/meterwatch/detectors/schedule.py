"""When what was learnt counts: one calendar for the live service, a replay and the yardstick.

The night of local day d is done at three in the morning. From what was heard before that it rolls
up the three days before d, which late readings may still have changed; it learns from the days
before d, and what it learnt is in force until the next night's. A day is final with its third
roll-up: from then on it is counted among the silences once and for all.

A reading is judged by the profile in force when it was heard, also in the middle of a silence:
only silences that have ended are counted, so none moves its own line.
"""

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.hours import by_local_hour
from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime, UsageWindow

NIGHT_HOUR = 3  # local: late readings of the evening are in, and few people are up
ROLLED_DAYS = 3  # days that late readings may still change

_DAY = 86_400
_WIDEST = 16 * 3_600  # no zone is further from UTC


def night_of(local: LocalTime, at: Floats) -> NDArray[np.int64]:
    """Name the night whose learning is in force at each moment, by its local day since 1970.

    Parameters
    ----------
    at : array of float64, epoch seconds
    """
    return np.floor_divide(local.seconds(at) - NIGHT_HOUR * 3_600, _DAY).astype(np.int64)


def night_begins(local: LocalTime, night: int) -> int:
    """Give the epoch second from which a night is in force; what was heard before it is known."""
    middle = night * _DAY + NIGHT_HOUR * 3_600
    before, after = middle - _WIDEST, middle + _WIDEST
    while after - before > 1:
        second = (before + after) // 2
        reached = night_of(local, np.array([float(second)]))[0] >= night
        before, after = (before, second) if reached else (second, after)
    return after


def roll_up(usage: UsageWindow, local: LocalTime, night: int) -> tuple[Floats, Bools]:
    """Roll up the days before a night from windows that hold what was heard before it.

    Parameters
    ----------
    usage : UsageWindow of N homes
        As the board holds it: five days back from each home's newest reading.

    Returns
    -------
    litres : (N, 3, 24) float64, litres in each local hour, the oldest day first; NaN where unknown.
    known : (N, 3, 24) bool
    """
    litres, known = by_local_hour(usage, local, night - ROLLED_DAYS, ROLLED_DAYS)
    shape = (len(usage.homes), ROLLED_DAYS, HOURS)
    return litres.reshape(shape), known.reshape(shape)
