"""Writes docs/detection.md and its plots from a run on recorded homes: `make detection FILE=...`.

The text names the homes of DAIAD Trial A; a run on others names its own by --source.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

from meterwatch import detectors
from meterwatch.config import Settings
from meterwatch.detectors import NoUse
from meterwatch.detectors.presets import PRESETS
from meterwatch.evaluation import Arrivals, Candidate, Conditions, Record, Report, evaluate
from meterwatch.evaluation.cohorts import read_persons
from meterwatch.evaluation.plain import USUAL
from meterwatch.evaluation.plots import FRONTIER, WEEK, draw
from meterwatch.evaluation.records import read_records, with_gaps
from meterwatch.evaluation.report import Cohort, Row
from meterwatch.evaluation.tables import (
    markdown,
    of_others,
    of_silences,
    other_cells,
    silence_cells,
)

ROOT = Path(__file__).resolve().parents[1]
PAGE, IMAGES = ROOT / "docs" / "detection.md", ROOT / "docs" / "images"
TEXT = ROOT / "scripts" / "detection_page.txt"
SOURCE = (
    "DAIAD Trial A, DAIAD project, CC BY-SA 4.0: hourly registers in whole litres of homes in "
    "Alicante, March 2016 to May 2017"
)
BUDGETS = (1.9, 2.0, 3.0, 4.0, 5.0, 5.8, 7.0, 10.0, 15.0)
SHOWN = ("no_use 2", "no_use 5", "no_use 10")
PARTIAL = (0.1, 0.25, 0.4)
BUDGET = 5.0
_SILENCES = "rule|all|≥ 48 h declared|< 24 h|homes 10/50/90|median h|p90 h|≤ 12 h|≤ 24 h|missed"
_OTHERS = (
    "rule|put in|alarms a year|homes 10/50/90|further|median h|p90 h|≤ 4 h, ≤ 26 h, ≤ 3 d, ≤ 5 d"
)
SILENCES, OTHERS = tuple(_SILENCES.split("|")), tuple(_OTHERS.split("|"))


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure to reach: alarms a household-year, counted in one way, and hours of delay."""

    alarms: float
    median: float
    p90: float
    way: str = "declared_48h"
    cohort: str = ""
    budget: float = BUDGET

    def said(self) -> str:
        """Say what is asked."""
        whose = f"{self.cohort} homes: " if self.cohort else ""
        away = ", nights away declared" if self.way == "ordinary" else ""
        return f"{whose}≤ {self.alarms:g} / ≤ {self.median:g} / ≤ {self.p90:g}{away}"


BARS = (
    Bar(2.0, 20.0, 34.0, budget=2.0),
    Bar(5.0, 12.5, 24.0, budget=5.0),
    Bar(10.0, 10.0, 17.5, budget=10.0),
    Bar(3.0, 11.5, 21.0, way="ordinary"),
    Bar(4.0, 16.0, 25.0, cohort="one person"),
)
# What others are to reach: rule, what is put in, hours, share, and further alarms a year at most.
FOUND = (
    ("flat_flow", "tap 200 L/h", 4, 0.95, 0.5),
    ("flat_flow", "leak 10 L/h", 26, 0.90, 0.5),
    ("flat_flow", "leak 3 L/h", 120, 0.50, 0.5),
    ("low_use", "partial 25%", 72, 0.80, 1.0),
    (f"no_use {BUDGET:g} + low_use", "partial 25%", 72, 0.80, 1.0),
)


def candidates(budgets: Sequence[float]) -> list[Candidate]:
    """Give the detectors as they ship, `no_use` once for each budget."""
    tables = Settings(detectors={"odd_hours": {"enabled": True}}).detector_tables()
    ours = [each for each in detectors.build(tables) if not isinstance(each, NoUse)]
    silent = [each for each in detectors.build(tables) if isinstance(each, NoUse)]
    return [
        *(Candidate(f"{one.name} {each:g}", one, each) for one in silent for each in budgets),
        *(Candidate(each.name, each, BUDGET) for each in ours),
    ]


