"""A recorded home as a detector would have met it: a window at each reading, a profile each day.

Nothing looks ahead. The profile in force on a day is learnt from the days before it, and the
first 28 days of a record are history only. A household is judged alone (a law of the detectors),
so the successive readings of one home may stand as the rows of one window.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from meterwatch.detectors.arrays import base_flow, used
from meterwatch.detectors.hours import by_local_hour
from meterwatch.detectors.profile import DAYS, learn_longest
from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime, UsageProfile, UsageWindow
from meterwatch.evaluation.records import Record

Indices = NDArray[np.int64]

LEAST_READINGS = 2_500
COVERED_HOURS = 6.0  # time inside longer gaps is not covered
LEAST_COVERED = 0.6
MOST_UNUSED_DAYS = 0.3
WINDOW_HOURS = 120.0  # as on the live board
_CHUNK = 2_000
_DAY = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """One home that entered, with what was known of it on each day.

    Attributes
    ----------
    record : Record
    local : LocalTime
    in_use : (K,) bool
        In which intervals somebody drew water.
    opens_at : float, epoch seconds
        When its history is long enough; judged from then on.
    first_day : int
        The local day, since 1970-01-01, of the first row of `profiles`.
    profiles : UsageProfile
        One row a day.
    """

    record: Record
    local: LocalTime
    in_use: Bools
    opens_at: float
    first_day: int
    profiles: UsageProfile

    @property
    def judged(self) -> Indices:
        """The intervals whose closing readings are judged."""
        return np.flatnonzero(self.record.ends_at > self.opens_at)

    @property
    def years(self) -> float:
        """Covered time that is judged, in years."""
        hours = self.record.hours[self.judged]
        return float(hours[hours <= COVERED_HOURS].sum() / (365.25 * HOURS))

    @property
    def width(self) -> int:
        """How many intervals a window holds."""
        return math.ceil(WINDOW_HOURS / max(float(np.median(self.record.hours)), 1 / 60))

    def windows(self) -> Iterator[tuple[Indices, UsageWindow]]:
        """Give the window at each judged reading, many at a time."""
        record, width = self.record, self.width
        columns = [
            sliding_window_view(np.concatenate([np.full(width - 1, np.nan), array]), width)
            for array in (record.ends_at, record.hours, record.litres)
        ]
        for at in _chunks(self.judged):
            yield at, window_of(record, *(column[at] for column in columns))

    def profile_at(self, moments: Floats) -> UsageProfile:
        """Give the profile in force at each moment, a row a moment."""
        day = np.floor(self.local.seconds(moments) / _DAY).astype(np.int64) - self.first_day
        row = np.clip(day, 0, len(self.profiles.homes) - 1)
        return self.profiles.take(tuple(range(len(row))), row)


def window_of(record: Record, ends_at: Floats, hours: Floats, litres: Floats) -> UsageWindow:
    """Make a window whose rows are moments in the life of one home."""
    count = len(ends_at)
    return UsageWindow(
        tuple(range(count)),
        ends_at,
        hours,
        litres,
        np.full(count, -np.inf),
        np.full(count, record.resolution_litres),
    )


def enter(record: Record, local: LocalTime, use_litres: float) -> Home | None:
    """Take a record in, or give None where it knows too little or the home stands empty."""
    opens_at = record.began_at + DAYS * _DAY
    if record.readings < LEAST_READINGS or record.ends_at[-1] <= opens_at:
        return None
    covered = record.hours[record.hours <= COVERED_HOURS].sum() / record.hours.sum()
    whole = window_of(record, record.ends_at[None], record.hours[None], record.litres[None])
    in_use = used(whole, base_flow(whole), use_litres)[0]
    day = np.floor(local.seconds(record.ends_at) / _DAY).astype(np.int64)
    unused = 1.0 - len(np.unique(day[in_use])) / len(np.unique(day))
    if covered < LEAST_COVERED or unused > MOST_UNUSED_DAYS:
        return None
    profiles = _profiles(whole, local, int(day[0]), int(day[-1]), use_litres)
    return Home(record, local, in_use, opens_at, int(day[0]) + DAYS, profiles)


def _profiles(
    whole: UsageWindow, local: LocalTime, first: int, last: int, use_litres: float
) -> UsageProfile:
    """Learn a profile for each day from the 28 days before it."""
    days = max(last - first + 1, DAYS + 1)
    litres, _ = by_local_hour(whole, local, first, days)
    past = sliding_window_view(litres[0], DAYS * HOURS)[: (days - DAYS) * HOURS : HOURS]
    return learn_longest(
        tuple(range(len(past))),
        past,
        use_litres=use_litres,
        resolution_litres=np.full(len(past), whole.resolution_litres[0]),
    )


def _chunks(positions: Indices) -> Iterator[Indices]:
    for start in range(0, len(positions), _CHUNK):
        yield positions[start : start + _CHUNK]
