"""Judging: runs a detector over scenes as the live service would run it.

What is scored is what ships: every verdict is the detector's own, on the window that the board
would have held and the profile that was in force.
"""

from dataclasses import dataclass

import numpy as np

from meterwatch.detectors import Detector
from meterwatch.domain.usage import Findings, Floats
from meterwatch.evaluation.alarms import Alarms, runs
from meterwatch.evaluation.homes import Indices
from meterwatch.evaluation.nights import Learnt
from meterwatch.evaluation.scenes import Scene

_ROWS = 2_000  # windows judged at a time
_COLUMNS = 12  # readings after an injection looked at before those that were found are left out


@dataclass(frozen=True, slots=True)
class Judge:
    """A detector with what it knows of one home."""

    detector: Detector
    learnt: Learnt

    def alarms(self, scene: Scene) -> Alarms:
        """Run over the untouched record of one home."""
        columns = np.flatnonzero(scene.judged[0])
        found = [
            self.verdicts(scene, np.zeros_like(part), part)
            for part in np.split(columns, range(_ROWS, len(columns), _ROWS))
        ]
        fired, known, since = (
            np.concatenate([getattr(each, name) for each in found])
            for name in ("fired", "known", "since")
        )
        return runs(scene, columns[known], fired[known], since[known])

    def delays(self, scene: Scene) -> Floats:
        """Give the hours from each injection to what finds it; infinite if nothing does."""
        hours = np.full(len(scene.struck_at), np.inf)
        width = scene.ends_at.shape[1]
        for start in range(scene.width - 1, width, _COLUMNS):
            block = slice(start, min(start + _COLUMNS, width))
            rows, columns = np.nonzero(scene.judged[:, block] & np.isinf(hours)[:, np.newaxis])
            if len(rows) == 0:
                continue
            columns += start
            fired = self.verdicts(scene, rows, columns).fired
            after = scene.hours_after(rows[fired], columns[fired])
            np.minimum.at(hours, rows[fired], after)
        return hours

    def verdicts(self, scene: Scene, rows: Indices, columns: Indices) -> Findings:
        """Judge these readings."""
        usage = scene.windows(rows, columns)
        profile = self.learnt.at(scene.in_force(rows, columns))
        return self.detector.detect(usage, profile, scene.home.local)
