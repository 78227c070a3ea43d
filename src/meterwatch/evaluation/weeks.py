"""A week of one home with its limits, and a collapse in it: what the figures are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meterwatch.domain.usage import Floats, LocalTime
from meterwatch.evaluation.homes import Indices
from meterwatch.evaluation.judging import Judge
from meterwatch.evaluation.records import PLACED_HOURS
from meterwatch.evaluation.scenes import Scene

DAYS_BEFORE = 5.0
HOURS_AFTER = 8.0
_SECONDS = 3_600.0
_NEVER = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """What a meter showed, reading by reading, and how near each reading was to an alarm.

    Attributes
    ----------
    local : LocalTime
    at : (K,) float64, epoch seconds
    litres : (K,) float64
    silence_hours, limit_hours : (K,) float64
        How long the taps had been shut, and how long they might be.
    struck_at, found_at : float, epoch seconds
    """

    local: LocalTime
    at: Floats
    litres: Floats
    silence_hours: Floats
    limit_hours: Floats
    struck_at: float
    found_at: float


def typical(delays: Sequence[Floats], scenes: Sequence[Scene], among: Indices) -> tuple[int, int]:
    """Choose, among homes, the injection that is found after the time nearest to the median.

    One in whose days no reading is missing is preferred.
    """
    median = float(np.median(np.concatenate(delays)))
    apart = {}
    for home in among.tolist():
        late = np.where(np.isfinite(delays[home]), delays[home], _NEVER)
        with np.errstate(invalid="ignore"):
            gaps = (scenes[home].hours > PLACED_HOURS).any(axis=1)
        apart[home] = np.append(np.abs(late - median) + _NEVER * gaps, 3 * _NEVER)
    home = min(apart, key=lambda each: float(apart[each].min()))
    return home, int(apart[home].argmin())


def week_of(judge: Judge, record: Scene, struck: Scene, row: int, delay: float) -> Week:
    """Show the days before an injection as they were, and what came after it."""
    at = float(struck.struck_at[row])
    found_at = at + delay * _SECONDS
    ends = record.ends_at[0]
    with np.errstate(invalid="ignore"):
        before = (ends > at - DAYS_BEFORE * 86_400.0) & (ends <= at)
        after = (struck.ends_at[row] > at) & (
            struck.ends_at[row] <= found_at + HOURS_AFTER * _SECONDS
        )
    parts = [
        _shown(judge, record, 0, np.flatnonzero(before & record.judged[0])),
        _shown(judge, struck, row, np.flatnonzero(after & struck.judged[row])),
    ]
    at_, litres, silence, limit = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Week(record.home.local, at_, litres, silence, limit, at, found_at)


def _shown(judge: Judge, scene: Scene, row: int, columns: Indices) -> tuple[Floats, ...]:
    found = judge.verdicts(scene, np.full(len(columns), row), columns)
    return (
        scene.ends_at[row, columns],
        scene.litres[row, columns],
        found.figures["silence_hours"],
        found.limit,
    )
