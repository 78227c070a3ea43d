"""Times that teach nothing: declared absences, and what visits found.

A home is not its usual self while nobody is there. These hours count as unknown, for good: a time
that is told later than its days were counted has them counted anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import numpy as np

from meterwatch.domain.lesson import Answered, LeftOut, left_out
from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime
from meterwatch.store import Transaction

_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Excluded:
    """The times of each home that are left out of what is usual for it."""

    times: Mapping[int, Sequence[LeftOut]]
    local: LocalTime
    use_litres: float

    def marks(self, homes: Sequence[int], litres: Floats, first_day: int) -> Bools:
        """Mark the hours that are left out.

        Parameters
        ----------
        homes : sequence of int, length N
        litres : (N, D, 24) float64, litres
            Water by local hour, the oldest day first; NaN where unknown. A time that ends by use
            ends at the first use in them.
        first_day : int
            The first local day, in days since 1970-01-01.

        Returns
        -------
        (N, D, 24) bool
        """
        marks = np.zeros((len(homes), litres.shape[1] * HOURS), dtype=np.bool_)
        hourly = litres.reshape(marks.shape)
        for row, home in enumerate(homes):
            for one in self.times.get(home, ()):
                begin, stop = self._hours(one)
                begin = max(begin - first_day * HOURS, 0)
                stop = max(stop - first_day * HOURS, 0)
                if one.until_use:
                    stop += _first(hourly[row, stop:] >= self.use_litres)
                marks[row, begin:stop] = True
        return marks.reshape(litres.shape)

    def sum_of(self, home: int, until_day: int) -> int:
        """Sum up what is left out of the days up to and with this one; 0 where nothing is."""
        end = (until_day + 1) * HOURS
        found = [
            (begin, min(stop, end), one.until_use)
            for one in self.times.get(home, ())
            for begin, stop in (self._hours(one),)
            if begin < end
        ]
        return crc32(repr(sorted(found)).encode()) if found else 0

    def _hours(self, one: LeftOut) -> tuple[int, int]:
        """Give the first local hour of a time, and the one after its last, since 1970."""
        bounds = np.array([one.since.timestamp(), one.until.timestamp()])
        begin, stop = self.local.seconds(bounds) / _HOUR
        return int(np.floor(begin)), max(int(np.ceil(stop)), int(np.floor(begin)) + 1)


def excluded_periods(
    tx: Transaction, since: datetime, now: datetime
) -> Mapping[int, Sequence[LeftOut]]:
    """Give the times of each home since then that teach nothing."""
    found: dict[int, list[LeftOut]] = {}
    for home, absences in tx.homes.absences(since).items():
        for one in absences:
            if one.since < min(one.ends_at, now):
                found.setdefault(home, []).append(LeftOut(one.since, one.ends_at, until_use=False))
    answered: Mapping[int, Iterable[Answered]] = tx.visits.answered(since)
    for home, answers in answered.items():
        found.setdefault(home, []).extend(left_out(answers))
    return found


def _first(flags: Bools) -> int:
    return int(np.argmax(flags)) if flags.any() else len(flags)
