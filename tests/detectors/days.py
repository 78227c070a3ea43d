"""Small hand-made windows for behaviour tests: hours counted from a Monday midnight."""

from datetime import UTC
from typing import Any

import numpy as np

from meterwatch.detectors import Detector
from meterwatch.domain.usage import CLASSES, HOURS, LocalTime, UsageProfile, UsageWindow

MONDAY = 1_772_409_600.0  # 2026-03-02 00:00 UTC
LOCAL = LocalTime.of(UTC)


def window(
    litres: list[float],
    hours: list[float] | None = None,
    *,
    counts_from: float = -np.inf,
    resolution: float = 1.0,
) -> UsageWindow:
    """One home whose first interval begins at Monday midnight; hourly unless said otherwise."""
    lengths = np.ones(len(litres)) if hours is None else np.array(hours)
    ends = MONDAY + np.cumsum(lengths) * 3600.0
    return UsageWindow(
        (7,),
        ends[np.newaxis],
        lengths[np.newaxis],
        np.array([litres], dtype=np.float64),
        np.array([counts_from]),
        np.array([resolution]),
    )


def limits(hours: float) -> UsageProfile:
    """A home whose limit is the same whenever a silence begins."""
    return UsageProfile(
        (7,),
        np.full((1, CLASSES, HOURS), hours),
        np.full((1, HOURS), np.nan),
        np.full(1, np.nan),
        np.full(1, 28.0),
    )


def verdict(
    detector: Detector, usage: UsageWindow, profile: UsageProfile | None = None
) -> dict[str, Any]:
    """What a detector says of that one home."""
    profile = UsageProfile.unlearnt((7,)) if profile is None else profile
    found = detector.detect(usage, profile, LOCAL)
    return {
        "fired": bool(found.fired[0]),
        "known": bool(found.known[0]),
        "score": float(found.score[0]),
        "since_hour": float(found.since[0] - MONDAY) / 3600.0,
        "limit": float(found.limit[0]),
        **{name: float(values[0]) for name, values in found.figures.items()},
    }
