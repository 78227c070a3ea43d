"""Made-up windows of many homes, for load alone: nobody's habits, and nothing to judge rules by.

What a detector costs depends on what it meets, so the shares follow the recorded homes: hours with
use and without, one home in twelve with a flow that stands, gaps, coarse registers, homes that
are away. Some thousand homes are drawn and laid down again and again until there are enough: the
arrays are as large as those of so many homes, and read from memory as those would be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from meterwatch.domain.usage import (
    CLASSES,
    HOURS,
    WEEKDAYS,
    Floats,
    UsageProfile,
    UsageWindow,
)

NEWEST = 1_772_352_000.0
INTERVALS = 133  # what the board holds of hourly meters
DRAWN = 8_000
_HOUR = 3_600.0
_WINDOW = 5 * 86_400.0
_PLACED_HOURS = 1.6
_EAST = 8  # hours of the zone before UTC
_NIGHT = (23, 0, 1, 2, 3, 4)
_QUIET, _BY_DAY = 0.7, 0.35  # of the hours of the night never used; of those of the day used
_GAPS, _COARSE, _LEAKING, _AWAY = 0.015, 0.05, 0.08, 0.08

_Rows = TypeVar("_Rows", UsageWindow, UsageProfile)


@dataclass(frozen=True, slots=True, eq=False)
class Town:
    """The live window and the profile of many homes, as large arrays."""

    window: UsageWindow
    profile: UsageProfile

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats]:
        """The three arrays of the live window."""
        return self.window.ends_at, self.window.hours, self.window.litres

    def parts(self, size: int) -> Iterator[tuple[UsageWindow, UsageProfile]]:
        """Give the homes by so many at a time, without copying anything."""
        for start in range(0, len(self.window.homes), size):
            yield _slice(self.window, start, size), _slice(self.profile, start, size)


def build(homes: int, seed: int = 1) -> Town:
    """Draw some homes and lay them down until there are `homes`."""
    rng, some = np.random.default_rng(seed), min(homes, DRAWN)
    chances = _chances(rng, some)
    drawn, profile = _window(rng, some, chances), _profile(rng, some, chances)
    numbers = tuple(range(homes))
    window = UsageWindow(numbers, **{name: _laid(array, homes) for name, array in _of(drawn)})
    return Town(window, UsageProfile(numbers, **{n: _laid(a, homes) for n, a in _of(profile)}))


def _of(rows: UsageWindow | UsageProfile) -> Iterator[tuple[str, Floats]]:
    for name in rows.__dataclass_fields__:
        if name != "homes":
            yield name, getattr(rows, name)


def _laid(array: Floats, homes: int) -> Floats:
    large = np.empty((homes, *array.shape[1:]))
    for start in range(0, homes, len(array)):
        large[start : start + len(array)] = array[: homes - start]
    return large


def _slice(rows: _Rows, start: int, size: int) -> _Rows:
    part = {name: array[start : start + size] for name, array in _of(rows)}
    return type(rows)(rows.homes[start : start + size], **part)


def _window(rng: np.random.Generator, homes: int, chances: Floats) -> UsageWindow:
    """Draw homes with hourly readings that end when they like."""
    shape = (homes, INTERVALS)
    hours = np.where(rng.random(shape) < _GAPS, rng.integers(2, 12, shape), 1).astype(np.float64)
    newest = NEWEST - rng.uniform(0.0, _HOUR, (homes, 1))
    after = np.cumsum(hours[:, ::-1], axis=1)[:, ::-1] - hours
    ends = newest - after * _HOUR
    litres = _uses(rng, ends, chances) + _leaks(rng, homes) * hours * rng.uniform(0.9, 1.1, shape)
    step = np.where(rng.random(homes) < _COARSE, 10.0, 1.0)
    litres = np.diff(np.floor(np.cumsum(litres, axis=1) / step[:, None]), axis=1, prepend=0.0)
    litres *= step[:, None]
    litres[(hours > _PLACED_HOURS) & (litres > 0.0)] = np.nan
    gone = after * _HOUR > _WINDOW
    for array in (ends, hours, litres):
        array[gone] = np.nan
    numbers = tuple(range(homes))
    return UsageWindow(numbers, ends, hours, litres, np.full(homes, -np.inf), step)


def _chances(rng: np.random.Generator, homes: int) -> Floats:
    """Draw how often each home uses water in each local hour; in most of the night never."""
    night = np.isin(np.arange(HOURS), _NIGHT)
    by_night = np.where(rng.random((homes, HOURS)) < _QUIET, 0.0, rng.uniform(0.02, 0.3))
    by_day = np.full((homes, HOURS), _BY_DAY) * rng.uniform(0.5, 1.3, (homes, 1))
    return np.where(night, by_night, by_day)


def _uses(rng: np.random.Generator, ends: Floats, chances: Floats) -> Floats:
    """Draw what is used hour by hour; some homes are empty lately."""
    hour = np.floor(ends / _HOUR + _EAST).astype(np.int64) % HOURS
    used = rng.random(ends.shape) < np.take_along_axis(chances, hour, axis=1)
    empty = rng.random(len(ends)) < _AWAY
    since = NEWEST - np.where(empty, rng.uniform(0.0, _WINDOW, len(ends)), 0.0)
    return np.where(used & (ends < since[:, None]), rng.lognormal(2.4, 1.0, ends.shape), 0.0)


def _leaks(rng: np.random.Generator, homes: int) -> Floats:
    leaks = rng.random(homes) < _LEAKING
    return np.where(leaks, rng.lognormal(1.0, 1.0, homes), 0.0)[:, None]


def _profile(rng: np.random.Generator, homes: int, chances: Floats) -> UsageProfile:
    arrays = {
        name: np.full((homes, *shape), np.nan) for name, shape in UsageProfile.shapes().items()
    }
    usual = rng.uniform(100.0, 900.0, (homes, 1)) * np.array([[1.0, 0.15]])
    arrays |= {
        "limits_hours": rng.uniform(8.0, 30.0, (homes, CLASSES, HOURS)),
        "days": np.full(homes, 200.0),
        "longest_silence_hours": rng.uniform(10.0, 40.0, homes),
        "night_litres_per_hour": np.where(rng.random(homes) < _LEAKING / 2, 3.0, 0.0),
        "day_litres_per_hour": np.zeros(homes),
        "usual_totals": usual,
        "floors": np.repeat(0.35 * usual[:, :, None], WEEKDAYS, axis=2),
        "night_use": chances,
    }
    return UsageProfile(tuple(range(homes)), **arrays)
