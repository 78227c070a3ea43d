"""Flat flow: water that never stops, or runs on without varying.

People open taps and shut them; what runs for hours on end is a tap that nobody can reach, a burst
pipe or a leak. A strong flow that hardly varies is worth a visit within hours, a trickle within
days. Three severities: 1 slow leak, 2 leak, 3 open tap or burst.
"""

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import known, rates, trailing
from meterwatch.domain.usage import Bools, Findings, Floats, LocalTime, UsageProfile, UsageWindow

SECONDS = 3_600.0
RATE_HOURS = 0.9  # a litre an hour shows on a one-litre register only over about an hour


@dataclass(frozen=True, slots=True)
class Tier:
    """One kind of run: at least `litres_per_hour`, for `hours`, and `steady` or not."""

    severity: float
    litres_per_hour: float
    hours: float
    steady: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """The run of each tier that ends each row.

    `marks` (T, N, K) its intervals, `hours` and `share` (T, N) its length and how much that is of
    what the tier asks.
    """

    marks: Bools
    hours: Floats
    share: Floats

    @classmethod
    def of(cls, usage: UsageWindow, marks: Bools, tier_hours: list[float]) -> "_Runs":
        hours = np.cumsum(np.where(marks, usage.hours, 0.0), axis=2)[:, :, -1]
        return cls(marks, hours, hours / np.array(tier_hours)[:, np.newaxis])

    @property
    def full(self) -> Bools:
        """(T, N) whether a run is as long as its tier asks."""
        return self.share >= 1.0

    @property
    def chosen(self) -> NDArray[np.int64]:
        """(N,) the last tier that is full, else the one nearest to it."""
        last_full = self.full.shape[0] - 1 - self.full[::-1].argmax(axis=0)
        nearest = self.share.argmax(axis=0)
        chosen: NDArray[np.int64] = np.where(self.full.any(axis=0), last_full, nearest)
        return chosen