def deployed() -> list[Candidate]:
    """Give the rules of other services that look for silence, one where several are alike."""
    silent = {
        preset.rule: name for name, preset in PRESETS.items() if preset.detector == NoUse.name
    }
    return [Candidate(name, rule, BUDGET) for rule, name in silent.items()]


def page(report: Report, worse: Mapping[str, Report], source: str) -> str:
    """Write the page from a run, and from runs under worse conditions."""
    every = report.every
    usual = [row for row in of_silences(every) if row.detector == "plain" or row.name in SHOWN]
    parts = {
        "source": source,
        "homes": f"{every.homes} of {every.homes + report.left_out}",
        "years": f"{every.household_years:.1f}",
        "collapses": f"{report.injections:,}",
        "seed": str(report.conditions["seed"]),
        "prior": report.prior,
        "bars": _bars(report),
        "found": _found(every),
        "silences": _silences(_handful(usual)),
        "others": _others(every),
        "budgets": _budgets(every),
        "deployed": _deployed(every),
        "cohorts": "\n\n".join(_cohort(name, each) for name, each in report.cohorts.items()),
        "worse": _worse(every, worse),
        "every": _silences([row for row in of_silences(every) if row.detector == "plain"]),
        "frontier": f"images/detection-{FRONTIER}",
        "week": f"images/detection-{WEEK}",
    }
    return TEXT.read_text(encoding="utf-8").format(**parts)


def _handful(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.detector != "plain" or row.name in USUAL]


def _silences(rows: Sequence[Row]) -> str:
    return markdown(SILENCES, [silence_cells(row) for row in rows])


def _deployed(cohort: Cohort) -> str:
    """Show the presets, with where they are used."""
    lines = [
        (f"`{row.name}`", PRESETS[row.name].where, *silence_cells(row)[1:])
        for row in of_silences(cohort)
        if row.name in PRESETS
    ]
    return markdown((SILENCES[0], "where", *SILENCES[1:]), lines)


def _others(cohort: Cohort) -> str:
    return markdown(OTHERS, [other_cells(row) for row in of_others(cohort)])


def _bars(report: Report) -> str:
    """Put what was asked beside what is reached: at the budget itself, and as near as it comes."""
    lines = []
    for bar in BARS:
        cohort = report.cohorts[bar.cohort] if bar.cohort else report.every
        own = [row for row in of_silences(cohort) if row.name.startswith(NoUse.name)]
        best = _quietest_within(own, bar)
        named = [row for row in own if row.name == f"{NoUse.name} {bar.budget:g}"]
        rows = {row.name.split()[-1]: row for row in (*named, *best)}
        lines += [(bar.said(), budget, *_reached(row, bar)) for budget, row in rows.items()]
    head = ("asked: alarms / median / p90", "budget", "alarms", "median h", "p90 h", "missed", "")
    return markdown(head, lines)


def _quietest_within(rows: Sequence[Row], bar: Bar) -> list[Row]:
    within = [row for row in rows if row.alarms[bar.way].mean.value <= bar.alarms]
    return [max(within, key=lambda row: row.alarms[bar.way].mean.value)] if within else []


def _reached(row: Row, bar: Bar) -> tuple[str, ...]:
    if row.delay is None:
        return ("", "", "", "", "")
    rate, median, p90 = row.alarms[bar.way].mean, row.delay.median, row.delay.p90
    met = rate.value <= bar.alarms and median.value <= bar.median and p90.value <= bar.p90
    return (
        *(f"{each.value:.1f} ({each.low:.1f}-{each.high:.1f})" for each in (rate, median, p90)),
        f"{row.delay.missed.value:.1%}",
        "reached" if met else "not reached",
    )


