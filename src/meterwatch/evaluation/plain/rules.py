"""The plain rules: what is deployed or easily thought of, beside which ours are always shown.

They are vectorised but no detectors: they keep more of the past than the service does. Floors and
memory are those of the count by which they are known.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from meterwatch.domain.usage import HOURS, Bools, Floats
from meterwatch.evaluation.homes import Indices
from meterwatch.evaluation.plain.past import Past
from meterwatch.evaluation.plain.view import View

FLOOR_HOURS = 4.0  # no rule of a silence that learns fires before
LONGEST_FLOOR_HOURS = 6.0
LEAST_HAZARD = 6.0  # of a rule scaled by the home's own


class Rule(Protocol):
    """What tells for every reading of a view whether it is worth a visit."""

    @property
    def name(self) -> str:
        """Give its short name, like F24."""
        ...

    def fires(self, view: View, past: Past) -> Bools:
        """Give (R, P + L) whether each reading is."""
        ...

    def groups(self, view: View) -> Indices:
        """Give (R, P + L) numbers: readings with the same one raise one alarm."""
        ...


@dataclass(frozen=True, slots=True)
class _OneASilence:
    """A rule with one number, that raises one alarm a silence."""

    letter: ClassVar[str]
    number: float

    @property
    def name(self) -> str:
        return f"{self.letter}{self.number:g}"

    def groups(self, view: View) -> Indices:
        return view.silence


@dataclass(frozen=True, slots=True)
class Fixed(_OneASilence):
    """No use for so many hours."""

    letter = "F"

    def fires(self, view: View, past: Past) -> Bools:  # noqa: ARG002  # learns nothing
        """Give whether each reading is worth a visit."""
        return view.hours >= self.number


@dataclass(frozen=True, slots=True)
class OwnLongest(_OneASilence):
    """No use for so many times the longest silence under 24 h of the last 28 days."""

    letter = "G"

    def fires(self, view: View, past: Past) -> Bools:
        """Give whether each reading is worth a visit."""
        limit = np.maximum(self.number * past.largest(past.hours).max(axis=1), LONGEST_FLOOR_HOURS)
        return np.asarray(view.hours >= limit[past.row(view.day)])


@dataclass(frozen=True, slots=True)
class SameTime(_OneASilence):
    """The same over silences begun within two hours of the same hour of day; 24 h without one."""

    letter = "E"

    def fires(self, view: View, past: Past) -> Bools:
        """Give whether each reading is worth a visit."""
        at_hour = past.largest(past.hours)
        near = np.max([np.roll(at_hour, shift, axis=1) for shift in range(-2, 3)], axis=0)
        limit = self.number * np.where(near > 0.0, near, float(HOURS))
        clock = view.scene.home.local.class_and_hour(view.since)[1]
        least = np.maximum(limit, FLOOR_HOURS)[past.row(view.day), clock]
        return np.asarray(view.hours >= least)


@dataclass(frozen=True, slots=True)
class Hazard(_OneASilence):
    """No use for so long that it is this surprising, by the hour of day."""

    letter = "Z"

    def fires(self, view: View, past: Past) -> Bools:
        """Give whether each reading is worth a visit."""
        return (_surprise(view, past) >= self.number) & (view.hours >= FLOOR_HOURS)


@dataclass(frozen=True, slots=True)
class HazardOrDay(_OneASilence):
    """The same, or no use for 24 hours."""

    letter = "C"

    def fires(self, view: View, past: Past) -> Bools:
        """Give whether each reading is worth a visit."""
        return Hazard(self.number).fires(view, past) | (view.hours >= HOURS)


@dataclass(frozen=True, slots=True)
class OwnHazard(_OneASilence):
    """So many times as surprising as the most surprising silence under 24 h of the last 28 days."""

    letter = "Q"

    def fires(self, view: View, past: Past) -> Bools:
        """Give whether each reading is worth a visit."""
        surprises = past.hazard(past.ended_on, past.began_at, past.ended_at)
        seen = past.largest(surprises).max(axis=1)
        limit = np.maximum(self.number * seen, LEAST_HAZARD)[past.row(view.day)]
        return np.asarray(_surprise(view, past) >= limit) & (view.hours >= FLOOR_HOURS)


def _surprise(view: View, past: Past) -> Floats:
    at = np.where(view.there, view.scene.ends_at, view.since)
    return past.hazard(view.day, view.since, at)
