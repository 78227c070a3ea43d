import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.detectors import FlatFlow
from meterwatch.domain.usage import UsageProfile, UsageWindow
from tests.detectors.days import LOCAL, verdict, window

NAN = math.nan
RULE = FlatFlow()


def home(night: float = NAN, day: float = NAN) -> UsageProfile:
    return UsageProfile(
        (7,), night_litres_per_hour=np.array([night]), day_litres_per_hour=np.array([day])
    )


def flowing(rate: float, hours: int) -> UsageWindow:
    return window([0.0, *[rate] * hours])


def test_a_tap_left_open_at_200_litres_fires_at_the_third_whole_hour() -> None:
    assert not verdict(RULE, flowing(200.0, 2))["fired"]
    said = verdict(RULE, flowing(200.0, 3))
    assert said["fired"]
    assert said["severity"] == 2.0
    assert said["since_hour"] == 1.0
    assert said["litres_per_hour"] == 200.0
    assert said["lost_litres"] == 600.0


@pytest.mark.parametrize(
    ("rate", "hours", "severity"),
    [
        (1.0, 110, 1.0),
        (3.0, 65, 1.0),
        (10.0, 23, 1.0),
        (40.0, 18, 2.0),
        (80.0, 7, 2.0),
        (500.0, 2, 2.0),
        (1000.0, 1, 3.0),
    ],
)
def test_a_flow_fires_the_sooner_the_stronger_it_is(
    rate: float, hours: int, severity: float
) -> None:
    assert not verdict(RULE, flowing(rate, hours - 1))["fired"]
    said = verdict(RULE, flowing(rate, hours))
    assert said["fired"]
    assert said["severity"] == severity
    assert said["run_hours"] == hours
    assert said["limit"] <= hours


def test_what_people_draw_on_top_changes_nothing() -> None:
    varied = [10.0 + 40.0 * (hour % 3 == 0) for hour in range(23)]
    said = verdict(RULE, window([0.0, *varied]))
    assert said["fired"]
    assert said["litres_per_hour"] == 10.0


def test_a_trickle_below_a_litre_an_hour_is_no_flow() -> None:
    said = verdict(RULE, window([0.9] * 119))
    assert said["known"]
    assert said["score"] == 0.0


def test_a_burst_in_a_leaking_home_is_told_as_the_burst_and_from_its_own_beginning() -> None:
    said = verdict(RULE, window([0.0, *[12.0] * 30, *[800.0] * 3]))
    assert said["severity"] == 3.0
    assert said["since_hour"] == 31.0
    assert said["litres_per_hour"] == 800.0


def test_a_leak_that_goes_on_after_a_burst_is_a_leak_again() -> None:
    said = verdict(RULE, window([0.0, *[12.0] * 30, 800.0, *[12.0] * 2]))
    assert said["severity"] == 1.0
    assert said["since_hour"] == 1.0


def test_an_hour_without_flow_ends_the_run() -> None:
    said = verdict(RULE, window([100.0] * 10 + [0.0] + [100.0] * 3))
    assert not said["fired"]
    assert said["run_hours"] == 3.0


def test_a_known_leak_is_taken_off_and_is_silent() -> None:
    assert verdict(RULE, flowing(12.0, 60))["fired"]
    said = verdict(RULE, flowing(12.0, 60), home(night=12.0))
    assert said["known"]
    assert not said["fired"]
    assert said["night_litres_per_hour"] == 12.0


def test_a_known_leak_that_has_grown_fires_for_what_it_grew_by() -> None:
    said = verdict(RULE, flowing(22.0, 23), home(night=12.0))
    assert said["fired"]
    assert said["litres_per_hour"] == 22.0
    assert said["lost_litres"] == 230.0


def test_a_home_with_a_known_leak_hears_of_an_open_tap_as_soon_as_any_other() -> None:
    said = verdict(RULE, window([12.0] * 20 + [212.0] * 3), home(night=12.0))
    assert said["severity"] == 2.0
    assert said["since_hour"] == 20.0


def test_a_cistern_that_sticks_for_a_day_as_it_did_before_is_told_only_after_two() -> None:
    assert not verdict(RULE, flowing(15.0, 46), home(day=15.0))["fired"]
    assert verdict(RULE, flowing(15.0, 47), home(day=15.0))["fired"]
    assert verdict(RULE, flowing(19.0, 23), home(day=15.0))["fired"]


def test_no_habit_excuses_an_open_tap() -> None:
    assert verdict(RULE, flowing(200.0, 3), home(day=500.0))["fired"]


def test_a_gap_is_passed_over_where_the_flow_stands_on_both_sides() -> None:
    hours = [1.0] * 18 + [5.0] + [1.0]
    said = verdict(RULE, window([0.0, *[10.0] * 17, NAN, 10.0], hours))
    assert said["fired"]
    assert said["run_hours"] == 23.0


def test_a_flow_is_never_made_of_more_than_half_that_is_unknown() -> None:
    hours = [1.0] * 7 + [9.0, 9.0] + [1.0]
    said = verdict(RULE, window([0.0, *[10.0] * 6, NAN, NAN, 10.0], hours))
    assert not said["fired"]


