"""No use: the taps have stayed shut for longer than this home ever goes without.

Somebody who has fallen, or is too ill to leave the bed, draws no water. The rule counts the hours
from the last visible use to the newest reading and compares them with the limit learnt for this
home. It looks only at readings: time that passes without one makes a home unknown, which is the
business of `meter_silent`, and never makes a silence longer.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import base_flow, known, present, used
from meterwatch.detectors.latest import last_drawn
from meterwatch.detectors.parameters import check_positive
from meterwatch.domain.usage import Bools, Findings, Floats, LocalTime, UsageProfile, UsageWindow

SECONDS = 3_600.0
AWAY_HOURS = 15.0  # a home known to be without use for so long was empty, or asleep for very long
JUST_HOME_HOURS = 3.0  # a silence that begins so soon after goes on with it more often than not


@dataclass(frozen=True, slots=True)
class NoUse:
    """Fires when the taps have been shut for as long as the home's limit.

    Parameters
    ----------
    use_litres : float, default 3.0
        Water in one interval, above the standing base flow, from which it counts as use. Where
        one step of the register is larger, one step is a use.
    default_limit_hours : float, default 24.0
        The limit of a home of which there is no profile at all: one night later it has the limits
        of homes like it.
    min_limit_hours, max_limit_hours : float, default 4.0 and 48.0
        Bounds of a learnt limit. Learning keeps within 4 and 48 hours, so they can only narrow it.
    degraded_litres_per_hour : float, default 1.0
        Base flow from which the home's protection is called degraded: uses hide in a leak.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number, or the limits are out of order.

    Notes
    -----
    A silence begins at the closing reading of the last interval with use. A gap across which the
    register moved hides a use somewhere in it, so a silence begins at the earliest at its end; a
    gap across which the register stood still goes on with the silence. It is never counted from
    before `counts_from` (the end of an absence). Where the window shows no use at all, it began
    before the window and counts from the window's first known moment.

    A silence that begins within three hours after the end of one of 15 hours or more has to last
    at least `returning_hours` of the profile, where that is learnt: who looks in for a moment is
    away again more often than not.

    `score` is the silence divided by its limit, 0 where unknown. The figures are `silence_hours`;
    `last_use_at`, epoch seconds, NaN where the window shows none; `base_litres_per_hour`;
    `usual_longest_hours`, the longest silence of the last weeks, NaN where none is known;
    `learnt_days`, on how many known days the limit rests, NaN without a profile; `just_home`, 1
    where it is longer because somebody came home just before;
    `degraded`, 1 where the home leaks; `coarse`, 1 where one step of the register is more than
    `use_litres`, so that small uses show late and a slow leak looks like a use now and then.

    It cannot tell an empty home from a fallen person, it takes a guest or a timed irrigation for
    the resident, and it sees nobody whose leak swings by more than `use_litres` an interval. On
    real homes: docs/reference/detectors.md.

    Examples
    --------
    Two homes with hourly readings. The first drew its last water 30 hours before its newest
    reading, the second an hour before.

    >>> from datetime import UTC
    >>> ends = np.tile(np.arange(1.0, 49.0) * 3600, (2, 1))
    >>> litres = np.zeros((2, 48))
    >>> litres[0, 17] = litres[1, 46] = 8.0
    >>> usage = UsageWindow((1, 2), ends, np.ones((2, 48)), litres, np.full(2, -np.inf), np.ones(2))
    >>> found = NoUse().detect(usage, UsageProfile.unlearnt((1, 2)), LocalTime.of(UTC))
    >>> found.fired.tolist(), found.figures["silence_hours"].tolist(), found.limit.tolist()
    ([True, False], [30.0, 1.0], [24.0, 24.0])
    """

    name: ClassVar[str] = "no_use"

    use_litres: float = 3.0
    default_limit_hours: float = 24.0
    min_limit_hours: float = 4.0
    max_limit_hours: float = 48.0
    degraded_litres_per_hour: float = 1.0

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)
        if not self.min_limit_hours <= self.default_limit_hours <= self.max_limit_hours:
            raise ValueError(
                "min_limit_hours, default_limit_hours, max_limit_hours: must be in ascending order"
            )

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:
        """Judge every household in the window; one verdict a row."""
        last_use, base = last_drawn(usage, self.use_litres)
        since = _since(usage, last_use)
        judged = known(usage.part(newest=1))[:, 0] & np.isfinite(since)
        since = np.where(judged, since, np.nan)
        silence = np.where(judged, np.maximum(usage.as_of - since, 0.0) / SECONDS, np.nan)
        limit = self._limit(profile.silence_limit_hours(since, local))
        with np.errstate(invalid="ignore"):
            fired: Bools = judged & (silence >= limit)
        rows = np.flatnonzero(fired & np.isfinite(profile.returning_hours))
        usual = limit.copy()
        limit[rows] = self._stretched(usage, rows, since, limit, profile.returning_hours)
        fired[rows] = silence[rows] >= limit[rows]
        return Findings(
            fired=fired,
            known=judged,
            score=np.where(judged, silence / limit, 0.0),
            since=since,
            limit=limit,
            figures={
                "silence_hours": silence,
                "last_use_at": last_use,
                "base_litres_per_hour": base,
                "degraded": (base >= self.degraded_litres_per_hour).astype(np.float64),
                "usual_longest_hours": profile.longest_silence_hours,
                "learnt_days": profile.days,
                "just_home": (limit > usual).astype(np.float64),
                "coarse": (usage.resolution_litres > self.use_litres).astype(np.float64),
            },
        )

    def _stretched(
        self,
        usage: UsageWindow,
        rows: NDArray[np.int64],
        since: Floats,
        limit: Floats,
        returning: Floats,
    ) -> Floats:
        """Give the limits of the homes that would fire: longer where somebody just came home."""
        part = usage.part(rows)
        home_for = (since[rows] - _came_home(part, self.use_litres)) / SECONDS
        stretched = np.clip(
            returning[rows], limit[rows], np.maximum(limit[rows], self.max_limit_hours)
        )
        return np.where(home_for <= JUST_HOME_HOURS, stretched, limit[rows])

    def _limit(self, learnt: Floats) -> Floats:
        bounded = np.clip(learnt, self.min_limit_hours, self.max_limit_hours)
        return np.where(np.isnan(learnt), self.default_limit_hours, bounded)


def _since(usage: UsageWindow, last_use: Floats) -> Floats:
    """Give when the silence after the last use began; NaN where nothing is known of a home."""
    began = last_use.copy()
    rows = np.flatnonzero(np.isnan(last_use))  # it began before the window
    if len(rows):
        began[rows] = _first_moment(usage.part(rows))
    return np.where(np.isfinite(began), np.fmax(began, usage.counts_from), np.nan)


def _came_home(usage: UsageWindow, use_litres: float) -> Floats:
    """Give when the last use ended that came after hours known to be without; -inf if none."""
    in_use = used(usage, base_flow(usage), use_litres)
    unplaced = present(usage) & np.isnan(usage.litres)
    ends = np.where(in_use | unplaced, usage.ends_at, -np.inf)
    before = np.maximum.accumulate(ends, axis=1)[:, :-1]
    before = np.fmax(before, _first_moment(usage)[:, np.newaxis])
    began = (usage.ends_at - usage.hours * SECONDS)[:, 1:]
    with np.errstate(invalid="ignore"):
        home_again = (in_use | unplaced)[:, 1:] & (began - before >= AWAY_HOURS * SECONDS)
    came: Floats = np.where(home_again, usage.ends_at[:, 1:], -np.inf).max(axis=1, initial=-np.inf)
    return came


def _first_moment(usage: UsageWindow) -> Floats:
    there = present(usage)
    column, rows = there.argmax(axis=1), np.arange(len(usage.homes))
    began = usage.ends_at[rows, column] - usage.hours[rows, column] * SECONDS
    return np.where(there[rows, column], began, np.nan)
