"""False alarms: what a rule raises on a record in which nobody is known to have fallen."""

from dataclasses import dataclass

import numpy as np

from meterwatch.domain.usage import Bools, Floats
from meterwatch.evaluation.homes import Indices
from meterwatch.evaluation.scenes import Scene

DECLARED_HOURS = 48.0  # an absence as long as this is taken as declared
ORDINARY_HOURS = 24.0  # a silence shorter than this is an ordinary day
_HOUR = 3_600.0


@dataclass(frozen=True, slots=True, eq=False)
class Absences:
    """The silences of a home, from use to use; long ones are taken for absences."""

    began_at: Floats
    ended_at: Floats

    def of(self, hours: float) -> "Absences":
        """Give those of so many hours and more."""
        long = self.ended_at - self.began_at >= hours * _HOUR
        return Absences(self.began_at[long], self.ended_at[long])


@dataclass(frozen=True, slots=True, eq=False)
class Alarms:
    """The alarms of one rule on one home, one a silence or a run.

    Attributes
    ----------
    since : (A,) float64, epoch seconds
        When what each one stands for began.
    fired_at : (A,) float64, epoch seconds
        When the reading arrived that raised it.
    stopped_at : (A,) float64, epoch seconds
        The first reading that showed it to be over, or the last of the record.
    """

    since: Floats
    fired_at: Floats
    stopped_at: Floats

    def counts(self, absences: Absences) -> Floats:
        """(3,) alarms: all, without absences of 48 h and more, and of 24 h and more."""
        undeclared = ~self._within(absences.of(DECLARED_HOURS))
        ordinary = ~self._within(absences.of(ORDINARY_HOURS))
        return np.array([len(self.since), undeclared.sum(), ordinary.sum()], dtype=np.float64)

    def _within(self, absences: Absences) -> Bools:
        """Tell which were raised on account of an absence."""
        begins = self.since[:, np.newaxis] < absences.ended_at
        both = begins & (absences.began_at < self.fired_at[:, np.newaxis])
        return np.asarray(both.any(axis=1))

    def further_to(self, other: "Alarms") -> "Alarms":
        """Leave out those raised while one of another rule stood, or within a day before it."""
        at = self.fired_at[:, np.newaxis]
        known = (other.fired_at - ORDINARY_HOURS * _HOUR <= at) & (at <= other.stopped_at)
        new = ~known.any(axis=1)
        return Alarms(self.since[new], self.fired_at[new], self.stopped_at[new])


def runs(scene: Scene, columns: Indices, fired: Bools, since: Floats) -> Alarms:
    """Join the verdicts on an untouched record to alarms: one a run of readings that fired.

    Parameters
    ----------
    columns : (J,) int
        The readings at which there was a verdict, in order; unknown ones left out.
    fired, since : (J,)
        The verdicts.
    """
    begins = np.flatnonzero(fired & ~np.concatenate([[False], fired[:-1]]))
    stops = np.flatnonzero(fired & ~np.concatenate([fired[1:], [False]]))
    # A limit that moved in the night ends no silence, and raises no second alarm of the same one.
    new = np.append(True, since[begins[1:]] != since[begins[:-1]])[: len(begins)]
    begins, stops = begins[new], stops[np.append(new[1:], True)[: len(stops)]]
    over = np.minimum(columns[stops] + 1, scene.ends_at.shape[1] - 1)
    return Alarms(
        since[begins],
        scene.heard_at[0, columns[begins]],
        scene.ends_at[0, over],
    )
