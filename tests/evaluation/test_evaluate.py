import json
from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.detectors import FlatFlow, NoUse
from meterwatch.evaluation import (
    IN_FOLDS,
    Arrivals,
    Candidate,
    Conditions,
    Report,
    alarms,
    evaluate,
)
from meterwatch.evaluation.figures import Resampling
from meterwatch.evaluation.records import Record
from meterwatch.evaluation.tables import of_others, of_silences, other_cells, silence_cells
from tests.evaluation.known import PRIOR
from tests.evaluation.made_up import HOUR, START, record

DAY = 24
FIXED = NoUse(default_limit_hours=24.0, min_limit_hours=24.0, max_limit_hours=24.0)
OURS = (Candidate("no_use 5", NoUse()), Candidate("day", FIXED), Candidate("flow", FlatFlow()))
FEW = Conditions(injections=12)


def street() -> list[Record]:
    return [
        record(((50 * DAY, 51 * DAY),), name="a"),
        record(((60 * DAY, 63 * DAY), (80 * DAY, 81 * DAY + 3)), name="b"),
        record(name="c", leak=12.0),
        record(name="too short", days=40),
    ]


def scored(
    records: Sequence[Record], ours: Sequence[Candidate] = OURS[1:2], **options: object
) -> Report:
    options = {"rules": ("F24",), "conditions": FEW, **options}
    return evaluate(records, UTC, ours, PRIOR, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def report() -> Report:
    return scored(street(), OURS, persons={"a": 1, "b": 2, "c": 1, "elsewhere": 3})


def test_a_report_says_on_what_it_was_measured(report: Report) -> None:
    assert (report.every.homes, report.left_out, report.injections) == (3, 1, 36)
    assert report.every.household_years == pytest.approx(3 * 92 / 365.25)
    assert report.prior == "made up"
    assert [(row.name, row.injection) for row in report.every.rows] == [
        ("no_use 5", "collapse"),
        ("day", "collapse"),
        ("flow", "tap 200 L/h"),
        ("flow", "leak 10 L/h"),
        ("flow", "leak 3 L/h"),
        ("F24", "collapse"),
    ]
    assert report.every.row("day").settings == repr(FIXED)


def test_alarms_are_counted_in_three_ways_per_household_year(report: Report) -> None:
    years = 3 * 92 / 365.25
    for name in ("day", "F24"):
        row = report.every.row(name)
        assert row.alarms["all"].mean.value == pytest.approx(3 / years)
        assert row.headline.mean.value == pytest.approx(2 / years)
        assert row.alarms["ordinary"].mean.value == 0.0
        assert row.headline.spread[1] == pytest.approx(1 / (92 / 365.25))


def test_no_absence_excuses_a_flow(report: Report) -> None:
    flow = report.every.row("flow", "leak 10 L/h")
    assert flow.headline == flow.alarms["all"] == flow.alarms["ordinary"]
    assert flow.delay is not None
    assert flow.delay.median.value > 0


def test_every_figure_lies_within_its_interval(report: Report) -> None:
    for row in report.every.rows:
        estimates = [rate.mean for rate in row.alarms.values()]
        if row.delay:
            delay = row.delay
            estimates += [delay.median, delay.p90, delay.missed, *delay.within.values()]
        for estimate in estimates:
            assert estimate.low <= estimate.value <= estimate.high


def test_a_cohort_has_the_figures_of_its_homes_alone(report: Report) -> None:
    assert {name: cohort.homes for name, cohort in report.cohorts.items()} == {
        "one person": 2,
        "two persons": 1,
    }
    alone = scored([street()[1]]).every
    assert report.cohorts["two persons"].row("day").delay == alone.row("day").delay
    assert report.cohorts["two persons"].row("F24").alarms == alone.row("F24").alarms


def test_a_report_goes_into_json(report: Report) -> None:
    read = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert read["homes"] == 3
    rule = read["rules"][1]
    assert (rule["name"], rule["detector"], rule["injection"]) == ("day", "no_use", "collapse")
    assert {"all", "declared_48h", "declared_24h", "ordinary", "interval90"} <= set(
        rule["false_alarms"]
    )
    assert set(rule["per_home"]) == {"p10", "p50", "p90"}
    assert {"median", "p90", "interval90"} <= set(rule["delay_hours"])
    assert {"12h", "24h"} <= set(rule["found_within"])
    assert isinstance(rule["missed_72h"], float)
    assert read["cohorts"]["one person"]["rules"][1]["name"] == "day"


def test_a_report_goes_into_tables(report: Report) -> None:
    assert [silence_cells(row)[0] for row in of_silences(report.every)] == [
        "no_use 5",
        "day",
        "F24",
    ]
    assert [other_cells(row)[1] for row in of_others(report.every)] == [
        *("tap 200 L/h", "leak 10 L/h", "leak 3 L/h")
    ]


def test_without_a_prior_each_home_has_one_of_the_others() -> None:
    folds = evaluate(street(), UTC, OURS[:1], None, rules=(), conditions=FEW)
    assert folds.prior == IN_FOLDS
    with pytest.raises(ValueError, match="two homes"):
        evaluate(street()[:1], UTC, OURS[:1], None, rules=(), conditions=FEW)


def test_a_prior_that_was_fitted_on_a_home_of_the_file_is_named_so() -> None:
    taught = type(PRIOR)(PRIOR.hazard, PRIOR.begun_a_day, ("a",), "somewhere")
    report = evaluate(street(), UTC, OURS[:1], taught, rules=(), conditions=FEW)
    assert report.prior == "somewhere (fitted on homes of this very file)"


def test_a_larger_budget_is_sooner_and_louder() -> None:
    ours = [
        Candidate(f"no_use {budget:g}", NoUse(min_limit_hours=4.0), budget) for budget in (1, 20)
    ]
    quiet, loud = scored(street(), ours, rules=()).every.rows
    assert quiet.delay is not None
    assert loud.delay is not None
    assert loud.delay.median.value < quiet.delay.median.value
    assert loud.alarms["all"].mean.value >= quiet.alarms["all"].mean.value


def test_a_later_transport_shifts_every_delay() -> None:
    plain = scored(street()).every.row("day").delay
    late = scored(street(), arrivals=Arrivals(transport_hours=5.0)).every.row("day").delay
    assert plain is not None
    assert late is not None
    assert late.median.value == pytest.approx(plain.median.value + 5.0)
    assert late.within[24].value < plain.within[24].value


def test_the_same_seed_gives_the_same_report_and_another_gives_another() -> None:
    one, same = scored(street()), scored(street())
    other = scored(street(), conditions=Conditions(injections=12, seed=8))
    assert one == same
    assert one.every.row("day").delay != other.every.row("day").delay


def test_progress_goes_from_nothing_to_everything() -> None:
    told: list[float] = []
    scored(street(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_alarms_come_as_rows_in_the_order_in_which_they_were_raised() -> None:
    rows = alarms(street(), UTC, OURS[1:2], PRIOR)
    assert [(home, kind, (at - since) / HOUR) for home, kind, since, at in rows] == [
        *(("a", "day", 24.0), ("b", "day", 24.0), ("b", "day", 24.0))
    ]
    assert [(at - START) / HOUR for *_, at in rows] == [50 * DAY + 20, 60 * DAY + 20, 80 * DAY + 20]


def test_records_that_cannot_be_scored_are_refused_with_the_rule_of_entry() -> None:
    with pytest.raises(ValueError, match="2,500 readings"):
        scored([record(days=40)])


def test_a_report_of_another_zone_counts_the_same_silences() -> None:
    madrid = evaluate(
        street(), ZoneInfo("Europe/Madrid"), OURS[1:2], PRIOR, rules=("F24",), conditions=FEW
    )
    assert madrid.every.row("F24").alarms["all"].mean.value == pytest.approx(3 / (3 * 92 / 365.25))


def test_a_miss_is_past_three_days_and_null_in_json() -> None:
    found = [np.array([10.0, 20.0, np.inf, np.inf]), np.array([11.0, 90.0, np.inf, np.inf])]
    delay = Resampling.of(2, 1).delay(found)
    assert delay.missed.value == 0.625  # ninety hours is a miss
    assert delay.within[12].value == 0.25
    assert delay.within[120].value == 0.5
    assert delay.p90.number() is None
    assert delay.median.interval() == [20.0, 90.0]


def test_the_interval_covers_the_rate_of_homes_that_differ() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        counts = rng.poisson(rng.gamma(2.0, 2.0, size=30)).astype(np.float64)
        mean = Resampling.of(30, trial).rate(counts, np.ones(30)).mean
        covered += mean.low <= 4.0 <= mean.high
    assert 0.8 <= covered / 200 <= 0.96  # the true rate is four; ninety in a hundred are meant to
