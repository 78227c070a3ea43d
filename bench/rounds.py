"""Measures works against each other: all of them in turn, round after round.

A machine that others use as well is slow for minutes at a time. What is measured in the same round
suffered the same neighbours, so the ratio within a round is what is kept.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Condense the figures of all rounds."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Measured:
    """What one work took: seconds of this process's CPU, of the wall, and as a ratio of CPU."""

    cpu: Spread
    wall: Spread
    ratio: Spread


def interleaved(works: Mapping[str, Work], reference: str, rounds: int) -> dict[str, Measured]:
    """Measure each work once a round, after one round that is thrown away.

    Parameters
    ----------
    works : mapping of str to callable
        What to measure, in the order of each round.
    reference : str
        The work whose CPU time in the same round is the unit of the ratios.
    rounds : int
    """
    for work in works.values():
        work()
    taken = [{name: _once(work) for name, work in works.items()} for _ in range(rounds)]
    return {
        name: Measured(
            Spread.of([each[name][0] for each in taken]),
            Spread.of([each[name][1] for each in taken]),
            Spread.of([each[name][0] / max(each[reference][0], 1e-9) for each in taken]),
        )
        for name in works
    }


def _once(work: Work) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall
