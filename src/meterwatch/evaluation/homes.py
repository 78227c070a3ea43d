"""A recorded home that can be scored: what it drew, when it was in use, when readings arrived.

The first 28 days of a record are history only. What counts as a use here is what counts as one for
the detectors.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import base_flow, used
from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime, UsageWindow
from meterwatch.evaluation.arrivals import Arrivals
from meterwatch.evaluation.records import Record

Indices = NDArray[np.int64]

HISTORY_DAYS = 28
LEAST_READINGS = 2_500
COVERED_HOURS = 6.0  # time inside longer gaps is not covered
LEAST_COVERED = 0.6
MOST_UNUSED_DAYS = 0.3
WINDOW_HOURS = 120.0  # as on the live board
DAY = 86_400.0
_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """One home that entered.

    Attributes
    ----------
    record : Record
    local : LocalTime
    base : (K,) float64, litres per hour
        The standing flow.
    in_use : (K,) bool
        In which intervals somebody drew water.
    opens_at : float, epoch seconds
        When its history is long enough; judged from then on.
    heard_at : (K,) float64, epoch seconds
        When each closing reading arrived.
    looked : (K,) bool
        Which readings are judged: of those that arrive together only the newest.
    use_litres : float
    """

    record: Record
    local: LocalTime
    base: Floats
    in_use: Bools
    opens_at: float
    heard_at: Floats
    looked: Bools
    use_litres: float

    @property
    def name(self) -> str:
        """What the file calls it."""
        return self.record.home

    @property
    def judged(self) -> Indices:
        """The intervals after the history."""
        return np.flatnonzero(self.record.ends_at > self.opens_at)

    @property
    def years(self) -> float:
        """Covered time that is judged, in years."""
        hours = self.record.hours[self.judged]
        return float(hours[hours <= COVERED_HOURS].sum() / (365.25 * HOURS))

    @property
    def width(self) -> int:
        """How many intervals a window holds at most."""
        ends = self.record.ends_at
        first = np.searchsorted(ends, ends - WINDOW_HOURS * _SECONDS)
        return max(int((np.arange(1, len(ends) + 1) - first).max()), 1)

    def day(self, moments: Floats) -> Indices:
        """Give the local day of each moment, in days since 1970-01-01."""
        return np.floor(self.local.seconds(moments) / DAY).astype(np.int64)


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


def enter(
    record: Record, local: LocalTime, use_litres: float, arrivals: Arrivals | None = None
) -> Home | None:
    """Take a record in, or give None where it knows too little or the home stands empty."""
    opens_at = record.began_at + HISTORY_DAYS * DAY
    if record.readings < LEAST_READINGS or record.ends_at[-1] <= opens_at:
        return None
    covered = record.hours[record.hours <= COVERED_HOURS].sum() / record.hours.sum()
    whole = window_of(record, record.ends_at[None], record.hours[None], record.litres[None])
    base = base_flow(whole)
    in_use = used(whole, base, use_litres)[0]
    day = np.floor(local.seconds(record.ends_at) / DAY).astype(np.int64)
    unused = 1.0 - len(np.unique(day[in_use])) / len(np.unique(day))
    if covered < LEAST_COVERED or unused > MOST_UNUSED_DAYS:
        return None
    heard_at, looked = (arrivals or Arrivals()).of(record.ends_at, local)
    return Home(record, local, base[0], in_use, opens_at, heard_at, looked, use_litres)
