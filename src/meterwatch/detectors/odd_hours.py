"""Odd hours: water at night in a home that sleeps then, for several nights in a row.

Who walks about at three in the morning night after night may be confused, in pain or afraid. It is
nothing to wake anybody for: a concern for the next visit, and only where a home's care grade asks
for so close a look. So it is switched off until somebody switches it on.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import (
    LITRES_TOLERANCE,
    base_flow,
    known,
    least_use,
    used,
)
from meterwatch.detectors.parameters import check_positive
from meterwatch.domain.usage import (
    HOURS,
    Bools,
    Findings,
    Floats,
    LocalTime,
    UsageProfile,
    UsageWindow,
)

SECONDS = 3_600.0
NIGHT = (23, 0, 1, 2, 3, 4)  # local hours; a night belongs to the day on which it ends
NIGHTS_SEEN = 5  # how many nights the live window holds
PLACED_HOURS = 1.6  # a longer interval does not tell the hour of a use
LEAST_DAYS = 14
LATEST_DAYS = 5  # they do not teach: a new habit must not become the custom before it is seen
_DAY = 86_400.0

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OddHours:
    """Fires when a home draws water in its own quiet hours, several nights in a row.

    Parameters
    ----------
    nights : float, default 3.0
        How many nights in a row.
    quiet_share : float, default 0.02
        An hour of the night is quiet where at most this share of nights had use in it.
    use_litres : float, default 3.0
        Water in one interval, above the base flow, that is a use.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number, or `nights` more than the window holds.

    Notes
    -----
    Night is from 23:00 to 05:00 local time. A run of odd nights ends with the night that runs now
    or the one before. Use in an interval of more than 1.6 h has no hour and counts for nothing; so
    does everything before `counts_from`. A home of which too little is learnt, or that has no
    quiet hour, is unknown.

    `score` is the run divided by `nights`; `since` is the beginning of the first night of the run
    (23:00), NaN where there is none, and `limit` is `nights`. The figures are `odd_nights`, the
    length of the run, and `odd_uses`, the intervals with use in it.
    """

    name: ClassVar[str] = "odd_hours"

    nights: float = 3.0
    quiet_share: float = 0.02
    use_litres: float = 3.0

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)
        if self.nights > NIGHTS_SEEN:
            raise ValueError(f"nights: must be at most {NIGHTS_SEEN}, not {self.nights}")

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:
        """Judge every household in the window; one verdict a row."""
        quiet = self._quiet_hours(profile)
        judged = known(usage.part(newest=1))[:, 0] & quiet.any(axis=1)
        uses = self._odd_uses(usage, quiet, local)
        started = uses[:, :1] > 0.0
        odd = np.where(started, uses[:, :-1] > 0.0, uses[:, 1:] > 0.0)
        run = np.where(judged, np.logical_and.accumulate(odd, axis=1).sum(axis=1), 0).astype(float)
        ends_with = np.where(started[:, 0], 0.0, 1.0)
        in_run = np.arange(NIGHTS_SEEN + 1) < (run + ends_with)[:, np.newaxis]
        score = np.where(judged, run / self.nights, 0.0)
        return Findings(
            fired=judged & (score >= 1.0),
            known=judged,
            score=score,
            since=np.where(run > 0.0, _night_begins(usage, local, run - 1.0 + ends_with), np.nan),
            limit=np.full(len(usage.homes), self.nights),
            figures={
                "odd_nights": run,
                "odd_uses": np.cumsum(np.where(in_run, uses, 0.0), axis=1)[:, -1] * (run > 0.0),
            },
        )

    def _quiet_hours(self, profile: UsageProfile) -> Bools:
        """Tell in which local hours of the night a home draws next to nothing."""
        night = np.isin(np.arange(HOURS), NIGHT)
        with np.errstate(invalid="ignore"):
            quiet: Bools = night & (profile.night_use <= self.quiet_share)
        return quiet

    def _odd_uses(self, usage: UsageWindow, quiet: Bools, local: LocalTime) -> Floats:
        """Count the odd uses of each night; (N, nights back from the newest reading)."""
        with np.errstate(invalid="ignore"):
            enough = usage.litres >= least_use(usage, self.use_litres) - LITRES_TOLERANCE
            drawn = np.flatnonzero(enough & (usage.hours <= PLACED_HOURS))
        ends = usage.ends_at.ravel()[drawn]
        seconds = local.seconds(ends - usage.hours.ravel()[drawn] * SECONDS / 2.0)
        hour = np.floor_divide(seconds, SECONDS).astype(np.int64) % HOURS
        rows = drawn // usage.litres.shape[1]
        odd = quiet[rows, hour] & (ends > usage.counts_from[rows])
        rows, columns = rows[odd], drawn[odd] % usage.litres.shape[1]
        real = self._in_use(usage, rows, columns)
        rows, night = rows[real], _night(seconds[odd][real])
        newest = np.where(np.isfinite(usage.as_of), usage.as_of, 0.0)
        back = (_night(local.seconds(newest))[rows] - night).astype(np.int64)
        seen = back <= NIGHTS_SEEN
        cells = rows[seen] * (NIGHTS_SEEN + 1) + back[seen]
        count = np.bincount(cells, minlength=len(usage.homes) * (NIGHTS_SEEN + 1))
        return count.reshape(len(usage.homes), NIGHTS_SEEN + 1).astype(np.float64)

    def _in_use(self, usage: UsageWindow, rows: Rows, columns: Rows) -> Bools:
        """Tell in which of these intervals the base flow explains less than was drawn."""
        some, place = np.unique(rows, return_inverse=True)
        part = usage.part(some)
        return used(part, base_flow(part), self.use_litres)[place, columns]


def learn_night_use(
    past: Floats,
    first_day: int,  # noqa: ARG001  # what learning from the past is given
    *,
    use_litres: float = 3.0,
) -> Floats:
    """Learn in which share of the known days water is used in each local hour.

    Parameters
    ----------
    past : (N, D, 24) float64, litres
        Water drawn in each local hour, the oldest first; NaN where unknown. The last five days do
        not count.
    first_day : int
        The local day of the first column, in days since 1970-01-01.
    use_litres : float
        Water in an hour from which it counts as used.

    Returns
    -------
    (N, 24) float64
        NaN where an hour is known on fewer than 14 days.
    """
    days = past[:, : max(past.shape[1] - LATEST_DAYS, 0)]
    there = np.isfinite(days)
    with np.errstate(invalid="ignore"):
        uses = (there & (days >= use_litres)).sum(axis=1)
    count = there.sum(axis=1)
    return np.where(count >= LEAST_DAYS, uses / np.maximum(count, 1), np.nan)


def _night(local_seconds: Floats) -> Floats:
    """Number the nights by the local day on which they end; the hours of a day follow its night."""
    return np.floor((local_seconds + SECONDS) / _DAY)


def _night_begins(usage: UsageWindow, local: LocalTime, back: Floats) -> Floats:
    """Give 23:00 before a night, by the offset that holds at the newest reading."""
    newest = np.where(np.isfinite(usage.as_of), usage.as_of, 0.0)
    seconds = local.seconds(newest)
    begins: Floats = (_night(seconds) - back) * _DAY - SECONDS - (seconds - newest)
    return begins
