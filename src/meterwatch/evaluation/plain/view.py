"""View: what plain rules look at, worked out once for all of them.

A silence begins at the closing reading of a use. A gap that moved by as much as a use ends one as
well; one that moved by less, or stood still, goes on with it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from meterwatch.domain.usage import Bools, Floats
from meterwatch.evaluation.homes import Indices
from meterwatch.evaluation.scenes import Scene

_HOUR = 3_600.0


@dataclass(frozen=True, eq=False)
class View:
    """A scene, reading by reading; every array is (R, P + L)."""

    scene: Scene

    @cached_property
    def there(self) -> Bools:
        """Which readings exist."""
        return np.isfinite(self.scene.ends_at)

    @cached_property
    def broken(self) -> Bools:
        """Which readings end a silence: a use, a gap that hides one, a new level."""
        scene = self.scene
        least = max(scene.home.use_litres, scene.home.record.resolution_litres)
        unplaced = self.there & np.isnan(scene.litres)
        with np.errstate(invalid="ignore"):
            drips = scene.drawn - scene.base * scene.hours < least
        return scene.in_use | (unplaced & ~drips)

    @cached_property
    def silence(self) -> Indices:
        """The number of the silence in which each reading lies."""
        return np.cumsum(self.broken, axis=1)

    @cached_property
    def since(self) -> Floats:
        """When the silence began at each reading, epoch seconds."""
        columns = np.arange(self.broken.shape[1])
        last = np.maximum.accumulate(np.where(self.broken, columns, -1), axis=1)
        began = np.take_along_axis(self.scene.ends_at, np.maximum(last, 0), axis=1)
        return np.where(last >= 0, began, self.scene.home.record.began_at)

    @cached_property
    def hours(self) -> Floats:
        """How long the silence had lasted at each reading."""
        return np.where(self.there, (self.scene.ends_at - self.since) / _HOUR, np.nan)

    @cached_property
    def day(self) -> Indices:
        """The local day whose limits are in force at each reading."""
        scene, home = self.scene, self.scene.home
        struck = scene.struck_at[:, np.newaxis]
        moment = np.where(np.isnan(struck), np.where(self.there, scene.ends_at, 0.0), struck)
        return home.day(moment)

    def since_clock(self, hour: float) -> Indices:
        """Count the local days that have begun at this hour of the clock by each reading."""
        shown = np.where(self.there, self.scene.ends_at, -np.inf)
        local = self.scene.home.local.seconds(np.where(self.there, shown, 0.0))
        return np.floor(local / (24 * _HOUR) - hour / 24.0).astype(np.int64)
