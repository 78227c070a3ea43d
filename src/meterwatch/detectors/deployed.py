"""Rules as they are deployed elsewhere: one threshold for every home, nothing learnt.

They are there to be compared with, and for a service that has to follow such a rule. They take
nothing off for a standing leak and know no weekday: a night's sleep and a dripping tap count.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from meterwatch.detectors.arrays import (
    LITRES_TOLERANCE,
    base_flow,
    known,
    present,
)
from meterwatch.detectors.parameters import check_positive
from meterwatch.domain.usage import Bools, Findings, Floats, LocalTime, UsageProfile, UsageWindow

SECONDS = 3_600.0
_TOLERANCE_HOURS = 0.25  # readings are not on the dot
_JUST_BELOW = float(np.nextafter(1.0, 0.0))  # the score of what does not fire
_OPEN_TAP = 2.0  # the severity of `flat_flow` for water that somebody may have left on


@dataclass(frozen=True, slots=True)
class LowTotal:
    """Fires when the last hours came to less than so many litres.

    Parameters
    ----------
    hours : float
        How far back it looks.
    below_litres : float
        Fires when less than this was drawn.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number.

    Notes
    -----
    A home is known where every one of these hours is: a gap in which the register stood still is.
    Time before `counts_from` (the end of an absence) is not counted, so the hours begin anew then.
    `score` is 2 at nothing, 1 at the threshold and 0 at twice of it. `since` is the
    beginning of these hours and `limit` their number. The figures are `litres`, and those of
    `NoUse` that are not learnt: `silence_hours`, `last_use_at`, `base_litres_per_hour`.

    Examples
    --------
    >>> from datetime import UTC
    >>> ends = np.arange(1.0, 25.0)[np.newaxis] * 3600
    >>> litres = np.zeros((1, 24))
    >>> litres[0, [3, 20]] = 30.0, 4.0
    >>> usage = UsageWindow((1,), ends, np.ones((1, 24)), litres, np.full(1, -np.inf), np.ones(1))
    >>> profile, local = UsageProfile.unlearnt((1,)), LocalTime.of(UTC)
    >>> rules = LowTotal(12.0, 10.0), LowTotal(24.0, 10.0)
    >>> [rule.detect(usage, profile, local).fired.tolist() for rule in rules]
    [[True], [False]]
    """

    name: ClassVar[str] = "no_use"

    hours: float
    below_litres: float

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)

    def detect(
        self,
        usage: UsageWindow,
        profile: UsageProfile,  # noqa: ARG002  # what every detector is given
        local: LocalTime,  # noqa: ARG002  # as above
    ) -> Findings:
        """Judge every household in the window; one verdict a row."""
        begins = usage.as_of - self.hours * SECONDS
        litres, covered = _since(usage, np.fmax(begins, usage.counts_from))
        judged = known(usage)[:, -1] & (covered >= self.hours - _TOLERANCE_HOURS)
        fired: Bools = judged & (litres < self.below_litres - LITRES_TOLERANCE)
        near = np.clip(2.0 - litres / self.below_litres, 0.0, _JUST_BELOW)
        score = np.where(fired, 2.0 - litres / self.below_litres, np.where(judged, near, 0.0))
        drawn = known(usage) & (usage.litres > 0.0)
        drawn = drawn | (present(usage) & np.isnan(usage.litres))  # a gap that moved holds some
        last = np.where(drawn, usage.ends_at, -np.inf).max(axis=1)
        last = np.where(np.isfinite(last), last, np.nan)
        return Findings(
            fired=fired,
            known=judged,
            score=score,
            since=np.where(judged, begins, np.nan),
            limit=np.full(len(usage.homes), self.hours),
            figures={
                "litres": np.where(judged, litres, np.nan),
                "silence_hours": np.where(judged, (usage.as_of - last) / SECONDS, np.nan),
                "last_use_at": last,
                "base_litres_per_hour": base_flow(usage, 1)[:, -1],
            },
        )


@dataclass(frozen=True, slots=True)
class HighTotal:
    """Fires when the last hours came to more than so many litres.

    Parameters
    ----------
    hours : float
        How far back it looks.
    above_litres : float
        Fires when more than this was drawn.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number.

    Notes
    -----
    What is known of these hours is added up: unknown time can only have held more. `score` is the
    litres divided by the threshold. `since` is the beginning of these hours and `limit` their
    number. The figures are `litres`, and of `FlatFlow` the `severity` (2, water that somebody may
    have left on), `run_hours` and `litres_per_hour`, the mean of these hours.
    """

    name: ClassVar[str] = "flat_flow"

    hours: float
    above_litres: float

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)

    def detect(
        self,
        usage: UsageWindow,
        profile: UsageProfile,  # noqa: ARG002  # what every detector is given
        local: LocalTime,  # noqa: ARG002  # as above
    ) -> Findings:
        """Judge every household in the window; one verdict a row."""
        begins = usage.as_of - self.hours * SECONDS
        litres, _ = _since(usage, begins)
        judged = known(usage)[:, -1]
        return _flow(usage, judged, litres / self.above_litres, begins, self.hours, litres)


@dataclass(frozen=True, slots=True)
class NeverStill:
    """Fires when water was drawn in every interval of the last hours.

    Parameters
    ----------
    hours : float
        How far back it looks.
    least_litres : float
        What must have been drawn in each interval.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number.

    Notes
    -----
    Deployed on meters that speak each half hour; on one that speaks each hour it looks at hours. A
    home is known where every interval of these hours is. `score` is 1 where each interval reached
    the least, else the share of them that did. The rest is as for `HighTotal`.
    """

    name: ClassVar[str] = "flat_flow"

    hours: float
    least_litres: float

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)

    def detect(
        self,
        usage: UsageWindow,
        profile: UsageProfile,  # noqa: ARG002  # what every detector is given
        local: LocalTime,  # noqa: ARG002  # as above
    ) -> Findings:
        """Judge every household in the window; one verdict a row."""
        begins = usage.as_of - self.hours * SECONDS
        litres, covered = _since(usage, begins)
        judged = known(usage)[:, -1] & (covered >= self.hours - _TOLERANCE_HOURS)
        looked_at = _inside(usage, begins) > _TOLERANCE_HOURS / 2.0
        drawn = looked_at & known(usage) & (usage.litres >= self.least_litres)
        share = drawn.sum(axis=1) / np.maximum(looked_at.sum(axis=1), 1)
        return _flow(usage, judged, share, begins, self.hours, litres)


def _flow(
    usage: UsageWindow,
    judged: Bools,
    share: Floats,
    begins: Floats,
    hours: float,
    litres: Floats,
) -> Findings:
    """Say of each home what `flat_flow` says of one."""
    score = np.where(judged, share, 0.0)
    fired: Bools = judged & (score >= 1.0)
    return Findings(
        fired=fired,
        known=judged,
        score=score,
        since=np.where(judged, begins, np.nan),
        limit=np.full(len(usage.homes), hours),
        figures={
            "litres": litres,
            "severity": np.where(fired, _OPEN_TAP, 0.0),
            "run_hours": np.full(len(usage.homes), hours),
            "litres_per_hour": litres / hours,
        },
    )


def _inside(usage: UsageWindow, begins: Floats) -> Floats:
    """Give how many hours of each interval lie after a moment; 0 where there is no interval."""
    after = (usage.ends_at - begins[:, np.newaxis]) / SECONDS
    return np.nan_to_num(np.minimum(np.maximum(after, 0.0), usage.hours))


def _since(usage: UsageWindow, begins: Floats) -> tuple[Floats, Floats]:
    """Add up the litres since a moment, and the hours known of it."""
    seen = known(usage) & (usage.hours > 0.0)
    inside = np.where(seen, _inside(usage, begins), 0.0)
    part = np.where(seen, usage.litres, 0.0) * inside / np.where(seen, usage.hours, 1.0)
    return np.cumsum(part, axis=1)[:, -1], np.cumsum(inside, axis=1)[:, -1]