@dataclass(frozen=True, slots=True)
class FlatFlow:
    """Fires when a flow has gone on for as long as its strength allows.

    Parameters
    ----------
    slow_litres_per_hour, slow_hours : float, default 1.0 and 72.0
        Severity 1: a flow that never fell below this for so long.
    leak_litres_per_hour, leak_hours : float, default 10.0 and 18.0
        Severity 2, the same.
    strong_litres_per_hour, strong_hours : float, default 30.0 and 8.0
        Severity 2, the same.
    tap_litres_per_hour, tap_hours : float, default 60.0 and 4.0
        Severity 3: a flow that also hardly varied.
    steady_share, steady_litres_per_hour : float, default 0.15 and 1.0
        A flow hardly varies where each rate lies within this share, or this much, of the mean of
        the rates after it. One step of the register an hour is allowed as well.
    longest_interval_hours : float, default 2.5
        A longer interval shows a mean and no flow that never stopped: it breaks a run.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number.

    Notes
    -----
    The run is the one that the newest reading ends. An interval that is missing, too long, or a
    gap across which the register moved breaks it: unknown is never flow. `score` is the longest
    share of its hours that any tier has reached, 0 where unknown; of the tiers that fired the
    most severe is reported, else the one nearest to firing. `since` is the start of its run (NaN
    without one) and `limit` its hours. The figures are `severity`, `run_hours`, and
    `litres_per_hour` and `lowest_litres_per_hour`, mean and lowest rate of the run.

    Whether a run was a leak or a long bath with a washing machine is not known in the records it
    was set on, so its false alarms are an upper bound: docs/reference/detectors.md. A register
    that steps by more litres than a tier asks for an hour cannot show that tier.

    Examples
    --------
    A tap left open at 120 litres an hour for five hours, beside a home in ordinary use.

    >>> from datetime import UTC
    >>> ends = np.tile(np.arange(1.0, 25.0) * 3600, (2, 1))
    >>> litres = np.tile([0.0, 30.0, 0.0, 8.0], (2, 6))
    >>> litres[0, 19:] = 120.0
    >>> usage = UsageWindow((1, 2), ends, np.ones((2, 24)), litres, np.full(2, -np.inf), np.ones(2))
    >>> found = FlatFlow().detect(usage, UsageProfile.unlearnt((1, 2)), LocalTime.of(UTC))
    >>> found.fired.tolist(), found.figures["run_hours"].tolist(), found.limit.tolist()
    ([True, False], [5.0, 1.0], [4.0, 72.0])
    """

    name: ClassVar[str] = "flat_flow"

    slow_litres_per_hour: float = 1.0
    slow_hours: float = 72.0
    leak_litres_per_hour: float = 10.0
    leak_hours: float = 18.0
    strong_litres_per_hour: float = 30.0
    strong_hours: float = 8.0
    tap_litres_per_hour: float = 60.0
    tap_hours: float = 4.0
    steady_share: float = 0.15
    steady_litres_per_hour: float = 1.0
    longest_interval_hours: float = 2.5

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 < value < np.inf:
                raise ValueError(f"{field.name}: must be positive and finite, not {value}")

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The kinds of run, the mildest first."""
        return (
            Tier(1.0, self.slow_litres_per_hour, self.slow_hours, steady=False),
            Tier(2.0, self.leak_litres_per_hour, self.leak_hours, steady=False),
            Tier(2.0, self.strong_litres_per_hour, self.strong_hours, steady=False),
            Tier(3.0, self.tap_litres_per_hour, self.tap_hours, steady=True),
        )

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:  # noqa: ARG002  # a flow is judged by itself
        """Judge every household in the window; one verdict a row."""
        flow, _ = rates(usage, RATE_HOURS)
        seen = known(usage) & (usage.hours <= self.longest_interval_hours) & np.isfinite(flow)
        steady = self._steady(flow, seen, usage.resolution_litres)
        with np.errstate(invalid="ignore"):
            marks = [
                trailing(seen & (flow >= tier.litres_per_hour) & (steady | (not tier.steady)))
                for tier in self.tiers
            ]
        runs = _Runs.of(usage, np.stack(marks), [tier.hours for tier in self.tiers])
        return self._findings(usage, flow, seen[:, -1], runs)

    def _steady(self, flow: Floats, seen: Bools, resolution: Floats) -> Bools:
        """Mark the run that ends each row and stays near the mean of what follows."""
        steady = np.zeros(flow.shape, dtype=np.bool_)
        allowed = np.maximum(self.steady_litres_per_hour, np.nan_to_num(resolution))
        going, total = seen[:, -1], np.zeros(flow.shape[0])
        for back in range(flow.shape[1]):
            rate = flow[:, -1 - back]
            mean = total / back if back else rate
            near = np.abs(rate - mean) <= np.maximum(self.steady_share * mean, allowed)
            going = going & seen[:, -1 - back] & near
            if not going.any():
                break
            steady[:, -1 - back] = going
            total = total + np.where(going, rate, 0.0)
        return steady

    def _findings(self, usage: UsageWindow, flow: Floats, judged: Bools, runs: "_Runs") -> Findings:
        chosen = runs.chosen
        run = np.take_along_axis(runs.marks, chosen[np.newaxis, :, np.newaxis], axis=0)[0]
        since, lowest, mean = _span(usage, flow, run)
        fired: Bools = judged & runs.full.any(axis=0)
        severity = np.array([tier.severity for tier in self.tiers])[chosen]
        return Findings(
            fired=fired,
            known=judged,
            score=np.where(judged, runs.share.max(axis=0), 0.0),
            since=since,
            limit=np.array([tier.hours for tier in self.tiers])[chosen],
            figures={
                "severity": np.where(fired, severity, 0.0),
                "run_hours": np.take_along_axis(runs.hours, chosen[np.newaxis], axis=0)[0],
                "litres_per_hour": mean,
                "lowest_litres_per_hour": lowest,
            },
        )


def _span(usage: UsageWindow, flow: Floats, run: Bools) -> tuple[Floats, Floats, Floats]:
    """Give the start of each run, its lowest and its mean rate; NaN where there is no run."""
    count = run.sum(axis=1)
    some = count > 0
    first = run.shape[1] - np.maximum(count, 1)
    rows = np.arange(run.shape[0])
    start = usage.ends_at[rows, first] - usage.hours[rows, first] * SECONDS
    lowest = np.where(run, flow, np.inf).min(axis=1)
    mean = np.cumsum(np.where(run, flow, 0.0), axis=1)[:, -1] / np.maximum(count, 1)
    return (
        np.where(some, start, np.nan),
        np.where(some, lowest, np.nan),
        np.where(some, mean, np.nan),
    )
