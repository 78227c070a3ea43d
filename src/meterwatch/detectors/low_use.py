"""Low use: still some water, but far below the home's own days.

Somebody who is ill in bed, or whose carer has stopped coming, still draws a little; a toilet that
drips on keeps `no_use` quiet for ever. The rule adds up what was drawn in the last three days,
without the standing base flow, and compares it with the floors learnt for this home: of litres, and
of activity, the square root of the flow, in which one bath weighs less than ten small uses.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from meterwatch.detectors.arrays import base_flow, known, used
from meterwatch.detectors.floors import JOURNEY_HOURS, LEAST_KNOWN, TOTAL_HOURS
from meterwatch.detectors.parameters import check_positive
from meterwatch.detectors.totals import columns_since, silent_for, sums_since
from meterwatch.domain.usage import Bools, Findings, Floats, LocalTime, UsageProfile, UsageWindow

SECONDS = 3_600.0
_DAY = 86_400.0
RATE_HOURS = 0.9  # learning sees hours; a meter that speaks more often is looked at by the hour


@dataclass(frozen=True, slots=True)
class LowUse:
    """Fires when the last days stay under the floor that was learnt for this home.

    Parameters
    ----------
    floor_share : float, default 1.0
        The floors are taken times this: below 1 for fewer alarms, above for sooner ones.
    least_known_share : float, default 0.6
        The share of the three days that must be known for a home to be judged.
    use_litres : float, default 3.0
        Water in one interval, above the base flow, that breaks a silence.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number.

    Notes
    -----
    The three days end at the newest reading. An unknown hour counts as a usual one and is never
    taken for quiet; time before `counts_from` (the end of an absence) is unknown. A home without
    learnt floors is unknown, and so is one whose three days hold a silence of 24 h or more: that is
    the worry of `no_use`, or a habit that it knows. Of litres and activity the one further below
    its floor is reported.

    `score` is 1 at the floor, 2 at nothing, and 0 at twice the floor and above. `since` is the
    first local midnight of the three days, so that a low which comes and goes within a day is one
    worry, and `limit` is 72 hours. The figures are `litres`, what is known to have been drawn, and
    `usual_litres`, what usually is; `share`, the part of the usual that the reported sum came to,
    and `floor_share`, at which it fires; `unknown_hours`.

    It cannot tell illness from guests who left or from days spent out of the house. How often it
    is wrong: docs/reference/detectors.md.

    Examples
    --------
    Two homes that usually draw 10 litres an hour; for three days the first draws 6 every six hours.

    >>> from datetime import UTC
    >>> ends = np.tile(np.arange(1.0, 97.0) * 3600, (2, 1))
    >>> litres = np.tile([20.0, 0.0], (2, 48))
    >>> litres[0, 24:] = np.tile([0.0, 0.0, 0.0, 0.0, 0.0, 6.0], 12)
    >>> usage = UsageWindow((1, 2), ends, np.ones((2, 96)), litres, np.full(2, -np.inf), np.ones(2))
    >>> usual = np.array([[720.0, 161.0]] * 2)
    >>> floors = np.repeat(usual[:, :, np.newaxis] * 0.4, 7, axis=2)
    >>> profile = UsageProfile((1, 2), usual_totals=usual, floors=floors)
    >>> found = LowUse().detect(usage, profile, LocalTime.of(UTC))
    >>> found.fired.tolist(), found.figures["litres"].tolist()
    ([True, False], [72.0, 720.0])
    """

    name: ClassVar[str] = "low_use"

    floor_share: float = 1.0
    least_known_share: float = LEAST_KNOWN
    use_litres: float = 3.0

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:
        """Judge every household in the window; one verdict a row."""
        begins = np.fmax(usage.as_of - TOTAL_HOURS * SECONDS, usage.counts_from)
        part = usage.part(newest=columns_since(usage, begins - JOURNEY_HOURS * SECONDS))
        base = base_flow(usage, part.litres.shape[1])
        totals, known_hours = sums_since(usage, part, base, begins, RATE_HOURS)
        usual, floors = profile.usual_totals, self._floors(usage, profile, local)
        unknown = np.maximum(TOTAL_HOURS - known_hours, 0.0)
        judged: Bools = known(usage.part(newest=1)) & np.isfinite(floors) & np.isfinite(usual)
        judged &= known_hours >= self.least_known_share * TOTAL_HOURS
        silent = silent_for(JOURNEY_HOURS, part, used(part, base, self.use_litres), begins)
        judged &= ~silent[:, np.newaxis]
        with np.errstate(invalid="ignore", divide="ignore"):
            filled = totals + unknown * usual / TOTAL_HOURS
            score = np.where(judged, np.clip(2.0 - filled / floors, 0.0, 2.0), 0.0)
            shares, floor_shares = filled / usual, floors / usual
        at = np.arange(len(usage.homes)), np.where(judged, score, -1.0).argmax(axis=1)
        some: Bools = judged[:, 0] | judged[:, 1]
        return Findings(
            fired=some & (score[at] >= 1.0),
            known=some,
            score=score[at],
            since=np.where(some, _first_day(begins, local), np.nan),
            limit=np.full(len(usage.homes), float(TOTAL_HOURS)),
            figures={
                "litres": np.where(some, totals[:, 0], np.nan),
                "usual_litres": usual[:, 0],
                "share": np.where(some, shares[at], np.nan),
                "floor_share": floor_shares[at],
                "unknown_hours": np.where(some, unknown[at], np.nan),
            },
        )

    def _floors(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Floats:
        """Look up the floors of the weekday of the newest reading; (N, 2)."""
        newest = np.where(np.isfinite(usage.as_of), usage.as_of, 0.0)
        rows = np.arange(len(usage.homes))
        return self.floor_share * profile.floors[rows, :, local.weekday(newest)]


def _first_day(begins: Floats, local: LocalTime) -> Floats:
    """Give the first local midnight from a moment on, by the offset that holds there."""
    there = np.where(np.isfinite(begins), begins, 0.0)
    seconds = local.seconds(there)
    midnight: Floats = np.ceil(seconds / _DAY) * _DAY - (seconds - there)
    return midnight
