"""False alarms: what a detector raises on a record in which nobody is known to have fallen."""

from dataclasses import dataclass

import numpy as np

from meterwatch.detectors import Detector
from meterwatch.domain.usage import Bools, Floats
from meterwatch.evaluation.homes import Home

DECLARED_HOURS = 48.0  # an absence as long as this is taken as declared
ORDINARY_HOURS = 24.0  # a silence shorter than this is an ordinary day


@dataclass(frozen=True, slots=True, eq=False)
class Alarms:
    """The alarms of one detector on one home.

    `lasted_hours` (A,) is how long what each one stood for had lasted when it was last seen: one
    alarm a silence, or a run of flow. `years` is the covered time judged.
    """

    lasted_hours: Floats
    years: float

    @property
    def counts(self) -> Floats:
        """(3,) alarms: all, without absences taken as declared, and of ordinary days only."""
        lasted = self.lasted_hours
        undeclared, ordinary = lasted < DECLARED_HOURS, lasted < ORDINARY_HOURS
        return np.array([len(lasted), undeclared.sum(), ordinary.sum()], dtype=np.float64)


def alarms_of(home: Home, detector: Detector) -> Alarms:
    """Run a detector over the untouched record of one home."""
    fired, known, since, ends = _verdicts(home, detector)
    fired, since, ends = fired[known], since[known], ends[known]
    begins = np.flatnonzero(fired & ~np.concatenate([[False], fired[:-1]]))
    stops = np.flatnonzero(fired & ~np.concatenate([fired[1:], [False]]))
    return Alarms((ends[stops] - since[begins]) / 3_600.0, home.years)


def _verdicts(home: Home, detector: Detector) -> tuple[Bools, Bools, Floats, Floats]:
    """Judge each reading; unknown ones neither raise an alarm nor end one."""
    parts = []
    for at, usage in home.windows():
        found = detector.detect(usage, home.profile_at(usage.as_of), home.local)
        parts.append((found.fired, found.known, found.since, home.record.ends_at[at]))
    fired, known, since, ends = (np.concatenate(part) for part in zip(*parts, strict=True))
    return fired, known, since, ends
