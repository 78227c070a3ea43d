"""Prior: what is known of homes in general, for a home whose own past is short.

A table of figures fitted on named homes: how likely a silence is to end in its next hour, and how
many begin when. It fills the cells that a home has not shown yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meterwatch.detectors.hazards import Smoothing, reached, smoothed
from meterwatch.detectors.silences import Silences
from meterwatch.detectors.stops import LONGEST
from meterwatch.domain.usage import CLASSES, HOURS, Floats

LEAST_DAYS = 28.0
_YEAR = 365.25
_SMOOTHING = Smoothing(spread_hours=1.0, same_end=0.5, other_days=0.1)
_PSEUDO_SILENCES = 50.0  # of the hazard over all hours, a year of one home counting once
_SHAPES = {"hazard": (CLASSES, HOURS, LONGEST), "begun_a_day": (CLASSES, HOURS)}


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """What homes in general show of their silences.

    Attributes
    ----------
    hazard : (4, 24, 48) float64
        How likely a silence that has lasted so many whole hours is to end in the next, by class
        of the local day and local hour in which it began.
    begun_a_day : (4, 24) float64
        How many silences begin in a cell on an average day of any class.
    fitted_on : tuple of str
        The homes behind the figures: they may not be scored with them.
    source : str
        Where those homes are published, and under which licence.
    """

    hazard: Floats
    begun_a_day: Floats
    fitted_on: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse arrays that do not have their shape."""
        for name, shape in _SHAPES.items():
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if array.shape != shape:
                raise ValueError(f"Prior.{name} has shape {array.shape}, not {shape}")
            if not np.isfinite(array).all() or (array < 0.0).any():
                raise ValueError(f"Prior.{name} holds what is no figure")
            object.__setattr__(self, name, array)

    @classmethod
    def of(cls, table: Mapping[str, ArrayLike]) -> "Prior":
        """Make a prior from the named arrays of a table, as `table` gives them."""
        missing = sorted({*_SHAPES, "fitted_on", "source"} - set(table))
        if missing:
            raise ValueError(f"this is no prior: it has no {', '.join(missing)}")
        return cls(
            np.asarray(table["hazard"], dtype=np.float64),
            np.asarray(table["begun_a_day"], dtype=np.float64),
            tuple(str(name) for name in np.atleast_1d(np.asarray(table["fitted_on"]))),
            str(np.asarray(table["source"])),
        )

    def table(self) -> dict[str, Floats | list[str] | str]:
        """Give the named arrays to be kept in a file."""
        return {
            "hazard": self.hazard,
            "begun_a_day": self.begun_a_day,
            "fitted_on": list(self.fitted_on),
            "source": self.source,
        }


def fit_prior(silences: Silences, fitted_on: tuple[str, ...] = (), source: str = "") -> Prior:
    """Fit a prior on homes; each counts as one year, however long it was recorded.

    Raises
    ------
    ValueError
        If no home has 28 known days.
    """
    enough = silences.days >= LEAST_DAYS * 0.9
    if not enough.any():
        raise ValueError("fit_prior: no home with 28 known days")
    scale = (_YEAR / silences.days[enough].astype(np.float64)).reshape(-1, 1, 1, 1)
    ended = (silences.ended[enough] * scale).sum(axis=0, keepdims=True)
    begun = ended.sum(axis=-1)[0] / (_YEAR * int(enough.sum()))
    near = smoothed(ended, _SMOOTHING)
    ends, alive = near[..., :LONGEST], reached(near)
    pooled = ends.sum(axis=(0, 1, 2)) / np.maximum(alive.sum(axis=(0, 1, 2)), 1e-9)
    hazard = (ends + _PSEUDO_SILENCES * pooled) / (alive + _PSEUDO_SILENCES)
    return Prior(np.clip(hazard[0], 0.0, 1.0), begun, fitted_on, source)
