"""Scores detectors on recorded homes: how early, how quiet.

One harness and one set of definitions for every figure that is quoted; the terms are explained in
docs/reference/detectors.md.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo

import numpy as np

from meterwatch.detectors import Detector, FlatFlow
from meterwatch.detectors.profile import USE_LITRES
from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation.alarms import alarms_of
from meterwatch.evaluation.collapses import delays, inject
from meterwatch.evaluation.homes import Home, enter
from meterwatch.evaluation.records import Record, read_records
from meterwatch.evaluation.report import Report, Resampling, Row, score

__all__ = ["Record", "Report", "evaluate", "read_records"]

COLLAPSES = 150
SEED = 7
_OF_FLOW = frozenset({FlatFlow.name})  # a collapse stops the water: these are not asked to find it


def evaluate(
    records: Sequence[Record],
    zone: tzinfo,
    detectors: Mapping[str, Detector],
    *,
    use_litres: float = USE_LITRES,
    collapses: int = COLLAPSES,
    seed: int = SEED,
    transport_hours: float = 0.0,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Score detectors on recorded homes.

    Parameters
    ----------
    records : sequence of Record
        What `read_records` gives.
    zone : tzinfo
        Where the homes are.
    detectors : mapping of str to Detector
        What to score, by the name it has in the report.
    use_litres : float, litres
        Water in an interval from which a home counts as in use.
    collapses : int
        How many to put into each home.
    seed : int
        Of the collapses and of the bootstrap; a home's own do not depend on the other homes.
    transport_hours : float, hours
        How much later than it was measured each reading arrives.
    progress : callable, optional
        Told the share that is done, from 0 to 1.

    Raises
    ------
    ValueError
        If no home enters.
    """
    homes = _entered(records, LocalTime.of(zone), use_litres)
    ticks = _Ticks(len(homes) * (len(detectors) + 1), progress)
    falls = []
    for home in homes:
        rng = np.random.default_rng([seed, zlib.crc32(home.record.home.encode())])
        falls.append(inject(home, collapses, rng))
        ticks.tick()
    resampling = Resampling.of(len(homes), seed)

    def row(name: str, detector: Detector) -> Row:
        raised, late = [], []
        for home, fall in zip(homes, falls, strict=True):
            raised.append(alarms_of(home, detector))
            if detector.name not in _OF_FLOW:
                late.append(delays(home, fall, detector) + transport_hours)
            ticks.tick()
        asked = late if any(len(each) for each in late) else None
        return score(name, repr(detector), raised, asked, resampling)

    return Report(
        homes=len(homes),
        left_out=len(records) - len(homes),
        household_years=sum(home.years for home in homes),
        collapses=sum(len(fall.at) for fall in falls),
        seed=seed,
        transport_hours=transport_hours,
        rows=tuple(row(name, detector) for name, detector in detectors.items()),
    )


def _entered(records: Sequence[Record], local: LocalTime, use_litres: float) -> list[Home]:
    homes = [home for record in records if (home := enter(record, local, use_litres)) is not None]
    if not homes:
        raise ValueError(
            f"none of {len(records)} homes can be scored: a home needs 2,500 readings or more, "
            "60 % of its time in gaps of up to 6 h, and use on 70 % of its days"
        )
    return homes


class _Ticks:
    """Counts finished pieces of work and tells somebody."""

    def __init__(self, total: int, progress: Callable[[float], None] | None) -> None:
        self.total, self.done, self.progress = total, 0, progress

    def tick(self) -> None:
        self.done += 1
        if self.progress:
            self.progress(self.done / self.total)
