"""Figures: rates and delays with their 90 % interval over homes.

Homes are drawn anew with replacement a thousand times, the same draws for every figure, so that
rules are compared on the same homes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.usage import Floats
from meterwatch.evaluation.injections import SOON_HOURS

RESAMPLES = 1_000
INTERVAL = (0.05, 0.95)
SPREAD = (0.1, 0.5, 0.9)
WITHIN_HOURS = (4, 12, 24, 26, 72, 120)
_DRAWS = 100


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval; infinite past what was followed, NaN where there is none."""

    value: float
    low: float
    high: float

    def number(self) -> float | None:
        """Give the figure for JSON: what is not finite is null."""
        return finite(self.value)

    def interval(self) -> list[float | None]:
        """Give the interval for JSON."""
        return [finite(self.low), finite(self.high)]


@dataclass(frozen=True, slots=True)
class Rate:
    """Alarms per household-year, and the 10/50/90 percentile over homes."""

    mean: Estimate
    spread: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Delay:
    """How late an injection is found, in hours, and the shares found early or not in 72 h."""

    median: Estimate
    p90: Estimate
    within: dict[int, Estimate]
    missed: Estimate


def finite(value: float) -> float | None:
    """Round a figure for JSON; give None for what is not finite.

    >>> finite(1.23456), finite(float("inf"))
    (1.2346, None)
    """
    return round(value, 4) if np.isfinite(value) else None


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """How often each home is drawn: (B, H), the same for every figure of a report."""

    times: NDArray[np.int64]

    @classmethod
    def of(cls, homes: int, seed: int) -> "Resampling":
        """Draw as often as the interval needs."""
        drawn = np.random.default_rng([seed, homes]).integers(0, homes, size=(RESAMPLES, homes))
        times = np.zeros((RESAMPLES, homes), dtype=np.int64)
        np.add.at(times, (np.arange(RESAMPLES)[:, np.newaxis], drawn), 1)
        return cls(times)

    def rate(self, counts: Floats, years: Floats) -> Rate:
        """Estimate a rate from counts and years of each home."""
        resampled = (self.times * counts).sum(axis=1) / (self.times * years).sum(axis=1)
        spread = np.quantile(counts / years, SPREAD).tolist()
        mean = _estimate(float(counts.sum() / years.sum()), resampled)
        return Rate(mean, (spread[0], spread[1], spread[2]))

    def delay(self, delays: Sequence[Floats]) -> Delay:
        """Estimate the delay from the delays of each home."""
        home = np.repeat(np.arange(len(delays)), [len(each) for each in delays])
        late = np.concatenate(delays)
        order = np.argsort(late, kind="stable")
        late, home = late[order], home[order]
        once = _delay_figures(late, np.ones((1, len(late)), dtype=np.int64))[:, 0]
        parts = [
            _delay_figures(late, self.times[start : start + _DRAWS][:, home])
            for start in range(0, RESAMPLES, _DRAWS)
        ]
        figures = [
            _estimate(float(value), each)
            for value, each in zip(once, np.concatenate(parts, axis=1), strict=True)
        ]
        median, p90, missed, *within = figures
        return Delay(median, p90, dict(zip(WITHIN_HOURS, within, strict=True)), missed)


def _delay_figures(late: Floats, times: NDArray[np.int64]) -> Floats:
    """Give (F, B) median, p90, share missed and shares found within hours, of sorted delays."""
    reached = np.cumsum(times, axis=1)
    total = reached[:, -1:] if len(late) else np.zeros((len(times), 1), dtype=np.int64)
    if not len(late) or not total.any():
        return np.full((3 + len(WITHIN_HOURS), len(times)), np.nan)
    with np.errstate(invalid="ignore"):
        quantiles = [_observed(late, reached, np.ceil(share * total)) for share in (0.5, 0.9)]
        shares = [_share(late, reached, float(hours)) for hours in WITHIN_HOURS]
        missed = 1.0 - _share(late, reached, SOON_HOURS)
    return np.stack([*quantiles, missed, *shares])


def _observed(late: Floats, reached: NDArray[np.int64], rank: Floats) -> Floats:
    """Give an observed quantile: between a delay and a miss there is nothing to interpolate."""
    at = (reached < rank).sum(axis=1)
    observed: Floats = late[np.minimum(at, len(late) - 1)]
    return observed


def _share(late: Floats, reached: NDArray[np.int64], hours: float) -> Floats:
    count = int(np.searchsorted(late, hours, side="right"))
    found = reached[:, count - 1] if count else np.zeros(len(reached))
    share: Floats = found / reached[:, -1]
    return share


def _estimate(value: float, resampled: Floats) -> Estimate:
    ordered = np.sort(resampled[~np.isnan(resampled)])
    if not len(ordered):
        return Estimate(value, np.nan, np.nan)
    low, high = (ordered[max(int(np.ceil(q * len(ordered))) - 1, 0)] for q in INTERVAL)
    return Estimate(value, float(low), float(high))
