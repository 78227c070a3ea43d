"""Common cause: homes of one building, area, hub or pressure zone go quiet or wild together.

One home without water is a worry about a person; forty at once are an outage, works, or a burst.
The statistic needs counts only: of the homes of a group that could be judged at a whole hour, how
many used water in the last one, two, four or eight hours, and how many did so at that hour on other
days. Sources and the rate of false alarms: `Cause`, and docs/reference/detectors.md.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import LITRES_TOLERANCE, known, present
from meterwatch.detectors.parameters import check_positive
from meterwatch.detectors.tails import tail, weight
from meterwatch.domain.usage import HOURS, Bools, Floats, UsageWindow

Ints = NDArray[np.int64]

WINDOWS = (1, 2, 4, 8)  # hours looked back: short ones are quick, long ones serve small groups
DAY_CLASSES = 2  # working days and weekends
_SECONDS = 3_600.0
_HALF = 0.5  # of an hour: meters are not punctual
_PRIOR_CELLS = 50.0  # hours of the past that the least spread weighs
_LEAST_VARIANCE = 1.0  # of a count, from which it says anything of the spread
_STOPGAP_DAYS = 2.0  # what the days of the other class are worth, until there are enough of its own
_LEAST_SEEN = 2.0  # homes that must be expected before "as usual" means anything


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """What G groups are used to.

    Attributes
    ----------
    share : (G, 2, 24, 4) float64
        The share of the judged homes that used water in the last 1, 2, 4 and 8 hours, on working
        days and weekends, by local hour of the look; NaN where too few days are known.
    spread : (G, 4) float64
        The correlation between homes of one look beyond what the hour explains.
    days : (G, 2, 24) float64
        How many days stand behind each share.
    """

    share: Floats
    spread: Floats
    days: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What G groups do now, each by the window that says it most clearly.

    Attributes
    ----------
    quiet, wild : (G,) bool
    back, calm : (G,) bool
        Whether water is used, or left alone, as usual again: what ends a quiet or a wild spell.
    window : (G,) int64
        Index into `WINDOWS`.
    judged, used : (G,) float64, homes
    expected : (G,) float64, homes
        How many would have used water as on other days.
    chance : (G,) float64
        How often so few (so many) would be seen by chance; 1 where they are not few (many) enough
        to matter.
    weight : (G,) float64
        How much better a common cause explains the counts: the logarithm of the likelihood ratio.
    """

    quiet: Bools
    wild: Bools
    back: Bools
    calm: Bools
    window: Ints
    judged: Floats
    used: Floats
    expected: Floats
    chance: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Cause:
    """Fires when a group is quieter, or wilder, than its homes could be by themselves.

    Parameters
    ----------
    use_litres : float, default 3.0
        Water in one interval, above the standing base flow, from which it counts as use.
    false_alarms_per_year : float, default 0.1
        How many signals without a cause are accepted a year, over all groups and looks together.
    least_homes : float, default 6
        Fewer judged homes are no group.
    quiet_share : float, default 0.25
        Quiet is at most this share of the homes that would have used water.
    wild_share : float, default 0.25
        Wild is at most this share of the homes that would not have used any.
    least_days : float, default 6
        Days of one hour that must be known before it is judged; until there are as many weekend
        days, working days stand in for them, with a wider spread.
    least_spread : float, default 0.02
        The correlation between homes of one look that is always reckoned with.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number.

    Notes
    -----
    Homes that are independent use water with chances of their own; the number that do then has
    tails no heavier than a binomial count with the mean chance (Hoeffding 1956, Annals of
    Mathematical Statistics 27:713). Nights, holidays and weather move all homes together, so the
    chance itself is taken to vary from day to day by a beta law, which gives the beta-binomial
    count (Skellam 1948, JRSS B 10:257); its correlation is estimated by moments from the group's
    own past (Williams 1982, Applied Statistics 31:144) and never below `least_spread`; what is
    not known of the mean chance is added to it. A group fires when the tail is below
    `false_alarms_per_year`, divided by every look of a year: 8,766 hours, the windows, both
    directions and all groups (Bonferroni's bound, which holds however much looks depend on each
    other). Where several groups fire, the likelihood ratio tells which one explains the counts
    best (Kulldorff 1997, Communications in Statistics 26:1481).

    It does not see what changes slowly, and nothing at hours at which hardly anybody uses water.
    """

    use_litres: float = 3.0
    false_alarms_per_year: float = 0.1
    least_homes: float = 6.0
    quiet_share: float = 0.25
    wild_share: float = 0.25
    least_days: float = 6.0
    least_spread: float = 0.02

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)

    def recent(self, usage: UsageWindow, base: Floats) -> tuple[Bools, Bools]:
        """Tell of each home whether its last 1, 2, 4 and 8 hours are known, and held a use.

        Parameters
        ----------
        base : (N,) float64, litres per hour
            The flow that stands now, which is no use.

        Returns
        -------
        judged, in_use : (N, 4) bool
        """
        edges = [usage.as_of - (hours - _HALF) * _SECONDS + LITRES_TOLERANCE for hours in WINDOWS]
        late = usage.ends_at > edges[-1][:, np.newaxis]
        first = int(late.any(axis=0).argmax()) if late.any() else late.shape[1] - 1
        ends, hours = usage.ends_at[:, first:], usage.hours[:, first:]
        there, sure = present(usage)[:, first:], known(usage)[:, first:]
        least = np.maximum(self.use_litres, usage.resolution_litres)[:, np.newaxis]
        above = usage.litres[:, first:] - base[:, np.newaxis] * hours
        in_use = sure & (above >= least - LITRES_TOLERANCE)
        judged = np.empty((len(usage.homes), len(WINDOWS)), dtype=np.bool_)
        seen = judged.copy()
        for at, edge in enumerate(edges):
            within = there & (ends > edge[:, np.newaxis])
            begun = np.where(within, ends - hours * _SECONDS, np.inf).min(axis=1)
            judged[:, at] = (sure | ~within).all(axis=1) & (begun <= edge)
            seen[:, at] = judged[:, at] & (in_use & within).any(axis=1)
        return judged, seen

    def learn(self, past: Floats, weekend: Bools) -> Habits:
        """Learn what groups are used to.

        Parameters
        ----------
        past : (G, D, 24, 4, 2) float64, homes
            Homes judged and homes that used water, at each look of D days.
        weekend : (D,) bool
        """
        share = np.full((len(past), DAY_CLASSES, HOURS, len(WINDOWS)), np.nan)
        days = np.zeros((len(past), DAY_CLASSES, HOURS))
        excess, room = np.zeros((2, len(past), len(WINDOWS)))
        _, _, any_day, all_days = self._usual(past)
        stopgap = np.where(all_days >= self.least_days, any_day, np.nan)
        for number, mine in enumerate((~weekend, weekend)):
            judged, seen, mean, its_days = self._usual(past[:, mine])
            enough = its_days >= self.least_days
            share[:, number] = np.where(enough, mean, stopgap)
            days[:, number] = np.where(enough, its_days, _STOPGAP_DAYS)[..., 0]
            some = _excess(judged, seen, mean, its_days)
            excess += some[0]
            room += some[1]
        least = _PRIOR_CELLS * self.least_spread
        spread = (excess + least * self.least_homes) / (room + _PRIOR_CELLS * self.least_homes)
        return Habits(share, np.clip(spread, self.least_spread, 0.5), days)

    def _usual(self, counts: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Give homes judged and in use where there were enough, their mean share, and the days."""
        enough = counts[..., 0] >= self.least_homes
        judged, seen = (np.where(enough, counts[..., which], 0.0) for which in (0, 1))
        mean = (seen.sum(axis=1) + 0.5) / (judged.sum(axis=1) + 1.0)
        return judged, seen, mean, enough.sum(axis=1).astype(np.float64)

    def judge(
        self, now: Floats, habits: Habits, *, weekend: bool, hour: int, groups: int
    ) -> Verdict:
        """Judge every group at one look; one verdict a row.

        Parameters
        ----------
        now : (G, 4, 2) float64, homes
            Homes judged and homes that used water.
        weekend, hour
            The local day and hour of the look.
        groups : int
            How many groups are looked at in all, for the rate of false alarms.
        """
        judged, seen = now[..., 0], now[..., 1]
        share = habits.share[:, int(weekend), hour]
        there = (judged >= self.least_homes) & np.isfinite(share)
        homes, usual = np.where(there, judged, 1.0), np.where(there, share, 0.5)
        spread = habits.spread + _not_known(habits, homes, int(weekend), hour)
        lively, idle, still = homes * usual, homes * (1.0 - usual), homes - seen
        few = _chance(seen, homes, usual, spread, there & (seen <= self.quiet_share * lively))
        many = _chance(still, homes, 1.0 - usual, spread, there & (still <= self.wild_share * idle))
        quiet, wild = few <= self.line(groups), many <= self.line(groups)
        wild[:, 1:] = False  # a longer window holds what is over
        better = np.where(there, weight(seen, homes, usual), -np.inf)
        at = np.where(quiet | wild, better, -np.inf).argmax(axis=1)
        calls = there[:, 0] & ~(quiet | wild).any(axis=1)
        expected = np.where(there, lively, np.nan)
        return Verdict(
            quiet=_pick(quiet, at),
            wild=_pick(wild, at),
            back=calls & (expected[:, 0] >= _LEAST_SEEN) & (2.0 * seen[:, 0] >= expected[:, 0]),
            calm=calls & (idle[:, 0] >= _LEAST_SEEN) & (2.0 * still[:, 0] >= idle[:, 0]),
            window=at,
            judged=_pick(judged, at),
            used=_pick(seen, at),
            expected=_pick(expected, at),
            chance=_pick(np.minimum(few, many), at),
            weight=_pick(better, at),
        )

    def line(self, groups: int) -> float:
        """Give the chance below which a look fires, with so many groups."""
        looks = 365.25 * HOURS * len(WINDOWS) * 2 * max(groups, 1)
        return self.false_alarms_per_year / looks


def _not_known(habits: Habits, homes: Floats, weekend: int, hour: int) -> Floats:
    """Give the spread that comes from knowing the usual share by some days only."""
    days = np.maximum(habits.days[:, weekend, hour, np.newaxis], 1.0)
    return (habits.spread + 1.0 / homes) / days


def _chance(few: Floats, homes: Floats, share: Floats, spread: Floats, asked: Bools) -> Floats:
    """Give the tail where it is asked for, and 1 elsewhere: most groups live as usual."""
    chance = np.ones(few.shape)
    chance[asked] = tail(few[asked], homes[asked], share[asked], spread[asked])
    return chance


def _excess(judged: Floats, seen: Floats, mean: Floats, days: Floats) -> tuple[Floats, Floats]:
    """Sum up by how much counts vary more than chance does, and how much they could."""
    expected = judged * mean[:, np.newaxis]
    chance = expected * (1.0 - mean[:, np.newaxis])
    counts = (chance >= _LEAST_VARIANCE) & (days[:, np.newaxis] > 1)
    freedom = np.where(days > 1, days / np.maximum(days - 1.0, 1.0), 1.0)[:, np.newaxis]
    apart = (seen - expected) ** 2 / np.where(counts, chance, 1.0) * freedom
    excess = np.where(counts, apart - 1.0, 0.0).sum(axis=(1, 2))
    room = np.where(counts, judged - 1.0, 0.0).sum(axis=(1, 2))
    return excess, room


def _pick(values: NDArray[Any], column: Ints) -> NDArray[Any]:
    picked: NDArray[Any] = np.take_along_axis(values, column[:, np.newaxis], axis=1)[:, 0]
    return picked
