import dataclasses
import math

import pytest

from meterwatch.detectors import FlatFlow
from tests.detectors.days import verdict, window

NAN = math.nan


def test_a_tap_left_open_fires_after_four_hours_and_is_severe() -> None:
    assert not verdict(FlatFlow(), window([0.0, 5.0, *[100.0] * 3]))["fired"]
    said = verdict(FlatFlow(), window([0.0, 5.0, *[100.0] * 4]))
    assert said["fired"]
    assert said["severity"] == 3.0
    assert said["since_hour"] == 2.0
    assert said["limit"] == 4.0
    assert said["litres_per_hour"] == 100.0


def test_a_strong_flow_that_varies_as_people_do_is_no_open_tap() -> None:
    assert not verdict(FlatFlow(), window([0.0, 60.0, 140.0, 75.0, 90.0]))["fired"]


def test_an_open_tap_may_vary_by_a_seventh() -> None:
    assert verdict(FlatFlow(), window([0.0, 100.0, 110.0, 95.0, 104.0]))["severity"] == 3.0


@pytest.mark.parametrize(
    ("rate", "hours", "severity"), [(30.0, 8, 2.0), (10.0, 18, 2.0), (1.0, 72, 1.0)]
)
def test_a_flow_that_never_stops_fires_the_later_the_weaker_it_is(
    rate: float, hours: int, severity: float
) -> None:
    varied = [rate * (1 + hour % 3) for hour in range(hours)]
    assert not verdict(FlatFlow(), window([0.0, *varied[1:]]))["fired"]
    said = verdict(FlatFlow(), window([0.0, *varied]))
    assert said["fired"]
    assert said["severity"] == severity
    assert said["limit"] == hours
    assert said["lowest_litres_per_hour"] == rate


def test_a_burst_in_a_leaking_home_is_told_as_the_burst() -> None:
    said = verdict(FlatFlow(), window([12.0] * 20 + [200.0] * 5))
    assert said["severity"] == 3.0
    assert said["since_hour"] == 20.0


def test_an_hour_without_flow_ends_the_run() -> None:
    said = verdict(FlatFlow(), window([100.0] * 10 + [0.0] + [100.0] * 3))
    assert not said["fired"]
    assert said["run_hours"] == 3.0


def test_a_gap_that_moved_breaks_the_run_because_unknown_is_never_flow() -> None:
    hours = [1.0] * 10 + [6.0] + [1.0] * 3
    said = verdict(FlatFlow(), window([100.0] * 10 + [NAN] + [100.0] * 3, hours))
    assert not said["fired"]
    assert said["run_hours"] == 3.0


def test_one_lost_reading_does_not_hide_an_open_tap() -> None:
    said = verdict(FlatFlow(), window([0.0, 100.0, 200.0, 100.0], [1.0, 1.0, 2.0, 1.0]))
    assert said["severity"] == 3.0


def test_an_interval_of_many_hours_shows_only_a_mean_and_breaks_the_run() -> None:
    said = verdict(FlatFlow(), window([0.0, 600.0], [1.0, 6.0]))
    assert not said["known"]
    assert not said["fired"]


def test_a_trickle_shows_on_a_meter_that_speaks_each_quarter_of_an_hour() -> None:
    quarters = [1.0, 0.0, 0.0, 0.0] * 73
    said = verdict(FlatFlow(), window(quarters, [0.25] * len(quarters)))
    assert said["fired"]
    assert said["severity"] == 1.0


def test_steps_of_a_coarse_register_do_not_count_as_variation() -> None:
    steps = [60.0, 80.0, 60.0, 80.0, 80.0]
    assert verdict(FlatFlow(), window([0.0, *steps], resolution=20.0))["severity"] == 3.0
    assert not verdict(FlatFlow(), window([0.0, *steps], resolution=1.0))["fired"]


def test_an_ordinary_day_is_far_from_firing() -> None:
    day = [0, 0, 0, 0, 0, 9, 30, 12, 0, 40, 0, 15, 22, 0, 0, 6, 0, 30, 45, 10, 12, 0, 9, 6]
    said = verdict(FlatFlow(), window([float(litres) for litres in day]))
    assert said["known"]
    assert said["score"] < 0.3


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(FlatFlow)])
@pytest.mark.parametrize("value", [0.0, -1.0, NAN, math.inf])
def test_a_parameter_that_cannot_be_meant_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        FlatFlow(**{name: value})