def test_no_unknown_stretch_of_more_than_half_a_day_is_passed_over() -> None:
    hours = [1.0] * 40 + [13.0] + [1.0] * 3
    said = verdict(RULE, window([10.0] * 40 + [NAN] + [10.0] * 3, hours))
    assert not said["fired"]
    assert said["run_hours"] == 3.0


def test_an_open_tap_is_not_pieced_together_across_a_lost_reading() -> None:
    said = verdict(RULE, window([0.0, 200.0, NAN, 200.0], [1.0, 1.0, 4.0, 1.0]))
    assert not said["fired"]


def test_a_meter_that_speaks_once_a_day_never_shows_an_open_tap() -> None:
    said = verdict(RULE, window([4_800.0] * 5, [24.0] * 5))
    assert not said["known"]
    assert not said["fired"]


def test_a_trickle_shows_on_a_meter_that_speaks_each_quarter_of_an_hour() -> None:
    quarters = [1.0, 0.0, 0.0, 0.0] * 112
    said = verdict(RULE, window(quarters, [0.25] * len(quarters)))
    assert said["fired"]
    assert said["severity"] == 1.0


def test_a_flood_shows_within_half_an_hour_on_such_a_meter() -> None:
    assert not verdict(RULE, window([0.0, 0.0, 510.0], [0.25] * 3))["fired"]
    said = verdict(RULE, window([0.0, 0.0, 510.0, 510.0], [0.25] * 4))
    assert said["severity"] == 3.0
    assert said["run_hours"] == 0.5


def test_a_coarse_register_says_which_leaks_it_cannot_show() -> None:
    leak = [10.0 if hour % 3 == 0 else 0.0 for hour in range(100)]
    said = verdict(RULE, window(leak, resolution=10.0))
    assert not said["fired"]
    assert said["shows_from_litres_per_hour"] == 10.0
    assert verdict(RULE, window(leak))["shows_from_litres_per_hour"] == 1.0


def test_a_coarse_register_shows_an_open_tap() -> None:
    steps = [210.0, 200.0, 200.0, 210.0]
    assert verdict(RULE, window([0.0, *steps], resolution=10.0))["severity"] == 2.0


def test_an_ordinary_day_is_far_from_firing() -> None:
    day = [0, 0, 0, 0, 0, 9, 30, 12, 0, 40, 0, 15, 22, 0, 0, 6, 0, 30, 45, 10, 12, 0, 9, 6]
    said = verdict(RULE, window([float(litres) for litres in day]))
    assert said["known"]
    assert said["score"] < 0.3


HOURLY = st.lists(
    st.one_of(st.just(NAN), st.sampled_from([0.0, 3.0, 12.0]), st.floats(0.0, 900.0)),
    min_size=1,
    max_size=119,
)
PROFILES = st.builds(home, st.sampled_from([NAN, 0.0, 4.0]), st.sampled_from([NAN, 0.0, 15.0]))


@given(HOURLY, PROFILES, st.floats(0.0, 500.0), st.integers(0, 118))
def test_an_added_steady_flow_never_un_fires(
    litres: list[float], profile: UsageProfile, rate: float, onset: int
) -> None:
    more = [drawn + rate * (hour >= onset) for hour, drawn in enumerate(litres)]
    before, after = (verdict(RULE, window(each), profile) for each in (litres, more))
    assert after["score"] >= before["score"]


@given(HOURLY, PROFILES)
def test_what_was_unknown_and_flowed_as_strongly_never_un_fires(
    litres: list[float], profile: UsageProfile
) -> None:
    seen = [each for each in litres if not math.isnan(each)]
    filled = [max(seen, default=0.0) if math.isnan(each) else each for each in litres]
    if verdict(RULE, window(litres), profile)["fired"]:
        assert verdict(RULE, window(filled), profile)["fired"]


@given(HOURLY)
def test_a_home_that_learnt_of_a_flow_never_fires_sooner(litres: list[float]) -> None:
    known = verdict(RULE, window(litres), home(night=5.0, day=20.0))
    assert known["score"] <= verdict(RULE, window(litres))["score"]


@given(HOURLY, PROFILES, st.integers(-60, 60))
def test_whole_weeks_shift_the_verdict_and_change_nothing_else(
    litres: list[float], profile: UsageProfile, weeks: int
) -> None:
    here = window(litres)
    there = dataclasses.replace(here, ends_at=here.ends_at + weeks * 7 * 86_400.0)
    one, other = RULE.detect(here, profile, LOCAL), RULE.detect(there, profile, LOCAL)
    assert one.fired.tolist() == other.fired.tolist()
    assert one.score.tolist() == other.score.tolist()
    shift = other.since - one.since
    assert np.isnan(shift).all() or shift.tolist() == [weeks * 7 * 86_400.0]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(FlatFlow)])
@pytest.mark.parametrize("value", [0.0, -1.0, NAN, math.inf])
def test_a_parameter_that_cannot_be_meant_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        FlatFlow(**{name: value})


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"leak_litres_per_hour": 1.5}, "leak_litres_per_hour: must be above seep_litres"),
        ({"tap_hours": 9.0}, "tap_hours: must not be above running_hours"),
        ({"burst_litres_per_hour": 20.0}, "burst_litres_per_hour: must be above open_litres"),
    ],
)
def test_points_out_of_order_are_refused_by_name(settings: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        FlatFlow(**settings)
