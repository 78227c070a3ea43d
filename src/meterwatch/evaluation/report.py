"""The report: every figure with its interval over homes, as rows, as text cells and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.usage import Floats
from meterwatch.evaluation.alarms import Alarms
from meterwatch.evaluation.collapses import FOLLOWED_HOURS

RESAMPLES = 1_000
INTERVAL = (0.05, 0.95)
SPREAD = (0.1, 0.5, 0.9)
WAYS = ("all", "undeclared", "ordinary_days")

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 90 % bootstrap interval over homes; infinite where it is past 72 h."""

    value: float
    low: float
    high: float

    def as_json(self) -> Json:
        """Give the three numbers; what is past 72 hours is null."""
        return {name: _number(getattr(self, name)) for name in ("value", "low", "high")}


@dataclass(frozen=True, slots=True)
class Rate:
    """Alarms per household-year, and the 10/50/90 percentile over homes."""

    mean: Estimate
    spread: tuple[float, float, float]

    def as_json(self) -> Json:
        """Give the estimate and the spread."""
        return {**self.mean.as_json(), "percentiles_10_50_90": list(self.spread)}


@dataclass(frozen=True, slots=True)
class Delay:
    """How late a collapse is found, in hours, and the shares found early or not at all."""

    median: Estimate
    p90: Estimate
    within_12h: Estimate
    within_24h: Estimate
    missed_72h: Estimate

    def as_json(self) -> Json:
        """Give each figure under its name."""
        names = ("median", "p90", "within_12h", "within_24h", "missed_72h")
        return {name: getattr(self, name).as_json() for name in names}


@dataclass(frozen=True, slots=True)
class Row:
    """One detector's score.

    `alarms` is keyed by way of counting: all; those in silences of 48 h and more taken as
    declared; those in silences under 24 h. A detector of flow has the first alone, and no delay.
    """

    rule: str
    settings: str
    alarms: dict[str, Rate]
    delay: Delay | None

    def as_json(self) -> Json:
        """Give the row as JSON values."""
        return {
            "rule": self.rule,
            "settings": self.settings,
            "alarms_per_household_year": {way: rate.as_json() for way, rate in self.alarms.items()},
            "delay_hours": self.delay.as_json() if self.delay else None,
        }

    def cells(self) -> tuple[str, ...]:
        """Give the row as text: rule, three rates, median, p90, three shares."""
        rates = [_rate(self.alarms.get(way)) for way in WAYS]
        if self.delay is None:
            return (self.rule, *rates, "", "", "", "", "")
        shares = (self.delay.within_12h, self.delay.within_24h, self.delay.missed_72h)
        hours = (_hours(self.delay.median), _hours(self.delay.p90))
        return (self.rule, *rates, *hours, *(_share(share) for share in shares))


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found, and on what it was measured."""

    homes: int
    left_out: int
    household_years: float
    collapses: int
    seed: int
    transport_hours: float
    rows: tuple[Row, ...]

    def as_json(self) -> Json:
        """Give the report as JSON values."""
        return {
            "homes": self.homes,
            "left_out": self.left_out,
            "household_years": round(self.household_years, 2),
            "collapses": self.collapses,
            "seed": self.seed,
            "transport_hours": self.transport_hours,
            "interval": "90 % bootstrap over homes",
            "rows": [row.as_json() for row in self.rows],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """Homes drawn anew with replacement, the same for every figure of a report."""

    drawn: NDArray[np.int64]

    @classmethod
    def of(cls, homes: int, seed: int) -> "Resampling":
        """Draw as often as the interval needs."""
        rng = np.random.default_rng([seed, homes])
        return cls(rng.integers(0, homes, size=(RESAMPLES, homes)))

    def rate(self, counts: Floats, years: Floats) -> Rate:
        """Estimate a rate from counts and years of each home."""
        resampled = counts[self.drawn].sum(axis=1) / years[self.drawn].sum(axis=1)
        spread = np.quantile(counts / years, SPREAD).tolist()
        mean = _estimate(float(counts.sum() / years.sum()), resampled)
        return Rate(mean, (spread[0], spread[1], spread[2]))

    def delay(self, delays: Sequence[Floats]) -> Delay:
        """Estimate the delay from the delays of each home."""
        figures = _delay_figures(np.concatenate(delays))
        resampled = np.array(
            [
                _delay_figures(np.concatenate([delays[home] for home in drawn]))
                for drawn in self.drawn
            ]
        )
        return Delay(*(_estimate(value, resampled[:, i]) for i, value in enumerate(figures)))


def score(
    rule: str,
    settings: str,
    alarms: Sequence[Alarms],
    delays: Sequence[Floats] | None,
    resampling: Resampling,
) -> Row:
    """Make one row of a report from the alarms and delays of each home."""
    counts = np.array([each.counts for each in alarms])
    years = np.array([each.years for each in alarms])
    ways = WAYS if delays is not None else WAYS[:1]
    rates = {way: resampling.rate(counts[:, i], years) for i, way in enumerate(ways)}
    return Row(rule, settings, rates, None if delays is None else resampling.delay(delays))


def _delay_figures(delays: Floats) -> tuple[float, float, float, float, float]:
    ordered = np.sort(np.where(delays <= FOLLOWED_HOURS, delays, np.inf))
    if len(ordered) == 0:  # homes that offer no moment for a collapse
        return (np.nan,) * 5
    return (
        _quantile(ordered, 0.5),
        _quantile(ordered, 0.9),
        float(np.mean(ordered <= 12.0)),  # noqa: PLR2004  # named so in the report
        float(np.mean(ordered <= 24.0)),  # noqa: PLR2004  # as above
        float(np.mean(np.isinf(ordered))),
    )


def _quantile(ordered: Floats, share: float) -> float:
    """Give an observed quantile: between a delay and a miss there is nothing to interpolate."""
    return float(ordered[max(int(np.ceil(share * len(ordered))) - 1, 0)])


def _estimate(value: float, resampled: Floats) -> Estimate:
    ordered = np.sort(resampled[~np.isnan(resampled)])
    return Estimate(value, _quantile(ordered, INTERVAL[0]), _quantile(ordered, INTERVAL[1]))


def _number(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return ""
    mean, spread = rate.mean, rate.spread
    homes = "/".join(f"{value:.1f}" for value in spread)
    return f"{mean.value:.2f} ({mean.low:.1f}-{mean.high:.1f}; {homes})"


def _hours(estimate: Estimate) -> str:
    value, low, high = (
        f"{hours:.1f}" if np.isfinite(hours) else f">{FOLLOWED_HOURS:.0f}"
        for hours in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low}-{high})"


def _share(estimate: Estimate) -> str:
    value, low, high = (f"{share:.1%}" for share in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low}-{high})"
