"""Hazards: how likely a silence is to end in its next hour, from few silences.

A home shows each cell (class of day, hour of beginning) a few times a month. What began an hour
earlier or later is nearly as telling, above all at the same hour of the clock: who left at eight
and who left at nine are both back by six.
"""

import math
from dataclasses import dataclass

import numpy as np

from meterwatch.detectors.silences import Counts
from meterwatch.detectors.stops import LONGEST
from meterwatch.domain.usage import Floats

REACH_HOURS = 3  # silences begun within so many hours lend weight
_LENGTH_WEIGHTS = (0.1, 0.8, 0.1)


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How much silences lend to those begun at other hours and on other days.

    Attributes
    ----------
    spread_hours : float
        Standard deviation of the weight over hours of beginning; a cell's own has the weight 1.
    same_end : float
        The share of a neighbour's weight that keeps the clock hour at which the silence ended;
        the rest keeps its length.
    other_days : float
        The weight of the other classes of day.
    """

    spread_hours: float = 1.0
    same_end: float = 0.7
    other_days: float = 0.15

    @property
    def weights(self) -> dict[int, float]:
        """The weight of silences begun so many hours earlier (negative: later)."""
        hours = range(-REACH_HOURS, REACH_HOURS + 1)
        return {apart: math.exp(-0.5 * (apart / self.spread_hours) ** 2) for apart in hours}


def smoothed(counts: Counts | Floats, smoothing: Smoothing) -> Floats:
    """Let each cell borrow from its neighbours.

    Parameters
    ----------
    counts : (N, 4, 24, 49) float
        Silences by class of day, hour of beginning and length; the last length is open.
    """
    spread = np.zeros(counts.shape)
    for earlier, weight in smoothing.weights.items():
        near = np.roll(counts, earlier, axis=2)
        spread += weight * (1.0 - smoothing.same_end) * near
        spread += weight * smoothing.same_end * _shortened(near, earlier)
    lengths = _over_lengths(spread)
    every = lengths[:, 0] + lengths[:, 1] + lengths[:, 2] + lengths[:, 3]
    borrowed = smoothing.other_days * every[:, np.newaxis]
    return lengths * (1.0 - smoothing.other_days) + borrowed


def reached(ended: Counts | Floats) -> Floats:
    """Give (..., 48) how many silences had lasted 0, 1, ... 47 whole hours or more."""
    backwards: Floats = np.cumsum(ended[..., ::-1], axis=-1, dtype=np.float64)
    return backwards[..., :0:-1]


def _shortened(counts: Counts | Floats, by: int) -> Counts | Floats:
    """Make every silence `by` hours shorter, longer where that is negative; 48 stays open."""
    if by == 0:
        return counts
    moved = np.zeros(counts.shape)
    if by > 0:
        moved[..., : LONGEST - by] = counts[..., by:LONGEST]
        moved[..., LONGEST] = counts[..., LONGEST]
        return moved
    moved[..., -by:] = counts[..., :by]
    moved[..., LONGEST] += counts[..., by:].sum(axis=-1)
    return moved


def _over_lengths(counts: Floats) -> Floats:
    """Spread each length over its neighbours; what is open stays."""
    before, here, after = _LENGTH_WEIGHTS
    out = np.zeros(counts.shape)
    closed = counts[..., :LONGEST]
    out[..., :LONGEST] = here * closed
    out[..., 1:LONGEST] += after * closed[..., :-1]
    out[..., : LONGEST - 1] += before * closed[..., 1:]
    out[..., 0] += before * closed[..., 0]
    out[..., LONGEST - 1] += after * closed[..., -1]
    out[..., LONGEST] = counts[..., LONGEST]
    return out
