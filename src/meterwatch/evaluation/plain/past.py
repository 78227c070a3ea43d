"""Past: the silences of a home that have ended, and how often it draws water in each local hour.

The plain rules learn from the 28 days before a day, and only from silences that ended in them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from meterwatch.domain.usage import HOURS, Floats
from meterwatch.evaluation.homes import DAY, HISTORY_DAYS, Home, Indices
from meterwatch.evaluation.plain.view import View
from meterwatch.evaluation.records import PLACED_HOURS

LONGEST = 24.0  # longer silences teach the plain rules nothing
SHORTEST_RATE_HOURS = 0.5  # readings nearer to one another give no rate
_HOUR = 3_600.0


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What the plain rules learn from.

    Attributes
    ----------
    home : Home
    began_at, ended_at, hours : (S,) float64
        Of each silence under 24 hours; `hours` from use to use.
    ended_on : (S,) int
        The local day on which it ended, in order.
    clock : (S,) int
        The local hour in which it began.
    first_day : int
        The local day of the first row of `hazards`.
    hazards : (D, 25) float64
        Minus the logarithm of how likely the home is to draw no water from local midnight to each
        hour, by the 28 days before each day.
    """

    home: Home
    began_at: Floats
    ended_at: Floats
    hours: Floats
    ended_on: Indices
    clock: Indices
    first_day: int
    hazards: Floats

    @classmethod
    def of(cls, view: View) -> "Past":
        """Learn from the untouched record of a home."""
        home = view.scene.home
        ends = view.scene.ends_at[0][view.broken[0]]
        began, ended = ends[:-1], ends[1:]
        hours = (ended - began) / _HOUR
        short = hours < LONGEST
        began, ended, hours = began[short], ended[short], hours[short]
        first, known, used = _by_hour(home)
        return cls(
            home,
            began,
            ended,
            hours,
            home.day(ended),
            home.local.class_and_hour(began)[1],
            first,
            _hazards(known, used),
        )

    def row(self, day: Indices) -> Indices:
        """Give the row of a day among those that were learnt."""
        return np.clip(day - self.first_day, 0, len(self.hazards) - 1)

    def largest(self, values: Floats) -> Floats:
        """Give (D, 24) the largest of the values of silences, by day and hour of beginning.

        A row knows the 28 days before its day.
        """
        daily = np.zeros((len(self.hazards), HOURS))
        np.maximum.at(daily, (self.row(self.ended_on), self.clock), values)
        largest: Floats = _before(daily).max(axis=-1)
        return largest

    def hazard(self, day: Indices, began_at: Floats, at: Floats) -> Floats:
        """Give how surprising no use is from one moment to another, by what a day knows."""
        row = self.row(day)
        return self._up_to(row, at) - self._up_to(row, began_at)

    def _up_to(self, row: Indices, at: Floats) -> Floats:
        local = self.home.local.seconds(at)
        days = np.floor(local / DAY)
        clock = (local - days * DAY) / _HOUR
        hour = np.minimum(clock.astype(np.int64), HOURS - 1)
        at_hour, after = self.hazards[row, hour], self.hazards[row, hour + 1]
        part = at_hour + (clock - hour) * (after - at_hour)
        return np.asarray(days * self.hazards[row, HOURS] + part)


def _by_hour(home: Home) -> tuple[int, Floats, Floats]:
    """Count readings and uses by local day and hour: first day, (D, 24) and (D, 24)."""
    record = home.record
    rated = np.isfinite(record.litres) & (record.hours >= SHORTEST_RATE_HOURS)
    rated &= record.hours <= PLACED_HOURS
    day, hour = home.day(record.ends_at), home.local.class_and_hour(record.ends_at)[1]
    first, count = int(day[0]), int(day[-1] - day[0] + 2)
    cell = (day - first) * HOURS + hour
    known = np.bincount(cell[rated], minlength=count * HOURS).reshape(count, HOURS)
    used = np.bincount(cell[rated & home.in_use], minlength=count * HOURS).reshape(count, HOURS)
    return first, known.astype(np.float64), used.astype(np.float64)


def _hazards(known: Floats, used: Floats) -> Floats:
    """Give the hazards of each day, half a use and half a reading without one taken as seen."""
    share = (_before(used).sum(axis=-1) + 0.5) / (_before(known).sum(axis=-1) + 1.0)
    hourly = -np.log1p(-share)
    return np.concatenate([np.zeros((len(hourly), 1)), np.cumsum(hourly, axis=1)], axis=1)


def _before(daily: Floats) -> Floats:
    """Give (D, ..., 28) the values of the days before each day."""
    empty = np.zeros((HISTORY_DAYS, *daily.shape[1:]))
    padded = np.concatenate([empty, daily[:-1]])
    return np.asarray(sliding_window_view(padded, HISTORY_DAYS, axis=0))