def _found(cohort: Cohort) -> str:
    lines = []
    for name, injection, hours, share, most in FOUND:
        try:
            row = cohort.row(name, injection)
        except KeyError:
            continue
        rate = (row.further or row.headline).mean
        if row.delay is None:
            continue
        found = row.delay.within[hours]
        met = found.value >= share and rate.value <= most
        lines.append(
            (
                name,
                f"{injection}: {share:.0%} within {hours} h, ≤ {most:g} a year",
                f"{found.value:.0%} ({found.low:.0%}-{found.high:.0%})",
                f"{rate.value:.2f} ({rate.low:.1f}-{rate.high:.1f})",
                "reached" if met else "not reached",
            )
        )
    return markdown(("rule", "asked", "found", "alarms a year", ""), lines)


def _budgets(cohort: Cohort) -> str:
    lines = []
    for row in of_silences(cohort):
        if row.name.startswith(NoUse.name):
            set_to, rate = float(row.name.split()[-1]), row.headline.mean
            off = rate.value / set_to - 1.0
            cells = silence_cells(row)
            lines.append((f"{set_to:g}", cells[2], f"{off:+.0%}", cells[5], cells[6], cells[9]))
    head = ("budget", "alarms, ≥ 48 h declared", "off by", "median h", "p90 h", "missed")
    return markdown(head, lines)


def _cohort(name: str, cohort: Cohort) -> str:
    rows = [row for row in of_silences(cohort) if row.detector == "plain" or row.name in SHOWN]
    years = f"{cohort.homes} homes, {cohort.household_years:.1f} household-years"
    tables = f"{_silences(_handful(rows))}\n\n{_others(cohort)}"
    return f"### {name.capitalize()}: {years}\n\n{tables}"


def _worse(every: Cohort, worse: Mapping[str, Report]) -> str:
    cohorts = {"as recorded": every, **{said: report.every for said, report in worse.items()}}
    lines = [
        (said, *silence_cells(cohort.row(name)))
        for said, cohort in cohorts.items()
        for name in (f"{NoUse.name} {BUDGET:g}", "F24")
    ]
    return markdown(("readings", *SILENCES), lines)


def runs(
    records: Sequence[Record],
    zone: tzinfo,
    persons: Mapping[str, int],
    conditions: Conditions,
    budgets: Sequence[float] = BUDGETS,
) -> tuple[Report, dict[str, Report]]:
    """Score everything, and beside it the default budget under worse conditions."""
    score = partial(evaluate, zone=zone, prior=None, conditions=conditions)
    every = [*candidates(budgets), *deployed()]
    one = [each for each in candidates([BUDGET]) if isinstance(each.detector, NoUse)]
    plainly = partial(score, candidates=one, rules=("F24",))
    lossy = [with_gaps(record, 0.1, conditions.seed) for record in records]
    late, daily = Arrivals(transport_hours=6.0), Arrivals(daily_at=6.0)
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        worse = {
            "six hours late": beside.submit(plainly, records, arrivals=late),
            "sent once a day, 06:00": beside.submit(plainly, records, arrivals=daily),
            "another tenth lost": beside.submit(plainly, lossy),
        }
        report = score(records, candidates=every, rules=("all",), persons=persons, progress=_tell)
        return report, {said: run.result() for said, run in worse.items()}


def _tell(share: float) -> None:
    print(f"\r{share:4.0%}", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Score and write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--zone", default="Europe/Madrid")
    asked.add_argument("--households", type=Path)
    asked.add_argument("--source", default=SOURCE)
    asked.add_argument("--collapses", type=int, default=150)
    given = asked.parse_args()
    persons = read_persons(given.households) if given.households else {}
    conditions = Conditions(given.collapses, partial_shares=PARTIAL)
    report, worse = runs(read_records(given.file), ZoneInfo(given.zone), persons, conditions)
    IMAGES.mkdir(parents=True, exist_ok=True)
    for path in draw(report, IMAGES):
        path.replace(path.with_name(f"detection-{path.name}"))
    PAGE.write_text(page(report, worse, given.source), encoding="utf-8")


if __name__ == "__main__":
    main()
