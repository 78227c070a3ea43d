"""Hazards: how likely a silence is to end in its next hour, from few silences.

A home shows each cell (class of day, hour of beginning) a few times a month. What began an hour
earlier or later is nearly as telling, above all at the same hour of the clock: who left at eight
and who left at nine are both back by six.
"""

from dataclasses import dataclass

import numpy as np

from meterwatch.detectors.silences import LONGEST, Counts
from meterwatch.domain.usage import Floats

REACH_HOURS = 3  # silences begun within so many hours lend weight
_LENGTH_WEIGHTS = (0.2, 0.6, 0.2)


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How much silences lend to those begun at other hours and on other days.

    Attributes
    ----------
    spread_hours : float
        Standard deviation of the weight over hours of beginning.
    same_end : float
        The share of a neighbour's weight that keeps the clock hour at which the silence ended;
        the rest keeps its length.
    other_days : float
        The weight of the other classes of day.
    """

    spread_hours: float = 1.3
    same_end: float = 0.7
    other_days: float = 0.15

    @property
    def weights(self) -> Floats:
        """(7,) the weight of silences begun from 3 h earlier to 3 h later; their sum is one."""
        apart = np.arange(-REACH_HOURS, REACH_HOURS + 1) / self.spread_hours
        weights: Floats = np.exp(-0.5 * apart**2)
        weights /= weights.sum()
        return weights


def smoothed(counts: Counts | Floats, smoothing: Smoothing) -> Floats:
    """Let each cell borrow from its neighbours.

    Parameters
    ----------
    counts : (N, 4, 24, 49) float
        Silences by class of day, hour of beginning and length; the last length is open.
    """
    spread = np.zeros(counts.shape)
    for index, weight in enumerate(smoothing.weights.tolist()):
        earlier = REACH_HOURS - index
        near = np.roll(counts, earlier, axis=2)
        spread += weight * (1.0 - smoothing.same_end) * near
        spread += weight * smoothing.same_end * _shortened(near, earlier)
    lengths = _over_lengths(spread)
    every = lengths[:, 0] + lengths[:, 1] + lengths[:, 2] + lengths[:, 3]
    borrowed = smoothing.other_days * every[:, np.newaxis]
    return lengths * (1.0 - smoothing.other_days) + borrowed


def reached(ended: Floats, broken: Floats) -> tuple[Floats, Floats]:
    """Give how many silences ended after each whole hour, and how many had lasted until then.

    Returns
    -------
    ended, reached : (..., 48) float64
        A silence that broke off after k hours had reached the lengths below k.
    """
    backwards = np.cumsum((ended + broken)[..., ::-1], axis=-1)[..., ::-1]
    return ended[..., :LONGEST], backwards[..., :LONGEST] - broken[..., :LONGEST]


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
