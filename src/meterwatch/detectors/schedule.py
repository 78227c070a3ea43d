"""When what was learnt counts: one calendar for the live service, a replay and the yardstick.

The night of local day d is done at three in the morning. From what was heard before that it rolls
up the three days before d, which late readings may still have changed; what it learns is in force
until the next night. A day is final with its third roll-up, and is counted among the silences once
and for all.

A reading is judged by the profile in force when it was heard, also in the middle of a silence:
only silences that have ended are counted, so none moves its own line.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.hours import by_local_hour
from meterwatch.detectors.night_flow import FlowsTold
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.profile import learn
from meterwatch.detectors.silences import Silences, count_days
from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime, UsageProfile, UsageWindow

NIGHT_HOUR = 3  # local: late readings of the evening are in, and few people are up
ROLLED_DAYS = 3  # days that late readings may still change
PAST_DAYS = 35  # before a night, of which everything but the silences is learnt

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


def nights_between(local: LocalTime, after: float | None, until: float) -> list[int]:
    """Name the nights that began after one moment and not after another, both epoch seconds.

    Where there is no first moment, it is the night in force at the second one alone.
    """
    last = int(night_of(local, np.array([until]))[0])
    if after is None:
        return [last]
    return list(range(int(night_of(local, np.array([after]))[0]) + 1, last + 1))


def roll_up(usage: UsageWindow, local: LocalTime, night: int) -> tuple[Floats, Bools]:
    """Roll up the days before a night from windows that hold what was heard before it.

    Parameters
    ----------
    usage : UsageWindow of N homes
        As the board holds it: five days back from each home's newest reading.

    Returns
    -------
    litres : (N, 3, 24) float64, litres in each local hour, the oldest day first; NaN where unknown.
        As they are kept: each is a float32.
    known : (N, 3, 24) bool
    """
    litres, known = by_local_hour(usage, local, night - ROLLED_DAYS, ROLLED_DAYS)
    shape = (len(usage.homes), ROLLED_DAYS, HOURS)
    return litres.astype(np.float32).astype(np.float64).reshape(shape), known.reshape(shape)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What a night knows of N homes beside the silences that were counted before.

    Attributes
    ----------
    homes : tuple of int, length N
    night : int
        The local day of the night, in days since 1970-01-01.
    litres : (N, D, 24) float64, litres
        The roll-ups of the D days before the night; NaN where unknown or left out.
    use_litres : float, litres
        Water in an hour from which it counts as used.
    resolution_litres : (N,) float64, litres
        The smallest step of each register.
    flows_told : FlowsTold, optional
        What people said of water that runs in these homes.
    """

    homes: tuple[int, ...]
    night: int
    litres: Floats
    use_litres: float
    resolution_litres: Floats
    flows_told: FlowsTold | None = None

    @property
    def first_day(self) -> int:
        """The first of the days."""
        days: int = self.litres.shape[1]
        return self.night - days

    @property
    def final_day(self) -> int:
        """The last day that no late reading changes any more."""
        return self.night - ROLLED_DAYS

    def count(self, silences: Silences, first_day: int, until_day: int) -> Silences:
        """Count the days from one to another; `silences` are of all these homes or of some."""
        days = slice(first_day - self.first_day, until_day + 1 - self.first_day)
        place = {home: row for row, home in enumerate(self.homes)}
        rows = np.array([place[home] for home in silences.homes], dtype=np.int64)
        litres = self.litres[rows, days].reshape(len(rows), -1)
        if not litres.shape[1]:
            return silences
        known, steps = np.isfinite(litres), self.resolution_litres[rows]
        return count_days(silences, first_day, litres, known, self.use_litres, steps)

    def profile(self, silences: Silences, prior: Prior, alarms_per_year: Floats) -> UsageProfile:
        """Learn what is in force from this night on, as it is kept.

        Parameters
        ----------
        silences : Silences
            Of these homes, counted up to the last final day.
        prior : Prior
        alarms_per_year : (N,) float64, alarms a household-year
        """
        learnt = learn(
            silences,
            self.litres,
            self.first_day,
            prior,
            alarms_per_year,
            use_litres=self.use_litres,
            resolution_litres=self.resolution_litres,
            flows_told=self.flows_told,
        )
        return learnt.as_kept()
