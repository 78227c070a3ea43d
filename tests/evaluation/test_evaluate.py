import json
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.detectors import Detector, FlatFlow, NoUse
from meterwatch.evaluation import Report, evaluate
from meterwatch.evaluation.records import Record
from meterwatch.evaluation.report import Resampling
from tests.evaluation.made_up import record

DAY = 24
DAILY = NoUse(default_limit_hours=24.0, min_limit_hours=24.0, max_limit_hours=24.0)
RULES: dict[str, Detector] = {"no_use": NoUse(), "no_use 24 h": DAILY, "flat_flow": FlatFlow()}


def street() -> list[Record]:
    return [
        record(((50 * DAY, 51 * DAY),), name="a"),
        record(((60 * DAY, 63 * DAY), (80 * DAY, 81 * DAY + 3)), name="b"),
        record(name="c", leak=12.0),
        record(name="too short", days=40),
    ]


def scored(records: list[Record], **options: float) -> Report:
    return evaluate(records, UTC, RULES, collapses=30, **options)  # type: ignore[arg-type]


def test_a_report_says_on_what_it_was_measured() -> None:
    report = scored(street())
    assert (report.homes, report.left_out, report.collapses) == (3, 1, 90)
    assert report.household_years == pytest.approx(3 * 92 / 365.25)
    assert [row.rule for row in report.rows] == list(RULES)
    assert report.rows[1].settings == repr(DAILY)


def test_alarms_are_counted_in_three_ways_per_household_year() -> None:
    daily = scored(street()).rows[1]
    years = 3 * 92 / 365.25
    assert daily.alarms["all"].mean.value == pytest.approx(3 / years)
    assert daily.alarms["undeclared"].mean.value == pytest.approx(2 / years)
    assert daily.alarms["ordinary_days"].mean.value == 0.0
    assert daily.alarms["all"].spread[1] == pytest.approx(1 / (92 / 365.25))


def test_a_detector_of_flow_is_asked_only_for_its_alarms() -> None:
    flat = scored(street()).rows[2]
    assert list(flat.alarms) == ["all"]
    assert flat.alarms["all"].mean.value == pytest.approx(1 / (3 * 92 / 365.25))
    assert flat.delay is None


def test_every_figure_lies_within_its_interval() -> None:
    for row in scored(street()).rows:
        estimates = [rate.mean for rate in row.alarms.values()]
        if row.delay:
            delay = row.delay
            estimates += [delay.median, delay.p90, delay.within_12h, delay.within_24h]
        for estimate in estimates:
            assert estimate.low <= estimate.value <= estimate.high


def test_a_later_transport_shifts_every_delay() -> None:
    plain, late = (
        scored(street()).rows[1].delay,
        scored(street(), transport_hours=5.0).rows[1].delay,
    )
    assert plain is not None
    assert late is not None
    assert late.median.value == pytest.approx(plain.median.value + 5.0)
    assert late.within_24h.value < plain.within_24h.value


def test_the_same_seed_gives_the_same_report_and_another_gives_another() -> None:
    assert scored(street()) == scored(street())
    assert scored(street()).rows[0].delay != scored(street(), seed=8).rows[0].delay


def test_what_happens_in_a_home_does_not_depend_on_the_other_homes() -> None:
    alone = scored(street()[:1]).rows[1].delay
    beside_a_short_one = scored([street()[0], street()[3]]).rows[1].delay
    assert alone == beside_a_short_one


def test_progress_goes_from_nothing_to_everything() -> None:
    told: list[float] = []
    evaluate(street(), UTC, RULES, collapses=5, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_records_that_cannot_be_scored_are_refused_with_the_rule_of_entry() -> None:
    with pytest.raises(ValueError, match="2,500 readings"):
        scored([record(days=40)])


def test_a_report_goes_into_json_and_into_a_table() -> None:
    report = evaluate(street(), ZoneInfo("Europe/Madrid"), RULES, collapses=20)
    read = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert read["homes"] == 3
    assert set(read["rows"][0]["delay_hours"]) == {
        *("median", "p90"),
        *("within_12h", "within_24h", "missed_72h"),
    }
    assert read["rows"][2]["delay_hours"] is None
    for row in report.rows:
        assert len(row.cells()) == 9
        assert row.cells()[0] == row.rule


def test_a_miss_is_past_three_days_in_text_and_null_in_json() -> None:
    found = [np.array([10.0, 20.0, np.inf, np.inf]), np.array([11.0, 90.0, np.inf, np.inf])]
    delay = Resampling.of(2, 1).delay(found)
    assert delay.median.value == np.inf
    assert delay.missed_72h.value == 0.625  # ninety hours is a miss
    assert delay.within_12h.value == 0.25
    assert delay.as_json()["median"] == {"value": None, "low": 20.0, "high": None}


def test_the_interval_covers_the_rate_of_homes_that_differ() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        counts = rng.poisson(rng.gamma(2.0, 2.0, size=30)).astype(np.float64)
        mean = Resampling.of(30, trial).rate(counts, np.ones(30)).mean
        covered += mean.low <= 4.0 <= mean.high
    assert 0.8 <= covered / 200 <= 0.96  # the true rate is four; ninety in a hundred are meant to
