"""Rules of volume: less than so many litres in twelve hours, as used in Shanghai."""

from dataclasses import dataclass

import numpy as np

from meterwatch.domain.usage import Bools
from meterwatch.evaluation.homes import Indices
from meterwatch.evaluation.plain.past import Past
from meterwatch.evaluation.plain.view import View

HOURS = 12.0
LOOKS_AT = (8.0, 20.0)  # local hours
_UNPLACED = 1e6  # litres: what is unknown is not little


@dataclass(frozen=True, slots=True)
class LittleWater:
    """Less than `litres` since the reading of twelve hours ago; one alarm as long as so."""

    litres: float

    @property
    def name(self) -> str:
        """Its short name."""
        return f"S{self.litres:g}"

    def fires(self, view: View, past: Past) -> Bools:  # noqa: ARG002  # learns nothing
        """Give whether each reading is worth a visit."""
        return _little(view, self.litres)

    def groups(self, view: View) -> Indices:
        """Give each stretch of little water a number."""
        little = _little(view, self.litres)
        changed = np.diff(little, axis=1, prepend=False)
        return np.cumsum(changed, axis=1)


@dataclass(frozen=True, slots=True)
class LittleWaterTwiceADay(LittleWater):
    """The same looked at in the morning and in the evening only."""

    @property
    def name(self) -> str:
        """Its short name."""
        return f"T{self.litres:g}"

    def fires(self, view: View, past: Past) -> Bools:
        """Give whether each reading is worth a visit: the first one after each look."""
        looked = np.zeros(view.hours.shape, dtype=np.bool_)
        for hour in LOOKS_AT:
            number = view.since_clock(hour)
            looked[:, 1:] |= number[:, 1:] > number[:, :-1]
        return LittleWater.fires(self, view, past) & looked


def _little(view: View, litres: float) -> Bools:
    """Tell where the last twelve hours and a little more brought less than so much."""
    little = np.zeros(view.hours.shape, dtype=np.bool_)
    drawn = np.where(view.there, np.nan_to_num(view.scene.litres, nan=_UNPLACED), 0.0)
    total = np.cumsum(drawn, axis=1)
    for row, ends_at in enumerate(view.scene.ends_at):
        held = np.flatnonzero(view.there[row])
        ends = ends_at[held]
        old = np.searchsorted(ends, ends - HOURS * 3_600.0, side="right") - 1
        brought = total[row, held] - total[row, held[np.maximum(old, 0)]]
        little[row, held] = (old >= 0) & (brought < litres)
    return little
