"""Sweep: every detector judges all homes, against one copy of the live window.

The homes are judged some at a time, as the house does it. Copying the three arrays of the window
is the floor that reading it at all comes near to.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np

from bench import town
from bench.report import Line, Stage, budgets, goals
from bench.rounds import Measured, interleaved
from meterwatch.detectors import DETECTORS, Detector, build
from meterwatch.domain.usage import Floats, LocalTime
from meterwatch.pipeline.sweep import HOMES_AT_ONCE

HOMES = 1_000_000
ROUNDS = 5
REFERENCE = "memcpy"
_LOCAL = LocalTime.of(ZoneInfo("Asia/Shanghai"))


def measure(homes: int = HOMES, rounds: int = ROUNDS) -> Stage:
    """Measure every detector with its default settings, those that are off by default as well."""
    made = town.build(homes)
    detectors = build({name: {"enabled": True} for name in DETECTORS})
    works: dict[str, Callable[[], object]] = {REFERENCE: _copying(made)}
    works |= {each.name: _judging(made, each) for each in detectors}
    taken = interleaved(works, REFERENCE, rounds)
    held, goal = budgets("sweep"), goals("sweep")
    each = goal["each_detector"]
    lines = [_line(REFERENCE, taken[REFERENCE], None, None)]
    lines += [_line(d.name, taken[d.name], held.get(d.name, each), each) for d in detectors]
    total = sum(taken[detector.name].ratio.median for detector in detectors)
    lines.append(Line("all", total, "copies", held["all"], goal=goal["all"]))
    return Stage("sweep", homes, "np.copyto of the live window, CPU", tuple(lines))


def _line(name: str, one: Measured, budget: float | None, goal: float | None) -> Line:
    ratio = one.ratio
    return Line(
        name,
        ratio.median,
        "copies",
        budget,
        ratio.least,
        ratio.most,
        one.cpu.median,
        one.wall.median,
        goal,
    )


def _copying(made: town.Town) -> Callable[[], None]:
    """Copy the window's arrays, one after the other, into memory that is there already."""
    target: Floats = np.zeros_like(made.window.litres)

    def copy() -> None:
        for array in made.arrays:
            np.copyto(target, array)

    return copy


def _judging(made: town.Town, detector: Detector) -> Callable[[], None]:
    def judge() -> None:
        for usage, profile in made.parts(HOMES_AT_ONCE):
            detector.detect(usage, profile, _LOCAL)

    return judge
