"""Flat flow: water that never stops.

People open taps and shut them; what runs for hours on end is a tap that nobody can reach, a burst
pipe or a leak. A strong flow is worth a visit within hours, a trickle within days: how long a flow
may go on falls with its size. What stands in the home anyway is taken off first, so that a leak
which people know is not told every day, and one that is new or has grown is.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from meterwatch.detectors.night_flow import learn_day_flow, learn_night_flow
from meterwatch.detectors.parameters import check_positive
from meterwatch.detectors.runs import Curve, Rows, Runs
from meterwatch.domain.usage import Bools, Findings, Floats, LocalTime, UsageProfile, UsageWindow

__all__ = ["FlatFlow", "learn_day_flow", "learn_night_flow"]

SECONDS = 3_600.0
RATE_HOURS = 0.9  # a litre an hour shows on a one-litre register only over about an hour
PLAIN_STEPS = 20.0  # an interval of so many steps of the register shows its own rate
SLOW_LEAK, OPEN_TAP, BURST = 1.0, 2.0, 3.0
_POINTS = ("slow", "seep", "leak", "strong", "running", "tap", "gush", "flood")


@dataclass(frozen=True, slots=True)
class FlatFlow:
    """Fires when a flow has gone on for as long as its size allows.

    Parameters
    ----------
    slow_litres_per_hour, slow_hours : float, default 1.0 and 110.0
    seep_litres_per_hour, seep_hours : float, default 2.0 and 72.0
    leak_litres_per_hour, leak_hours : float, default 9.0 and 22.7
    strong_litres_per_hour, strong_hours : float, default 20.0 and 22.1
    running_litres_per_hour, running_hours : float, default 80.0 and 7.0
    tap_litres_per_hour, tap_hours : float, default 195.0 and 2.5
    gush_litres_per_hour, gush_hours : float, default 1000.0 and 0.9
    flood_litres_per_hour, flood_hours : float, default 2000.0 and 0.45
        How long a flow may go on that never fell below so much. Between two of these points the
        hours fall evenly, past the last they stay; less than the first is no flow.
    open_litres_per_hour : float, default 30.0
        Severity 1, a slow leak, is a flow below this; 2, a tap left open, one from here on.
    burst_litres_per_hour : float, default 600.0
        Severity 3, a burst pipe, from here on: more than a tap gives.
    habit_share, habit_hours : float, default 1.2 and 47.0
        A slow leak must be so many times as strong as any flow that stood for a day in the weeks
        before, or go on for so long: a cistern that sticks for a day is told once.
    longest_interval_hours : float, default 2.5
        A longer interval shows a mean and no flow that never stopped: it is unknown.
    longest_gap_hours : float, default 12.0
        An unknown interval up to this long is passed over if the flow stands on both its sides.

    Raises
    ------
    ValueError
        If a parameter is not a positive finite number, or the points are out of order.

    Notes
    -----
    The run is the one that the newest reading ends. Of its hours at least half must be seen to
    flow: a flow is never made of what is unknown. `score` is the largest share that the run, or a
    newer part of it, has of the hours allowed to its lowest rate; 0 where unknown. Of the parts
    that fired the strongest is told: `since` is its beginning (NaN where nothing flows) and
    `limit` the hours allowed to it.

    The figures are `severity`; `run_hours`, unknown hours included; `litres_per_hour`, its lowest
    rate; `night_litres_per_hour`, which of it stands anyway; `lost_litres`, what the rest came to;
    `begins_unseen`, 1 where it is unknown if the water flowed before; `shows_from_litres_per_hour`:
    a register of coarse steps shows no weaker flow.

    It takes a garden that is watered and a pool that is filled for an open tap. Which of the runs
    it was set on were leaks is not known: docs/reference/detectors.md.

    Examples
    --------
    A tap left open at 240 litres an hour for four hours, beside a home in ordinary use.

    >>> from datetime import UTC
    >>> ends = np.tile(np.arange(1.0, 25.0) * 3600, (2, 1))
    >>> litres = np.tile([0.0, 30.0, 0.0, 8.0], (2, 6))
    >>> litres[0, 20:] = 240.0
    >>> usage = UsageWindow((1, 2), ends, np.ones((2, 24)), litres, np.full(2, -np.inf), np.ones(2))
    >>> found = FlatFlow().detect(usage, UsageProfile.unlearnt((1, 2)), LocalTime.of(UTC))
    >>> found.fired.tolist(), [round(hours, 1) for hours in found.limit.tolist()]
    ([True, False], [2.4, 29.7])
    """

    name: ClassVar[str] = "flat_flow"

    slow_litres_per_hour: float = 1.0
    slow_hours: float = 110.0
    seep_litres_per_hour: float = 2.0
    seep_hours: float = 72.0
    leak_litres_per_hour: float = 9.0
    leak_hours: float = 22.7
    strong_litres_per_hour: float = 20.0
    strong_hours: float = 22.1
    running_litres_per_hour: float = 80.0
    running_hours: float = 7.0
    tap_litres_per_hour: float = 195.0
    tap_hours: float = 2.5
    gush_litres_per_hour: float = 1000.0
    gush_hours: float = 0.9
    flood_litres_per_hour: float = 2000.0
    flood_hours: float = 0.45
    open_litres_per_hour: float = 30.0
    burst_litres_per_hour: float = 600.0
    habit_share: float = 1.2
    habit_hours: float = 47.0
    longest_interval_hours: float = 2.5
    longest_gap_hours: float = 12.0

    def __post_init__(self) -> None:
        """Refuse parameters that cannot be meant."""
        check_positive(self)
        flows, hours = self._points()
        for place in range(1, len(_POINTS)):
            before, here = _POINTS[place - 1 : place + 1]
            if flows[place] <= flows[place - 1]:
                raise ValueError(f"{here}_litres_per_hour: must be above {before}_litres_per_hour")
            if hours[place] > hours[place - 1]:
                raise ValueError(f"{here}_hours: must not be above {before}_hours")
        if self.burst_litres_per_hour <= self.open_litres_per_hour:
            raise ValueError("burst_litres_per_hour: must be above open_litres_per_hour")

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:  # noqa: ARG002  # a flow has no time of day
        """Judge every household in the window; one verdict a row."""
        night = np.nan_to_num(profile.night_litres_per_hour)
        habit = self.habit_share * np.nan_to_num(profile.day_litres_per_hour)
        runs, curve = Runs.none(len(usage.homes)), Curve.through(*self._points())
        rows = np.arange(len(usage.homes))
        for column in range(usage.litres.shape[1] - 1, -1, -1):
            rows = self._go_back(usage, night, runs, rows, column)
            self._note(runs, habit, curve, rows)
            if not len(rows):
                break
        runs.begins_unseen[rows] = True
        return self._findings(usage, night, runs)

    def _points(self) -> tuple[Floats, Floats]:
        """Give the points of the curve: flows, and how long each may go on."""
        return (
            np.array([getattr(self, f"{name}_litres_per_hour") for name in _POINTS]),
            np.array([getattr(self, f"{name}_hours") for name in _POINTS]),
        )

    def _go_back(
        self, usage: UsageWindow, night: Floats, runs: Runs, rows: Rows, column: int
    ) -> Rows:
        """Take one interval more into the runs of these homes; name the homes that it goes on in.

        Homes drop out as soon as their water stands still, so that of most only the newest
        readings are looked at.
        """
        flow, hours = self._flow(usage, rows, column), usage.hours[rows, column]
        ends, seen = usage.ends_at[rows, column], np.isfinite(flow)
        newest = column == usage.litres.shape[1] - 1
        if newest:
            runs.judged[:] = seen
        with np.errstate(invalid="ignore"):
            over = flow - night[rows]
            gap = np.isfinite(ends) & (hours <= self.longest_gap_hours)
            goes_on = np.where(seen, over >= self.slow_litres_per_hour, gap & (not newest))
        runs.begins_unseen[rows[~seen & ~goes_on]] = True
        rows, seen, over, hours = rows[goes_on], seen[goes_on], over[goes_on], hours[goes_on]
        runs.began[rows] = ends[goes_on] - hours * SECONDS
        runs.ends_seen[rows] = seen
        runs.low[rows] = np.where(seen, np.minimum(runs.low[rows], over), runs.low[rows])
        runs.seen_hours[rows] += np.where(seen, hours, 0.0)
        runs.unseen_hours[rows] += np.where(seen, 0.0, hours)
        return rows

    def _flow(self, usage: UsageWindow, rows: Rows, column: int) -> Floats:
        """Give the rate of one interval; a short one is taken together with those before it."""
        litres, span = usage.litres[rows, column], usage.hours[rows, column]
        with np.errstate(invalid="ignore"):
            litres = np.where(span <= self.longest_interval_hours, litres, np.nan)
            plain = litres >= PLAIN_STEPS * usage.resolution_litres[rows]
            short = np.flatnonzero((span < RATE_HOURS) & ~plain & np.isfinite(litres))
        for before in range(column - 1, -1, -1):
            if not len(short):
                break
            litres[short] += usage.litres[rows[short], before]
            span[short] += usage.hours[rows[short], before]
            short = short[span[short] < RATE_HOURS]
        litres[short] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            rate: Floats = litres / span
        return rate

    def _note(self, runs: Runs, habit: Floats, curve: Curve, rows: Rows) -> None:
        """Judge the part of each run that this interval begins, and keep it if it is to be told."""
        rows = rows[runs.ends_seen[rows]]
        low, seen, unseen = runs.low[rows], runs.seen_hours[rows], runs.unseen_hours[rows]
        length, allowed, severity = seen + unseen, curve.hours_at(low), self._severity(low)
        unusual = (low >= habit[rows]) | (severity > SLOW_LEAK) | (length >= self.habit_hours)
        share = np.where((unseen <= seen) & unusual, length / allowed, 0.0)
        told = runs.score[rows] >= 1.0
        same = (share >= 1.0) & (severity == runs.severity[rows])
        better = np.where(told, same, share >= runs.score[rows])
        runs.score[rows] = np.maximum(runs.score[rows], share)
        runs.keep(rows[better], length[better], allowed[better], severity[better])

    def _severity(self, flow: Floats) -> Floats:
        edges = np.array([self.open_litres_per_hour, self.burst_litres_per_hour])
        severity: Floats = np.searchsorted(edges, flow, side="right").astype(np.float64)
        return severity + SLOW_LEAK

    def _findings(self, usage: UsageWindow, night: Floats, runs: Runs) -> Findings:
        flows = np.isfinite(runs.since)
        fired: Bools = runs.judged & (runs.score >= 1.0)
        return Findings(
            fired=fired,
            known=runs.judged,
            score=runs.score,
            since=runs.since,
            limit=np.where(flows, runs.limit, self.slow_hours),
            figures={
                "severity": np.where(fired, runs.severity, 0.0),
                "run_hours": np.where(flows, runs.hours, 0.0),
                "litres_per_hour": np.where(flows, runs.least + night, np.nan),
                "night_litres_per_hour": night,
                "lost_litres": np.where(flows, runs.least * runs.hours, 0.0),
                "begins_unseen": runs.begins_unseen.astype(np.float64),
                "shows_from_litres_per_hour": np.fmax(
                    usage.resolution_litres, self.slow_litres_per_hour
                ),
            },
        )
