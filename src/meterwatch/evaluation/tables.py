"""Tables: the figures of a report as text, for the screen and for a page."""

from collections.abc import Sequence

import numpy as np

from meterwatch.evaluation.figures import Estimate, Rate
from meterwatch.evaluation.injections import COLLAPSE
from meterwatch.evaluation.report import Cohort, Row

SILENCES = ("rule", "all", "declared", "ordinary", "homes", "median", "p90", "12h", "24h", "missed")
OTHERS = ("rule", "injection", "alarms", "homes", "further", "median", "p90", "shares")


def of_silences(cohort: Cohort) -> list[Row]:
    """Give the rows of what is asked to find a collapse, the detectors first."""
    return [row for row in cohort.rows if row.injection == COLLAPSE.name]


def of_others(cohort: Cohort) -> list[Row]:
    """Give the rows of everything else."""
    return [row for row in cohort.rows if row.injection != COLLAPSE.name]


def silence_cells(row: Row) -> tuple[str, ...]:
    """Give the cells of `SILENCES`."""
    alarms = row.alarms
    cells = [
        row.name,
        f"{alarms['all'].mean.value:.1f}",
        _with_interval(row.headline.mean),
        f"{alarms['ordinary'].mean.value:.1f}",
        _spread(row.headline),
    ]
    if row.delay is None:
        return (*cells, *[""] * 5)
    delay = row.delay
    return (
        *cells,
        _with_interval(delay.median),
        _hours(delay.p90.value),
        f"{delay.within[12].value:.0%}",
        f"{delay.within[24].value:.0%}",
        f"{delay.missed.value:.1%}",
    )


def other_cells(row: Row) -> tuple[str, ...]:
    """Give the cells of `OTHERS`."""
    cells = [
        row.name,
        row.injection,
        _with_interval(row.headline.mean),
        _spread(row.headline),
        _with_interval(row.further.mean) if row.further else "",
    ]
    if row.delay is None:
        return (*cells, "", "", "")
    within = row.delay.within
    shares = " ".join(f"{within[hours].value:.0%}" for hours in (4, 26, 72, 120))
    return (*cells, _with_interval(row.delay.median), _hours(row.delay.p90.value), shares)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table of a page."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _with_interval(estimate: Estimate) -> str:
    return f"{_hours(estimate.value)} ({_hours(estimate.low)}-{_hours(estimate.high)})"


def _spread(rate: Rate) -> str:
    return "/".join(f"{value:.1f}" for value in rate.spread)


def _hours(value: float) -> str:
    """Write a number of hours or alarms; what was not found while it was followed is a dash."""
    return f"{value:.1f}" if np.isfinite(value) else "–"
