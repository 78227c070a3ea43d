"""Seeded towns for the laws: homes that leak, fall silent, drift, lose readings and are padded."""

import math

import numpy as np

from meterwatch.domain.usage import (
    CLASSES,
    HOURS,
    MEASURES,
    WEEKDAYS,
    UsageProfile,
    UsageWindow,
)
from tests.detectors.naive import Home, Interval, as_window

NEWEST = 1_772_352_000.0  # 2026-03-01 08:00 UTC, a Sunday
SPACINGS = (0.25, 0.5, 1.0, 1.0, 1.0, 4.0, 24.0)


def town(seed: int, homes: int = 40, intervals: int = 110) -> UsageWindow:
    rng = np.random.default_rng(seed)
    return as_window([_home(rng, intervals) for _ in range(homes)])


def profile_of(usage: UsageWindow, seed: int) -> UsageProfile:
    rng = np.random.default_rng(seed)
    count = len(usage.homes)
    limits = rng.uniform(2.0, 60.0, (count, CLASSES, HOURS))
    limits[rng.random(count) < 0.3] = np.nan
    usual = rng.uniform(0.0, 40.0, (count, HOURS))
    longest, days = rng.uniform(0, 40, count), np.full(count, 28.0)
    night = rng.choice([0.0, 0.0, 1.7, 11.0, np.nan], count)
    day = rng.choice([0.0, 0.0, 4.0, 40.0, np.nan], count)
    totals = rng.uniform(20.0, 3_000.0, (count, 1)) ** np.array([1.0, 0.75])
    totals[rng.random(count) < 0.1] = np.nan
    shares = rng.uniform(0.1, 0.6, (count, MEASURES, WEEKDAYS))
    night_use = rng.choice([0.0, 0.01, 0.1, np.nan], (count, HOURS))
    return UsageProfile(
        usage.homes,
        limits,
        usual,
        longest,
        days,
        night_litres_per_hour=night,
        day_litres_per_hour=day,
        usual_totals=totals,
        floors=totals[:, :, np.newaxis] * shares,
        night_use=night_use,
        returning_hours=rng.choice([20.0, 35.6, np.nan], count),
    )


def _home(rng: np.random.Generator, intervals: int) -> Home:
    spacing = float(rng.choice(SPACINGS))
    leak = float(rng.choice([0.0, 0.0, 0.4, 2.0, 12.0, 35.0, 90.0]))
    wobble = float(rng.choice([0.0, 0.1, 0.6]))
    stops_at, padding = rng.integers(0, intervals, 2)
    slots: list[Interval | None] = []
    end = NEWEST - float(rng.integers(0, 100_000))
    for back in range(intervals):
        if back >= intervals - padding * bool(rng.random() < 0.5):
            slots.append(None)
            continue
        hours = spacing * float(rng.choice([1.0, 1.0, 1.0, 0.93, 1.07, 2.0, 7.5], p=_DRIFT))
        quiet = back < stops_at or rng.random() < 0.4
        use = 0.0 if quiet else float(rng.integers(1, 60))
        litres = use + math.floor(leak * hours * (1 + wobble * rng.normal()))
        slots.append(Interval(end, hours, _seen(rng, max(litres, 0.0))))
        end -= hours * 3600
    back_from_absence = NEWEST - float(rng.integers(0, 300_000))
    counts_from = back_from_absence if rng.random() < 0.2 else -math.inf
    return Home(slots[::-1], counts_from, float(rng.choice([0.1, 1.0, 10.0])), lambda _: math.nan)


_DRIFT = [0.4, 0.2, 0.2, 0.08, 0.08, 0.03, 0.01]


def _seen(rng: np.random.Generator, litres: float) -> float:
    return math.nan if rng.random() < 0.02 else litres
