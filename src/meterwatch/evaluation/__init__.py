"""Scores detectors on recorded homes: how early, how quiet.

One harness and one set of definitions for every figure that is quoted; the terms are explained in
docs/detection.md. The plain rules stand beside ours always.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo

import numpy as np

from meterwatch.detectors import LowUse, NoUse
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.profile import USE_LITRES
from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation import priors
from meterwatch.evaluation.arrivals import Arrivals
from meterwatch.evaluation.cohorts import cohorts_of
from meterwatch.evaluation.homes import Home, Indices, enter
from meterwatch.evaluation.plain import USUAL, chosen
from meterwatch.evaluation.records import Record, read_records
from meterwatch.evaluation.report import Cohort, Measured, Report, everybody
from meterwatch.evaluation.trial import (
    BUDGET,
    Candidate,
    Conditions,
    Trial,
    alarm_rows,
    asked_to_find,
)
from meterwatch.evaluation.weeks import Week

__all__ = [
    "Arrivals",
    "Candidate",
    "Conditions",
    "Record",
    "Report",
    "alarms",
    "evaluate",
    "read_records",
]

Progress = Callable[[float], None]
IN_FOLDS = "fitted in folds on the other homes of the file"
TAUGHT = " (fitted on homes of this very file)"


def evaluate(
    records: Sequence[Record],
    zone: tzinfo,
    candidates: Sequence[Candidate],
    prior: Prior | None = None,
    *,
    rules: Sequence[str] = USUAL,
    conditions: Conditions | None = None,
    arrivals: Arrivals | None = None,
    persons: Mapping[str, int] | None = None,
    use_litres: float = USE_LITRES,
    progress: Progress | None = None,
) -> Report:
    """Score detectors, and the plain rules, on recorded homes.

    Parameters
    ----------
    records : sequence of Record
        What `read_records` gives.
    zone : tzinfo
        Where the homes are.
    candidates : sequence of Candidate
        The detectors to score.
    prior : Prior, optional
        What is held to be known of homes in general. Without one each home has one that is fitted
        on the others, in folds.
    rules : sequence of str
        Names of plain rules; `usual`, `all`, `none`.
    conditions : Conditions, optional
    arrivals : Arrivals, optional
        How readings come in; at once if left out.
    persons : mapping of str to int, optional
        How many live in a home; a cohort for each number.
    use_litres : float, litres
        Water in an interval from which a home counts as in use.
    progress : callable, optional
        Told the share that is done, from 0 to 1.

    Raises
    ------
    ValueError
        If no home enters, or a rule is not known.
    """
    plain, asked = chosen(rules), conditions or Conditions()
    homes = _entered(records, zone, use_litres, arrivals)
    work = sum(1 + len(asked_to_find(each.detector, asked)) for each in candidates) + len(plain)
    ticks = _Ticks(len(homes) * work + _nights(homes, candidates), progress)
    budgets = sorted({each.budget for each in candidates})
    trial = Trial(homes, prior, budgets, asked, ticks.tick)
    measured = [*_ours(trial, candidates), *(trial.of_plain(rule) for rule in plain)]
    years, cohorts = np.array([home.years for home in homes]), cohorts_of(homes, persons or {})
    return Report(
        Cohort.of(measured, years, everybody(len(homes)), asked.seed),
        {name: Cohort.of(measured, years, each, asked.seed) for name, each in cohorts.items()},
        len(records) - len(homes),
        trial.injected(),
        _said_of(prior, homes),
        {"seed": asked.seed, **_said(arrivals or Arrivals())},
        _week(trial, candidates, measured, next(iter(cohorts.values()), everybody(len(homes)))),
    )


def alarms(
    records: Sequence[Record],
    zone: tzinfo,
    candidates: Sequence[Candidate],
    prior: Prior | None = None,
    *,
    arrivals: Arrivals | None = None,
    use_litres: float = USE_LITRES,
) -> list[tuple[str, str, float, float]]:
    """Give what detectors raise on untouched records, as the live service would have.

    Parameters are those of `evaluate`.

    Returns
    -------
    list of (home, name of the candidate, since, fired_at), times in epoch seconds, in the order
    in which they were raised.
    """
    homes = _entered(records, zone, use_litres, arrivals)
    budgets = sorted({each.budget for each in candidates})
    trial = Trial(homes, prior, budgets, Conditions(), lambda: None)
    return list(alarm_rows(homes, {each.name: trial.alarms(each) for each in candidates}))


def _ours(trial: Trial, candidates: Sequence[Candidate]) -> list[Measured]:
    raised = {each.name: trial.alarms(each) for each in candidates}
    usual, measured = _usual(candidates), []
    for each in candidates:
        beside = raised[usual.name] if usual and each.detector.name == LowUse.name else None
        found = list(trial.of_candidate(each, raised[each.name], beside))
        measured += found
        if usual and beside is not None:
            counts = trial.counts(raised[usual.name])
            measured += [trial.together(usual, row, counts) for row in found if row.injection]
    return measured


def _usual(candidates: Sequence[Candidate]) -> Candidate | None:
    """Give `no_use` at the budget nearest to the default, if it is scored."""
    silent = [each for each in candidates if isinstance(each.detector, NoUse)]
    return min(silent, key=lambda each: abs(each.budget - BUDGET)) if silent else None


def _week(
    trial: Trial, candidates: Sequence[Candidate], measured: Sequence[Measured], among: Indices
) -> Week | None:
    usual = _usual(candidates)
    late = [each.delays for each in measured if usual and each.name == usual.name and each.delays]
    if usual is None or not late or not any(len(late[0][home]) for home in among):
        return None
    return trial.week(usual, late[0], among)


def _nights(homes: Sequence[Home], candidates: Sequence[Candidate]) -> int:
    if not candidates:
        return 0
    begun = min(home.record.began_at for home in homes)
    return int((max(home.heard_at[-1] for home in homes) - begun) // 86_400)


def _said_of(prior: Prior | None, homes: Sequence[Home]) -> str:
    if prior is None:
        return IN_FOLDS
    taught = priors.clash(prior, [home.name for home in homes])
    return prior.source + (TAUGHT if taught else "")


def _said(arrivals: Arrivals) -> dict[str, object]:
    return {"transport_hours": arrivals.transport_hours, "daily_at": arrivals.daily_at}


def _entered(
    records: Sequence[Record], zone: tzinfo, use_litres: float, arrivals: Arrivals | None
) -> list[Home]:
    local = LocalTime.of(zone)
    entered = (enter(record, local, use_litres, arrivals) for record in records)
    homes = [home for home in entered if home is not None]
    if not homes:
        raise ValueError(
            f"none of {len(records)} homes can be scored: a home needs 2,500 readings or more, "
            "60 % of its time in gaps of up to 6 h, and use on 70 % of its days"
        )
    return homes


class _Ticks:
    """Counts finished pieces of work and tells somebody."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.done, self.progress = total, 0, progress

    def tick(self) -> None:
        self.done += 1
        if self.progress:
            self.progress(min(self.done / self.total, 1.0))
