"""Registers: what a meter's cumulative readings mean, and which of them mean nothing.

A reading is never changed and never lost; one that is not understood is put aside, shown to a
person and never counted as use. The rules, in the order in which they are tried, on the readings
of one meter sorted by the time at which they were measured:

1. Two readings of one instant: the one that came first stands (the store sees to it).
2. A late or unordered reading takes its place in time; judging is by order of measurement.
3. After a declared swap the new meter goes on where the old one ended.
4. A step down across a known rollover, from its last tenth to its first, is a rollover.
5. Any other step down is put aside (`step_back`).
6. A step up larger than the pipe can deliver in the time is put aside (`jump`).
7. Three readings put aside in a row that agree with each other over an hour or more are a new
   level (an undeclared swap): from the first of them on they count, the step itself never does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.household import Device, Swap

Floats = NDArray[np.float64]

THIN = 0.45  # of the readings within this share of the meter's interval the last one stands
_AGREE = 3  # readings that make a new level
_AGREE_SECONDS = 3_600.0
_ROLLOVER_EDGE = 0.1  # share of the range at both ends that a rollover may span


class Oddity(StrEnum):
    """Why a reading was put aside."""

    STEP_BACK = "step_back"
    JUMP = "jump"
    SAME_TIME = "same_time"  # a second register for an instant that has one
    NEW_LEVEL = "new_level"  # kept, but a person should declare the swap


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The readings of one meter, judged.

    Attributes
    ----------
    kept : (K,) int
        Which of the readings count, as indices into the input.
    total : (K,) float64, litres
        Litres drawn up to each kept reading; never decreases.
    fresh_level : (K,) bool
        True where the interval that ends here says nothing about use (rule 7).
    odd : list of (index, Oddity)
    """

    kept: NDArray[np.int64]
    total: Floats
    fresh_level: NDArray[np.bool_]
    odd: list[tuple[int, Oddity]]


def possible_litres(device: Device, seconds: float) -> float:
    """Give the most water that can have passed in this time, one register step included."""
    return device.max_flow_litres_per_hour * max(seconds, 0.0) / 3_600.0 + device.resolution_litres


def judge(at: Floats, litres: Floats, device: Device, swaps: Sequence[Swap] = ()) -> Judged:
    """Judge the readings of one meter.

    Parameters
    ----------
    at : (N,) float64, epoch seconds
        When each was measured; strictly increasing.
    litres : (N,) float64, litres
        The register at each.
    device : Device
        Its resolution, rollover and largest flow.
    swaps : sequence of Swap
        Declared exchanges of this meter; of two for one instant the last one stands.
    """
    if len(at) == 0:
        empty = np.array([], dtype=np.float64)
        return Judged(np.array([], dtype=np.int64), empty, np.array([], dtype=np.bool_), [])
    steps = np.diff(litres)
    most = device.max_flow_litres_per_hour * np.diff(at) / 3_600.0 + device.resolution_litres
    if not swaps and bool(np.all((steps >= 0) & (steps <= most))):
        plain = np.zeros(len(at), dtype=np.bool_)
        return Judged(np.arange(len(at), dtype=np.int64), litres - litres[0], plain, [])
    ordered = {swap.at: swap for swap in sorted(swaps, key=lambda swap: swap.at)}
    walk = _Walk(device, list(ordered.values()))
    for index in range(len(at)):
        walk.take(index, float(at[index]), float(litres[index]))
    return walk.verdict()


@dataclass(slots=True)
class _Walk:
    """One pass over the readings of one meter; the slow and readable form of the rules."""

    device: Device
    swaps: list[Swap]
    kept: list[int] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    levels: list[bool] = field(default_factory=list)
    odd: list[tuple[int, Oddity]] = field(default_factory=list)
    aside: list[tuple[int, float, float]] = field(default_factory=list)
    last_at: float = 0.0
    last_litres: float = 0.0
    total: float = 0.0

    def take(self, index: int, at: float, litres: float) -> None:
        """Place one more reading."""
        if not self.kept:
            self.swaps = [swap for swap in self.swaps if swap.at.timestamp() > at]
            self._keep(index, at, litres, 0.0)
            return
        self._swap_before(at)
        step = self._step(litres)
        if step is None or step > possible_litres(self.device, at - self.last_at):
            self._put_aside(index, at, litres, Oddity.STEP_BACK if step is None else Oddity.JUMP)
        else:
            self._keep(index, at, litres, step)

    def verdict(self) -> Judged:
        """Give what was found."""
        return Judged(
            np.array(self.kept, dtype=np.int64),
            np.array(self.totals, dtype=np.float64),
            np.array(self.levels, dtype=np.bool_),
            self.odd,
        )

    def _swap_before(self, at: float) -> None:
        while self.swaps and self.swaps[0].at.timestamp() <= at:
            swap = self.swaps.pop(0)
            self.total += max(swap.old_final_litres - self.last_litres, 0.0)
            self.last_litres = swap.new_start_litres
            self.aside.clear()  # no run of readings goes across an exchange

    def _step(self, litres: float) -> float | None:
        """Give the litres since the last kept reading, or None for a step down."""
        if litres >= self.last_litres:
            return litres - self.last_litres
        whole = self.device.rollover_litres
        if not whole or not whole * (1 - _ROLLOVER_EDGE) <= self.last_litres <= whole:
            return None
        return whole - self.last_litres + litres if litres <= whole * _ROLLOVER_EDGE else None

    def _keep(self, index: int, at: float, litres: float, step: float) -> None:
        self.total += step
        self._append(index, at, litres, fresh=False)
        self.aside.clear()

    def _append(self, index: int, at: float, litres: float, *, fresh: bool) -> None:
        self.kept.append(index)
        self.totals.append(self.total)
        self.levels.append(fresh)
        self.last_at, self.last_litres = at, litres

    def _put_aside(self, index: int, at: float, litres: float, why: Oddity) -> None:
        if self.aside and not self._agrees(at, litres):
            self.aside.clear()
        self.aside.append((index, at, litres))
        self.odd.append((index, why))
        if len(self.aside) >= _AGREE and at - self.aside[0][1] >= _AGREE_SECONDS:
            self._take_new_level()

    def _agrees(self, at: float, litres: float) -> bool:
        _, before, level = self.aside[-1]
        return 0 <= litres - level <= possible_litres(self.device, at - before)

    def _take_new_level(self) -> None:
        """Let the readings put aside count after all, from the first of them on."""
        run, self.aside = self.aside, []
        indices = {index for index, _, _ in run}
        self.odd = [entry for entry in self.odd if entry[0] not in indices]
        self.odd.append((run[0][0], Oddity.NEW_LEVEL))
        self.last_litres = run[0][2]
        for position, (index, at, litres) in enumerate(run):
            self.total += litres - self.last_litres
            self._append(index, at, litres, fresh=position == 0)


def cells(at: Floats, width: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split readings by cells of the clock; give the first and the last position of each.

    Cells begin at fixed moments, so the same readings are chosen however far back one looks.

    >>> cells(np.array([0.0, 5.0, 12.0, 31.0, 39.0]), 10.0)
    (array([0, 2, 3]), array([1, 2, 4]))
    """
    edges = np.flatnonzero(np.diff(at // width)) + 1
    zero, end = np.array([0], dtype=np.int64), np.array([len(at) - 1], dtype=np.int64)
    return np.concatenate([zero, edges]), np.concatenate([edges - 1, end])
