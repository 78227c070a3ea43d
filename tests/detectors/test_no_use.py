import dataclasses
import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.detectors import NoUse
from meterwatch.domain.usage import CLASSES, HOURS, LocalTime, UsageProfile
from tests.detectors.days import LOCAL, MONDAY, limits, verdict, window
from tests.detectors.towns import profile_of, town

NAN = math.nan
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)


def quiet(hours: int) -> list[float]:
    return [0.0] * hours


def test_a_silence_begins_at_the_closing_reading_of_the_last_use() -> None:
    said = verdict(NoUse(), window([8.0, *quiet(9)]))
    assert said["since_hour"] == 1.0
    assert said["silence_hours"] == 9.0
    assert said["last_use_at"] == MONDAY + 3600


def test_a_home_not_learnt_yet_fires_after_a_day() -> None:
    assert not verdict(NoUse(), window([8.0, *quiet(23)]))["fired"]
    assert verdict(NoUse(), window([8.0, *quiet(24)]))["fired"]


def test_a_learnt_limit_counts_and_the_score_is_one_at_it() -> None:
    said = verdict(NoUse(), window([8.0, *quiet(10)]), limits(10.0))
    assert said["fired"]
    assert said["score"] == 1.0
    assert not verdict(NoUse(), window([8.0, *quiet(9)]), limits(10.0))["fired"]


@pytest.mark.parametrize(("learnt", "limit"), [(2.0, 4.0), (30.0, 30.0), (200.0, 48.0)])
def test_a_learnt_limit_stays_within_its_bounds(learnt: float, limit: float) -> None:
    assert verdict(NoUse(), window([8.0, 0.0]), limits(learnt))["limit"] == limit


def test_the_limit_is_that_of_the_hour_at_which_the_silence_began() -> None:
    table = np.full((1, CLASSES, HOURS), 40.0)
    table[0, 0, 4] = 7.0
    profile = dataclasses.replace(limits(40.0), limits_hours=table)
    assert verdict(NoUse(), window([*quiet(4), 8.0, *quiet(7)]), profile)["limit"] == 7.0
    assert verdict(NoUse(), window([*quiet(5), 8.0, *quiet(7)]), profile)["limit"] == 40.0


def test_drips_below_three_litres_are_no_use() -> None:
    assert verdict(NoUse(), window([8.0, 2.0, 2.0, 1.0]))["silence_hours"] == 3.0
    assert verdict(NoUse(), window([8.0, 2.0, 3.0, 1.0]))["silence_hours"] == 1.0


def test_a_register_kept_in_cubic_metres_may_be_a_hair_below_three_litres() -> None:
    nearly = (36.032 - 36.029) * 1000
    assert nearly < 3.0
    assert verdict(NoUse(), window([8.0, nearly, 0.0]))["silence_hours"] == 1.0


def test_a_standing_leak_is_no_sign_of_life() -> None:
    said = verdict(NoUse(), window([5.0] * 20 + [20.0] + [5.0] * 24))
    assert said["base_litres_per_hour"] == 5.0
    assert said["silence_hours"] == 24.0
    assert said["fired"]


def test_a_leaking_home_says_that_its_protection_is_degraded() -> None:
    assert verdict(NoUse(), window([1.0] * 30))["degraded"] == 1.0
    assert verdict(NoUse(), window([1.0] * 29 + [0.0]))["degraded"] == 0.0


def test_a_leak_is_seen_by_a_meter_that_speaks_each_quarter_of_an_hour() -> None:
    said = verdict(NoUse(), window([3.0] * 100, [0.25] * 100))
    assert said["base_litres_per_hour"] == 12.0
    assert said["silence_hours"] == 13.0  # the leak counts until 12 h are known


def test_a_meter_that_speaks_once_a_day_has_no_base_flow() -> None:
    said = verdict(NoUse(), window([120.0, 90.0, 0.0], [24.0] * 3))
    assert said["base_litres_per_hour"] == 0.0
    assert said["silence_hours"] == 24.0
    assert said["fired"]


def test_half_a_day_must_be_known_before_a_flow_is_called_standing() -> None:
    assert verdict(NoUse(), window([5.0] * 11))["base_litres_per_hour"] == 0.0
    assert verdict(NoUse(), window([5.0] * 12))["base_litres_per_hour"] == 5.0


def test_a_gap_in_which_the_register_stood_still_goes_on_with_the_silence() -> None:
    said = verdict(NoUse(), window([8.0, 0.0, 0.0, 0.0], [1.0, 1.0, 30.0, 1.0]))
    assert said["silence_hours"] == 32.0
    assert said["fired"]


def test_a_gap_that_moved_hides_a_use_and_the_silence_begins_at_its_end() -> None:
    said = verdict(NoUse(), window([8.0, 0.0, NAN, 0.0], [1.0, 1.0, 30.0, 1.0]))
    assert said["silence_hours"] == 1.0
    assert said["since_hour"] == 32.0


def test_a_gap_that_moved_just_now_makes_the_home_unknown() -> None:
    said = verdict(NoUse(), window([8.0, *quiet(30), NAN]))
    assert not said["known"]
    assert not said["fired"]
    assert math.isnan(said["since_hour"])


def test_a_silence_is_not_counted_from_before_the_end_of_an_absence() -> None:
    back = MONDAY + 40 * 3600
    said = verdict(NoUse(), window([8.0, *quiet(49)], counts_from=back))
    assert said["silence_hours"] == 10.0
    assert said["since_hour"] == 40.0
    assert said["last_use_at"] == MONDAY + 3600


def test_an_absence_that_goes_on_holds_the_silence_at_nothing() -> None:
    said = verdict(NoUse(), window([8.0, *quiet(49)], counts_from=MONDAY + 90 * 3600))
    assert said["silence_hours"] == 0.0
    assert not said["fired"]


def test_an_absence_that_ended_before_the_last_use_changes_nothing() -> None:
    said = verdict(NoUse(), window([0.0, 8.0, *quiet(5)], counts_from=MONDAY))
    assert said["silence_hours"] == 5.0


def test_without_any_visible_use_the_silence_is_as_long_as_the_window() -> None:
    said = verdict(NoUse(), window([NAN, NAN, *quiet(30)], [NAN, NAN, *[1.0] * 30]))
    assert math.isnan(said["last_use_at"])
    said = verdict(NoUse(), window(quiet(30)))
    assert said["silence_hours"] == 30.0
    assert said["fired"]
    assert math.isnan(said["last_use_at"])


def test_on_a_coarse_meter_one_step_is_a_use_and_the_home_is_called_coarse() -> None:
    said = verdict(NoUse(), window([10.0, 0.0, 0.0], resolution=10.0))
    assert said["silence_hours"] == 2.0
    assert said["coarse"] == 1.0
    assert verdict(NoUse(), window([10.0, 0.0], resolution=1.0))["coarse"] == 0.0


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(NoUse)])
@pytest.mark.parametrize("value", [0.0, -1.0, NAN, math.inf])
def test_a_parameter_that_cannot_be_meant_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        NoUse(**{name: value})


def test_limits_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="ascending"):
        NoUse(min_limit_hours=30.0)


def returning(usual: float = 10.0, after_away: float = 30.0) -> UsageProfile:
    return dataclasses.replace(limits(usual), returning_hours=np.array([after_away]))


def test_a_silence_that_begins_on_coming_home_is_waited_for_longer() -> None:
    looked_in = [8.0, *quiet(20), 8.0]
    assert verdict(NoUse(), window([*looked_in, *quiet(10)]), limits(10.0))["fired"]
    said = verdict(NoUse(), window([*looked_in, *quiet(29)]), returning())
    assert not said["fired"]
    assert said["limit"] == 30.0
    assert verdict(NoUse(), window([*looked_in, *quiet(30)]), returning())["fired"]


def test_who_stays_at_home_for_hours_has_the_usual_limit_again() -> None:
    back = [8.0, *quiet(20), 8.0, 0.0, 0.0]
    assert not verdict(NoUse(), window([*back, 8.0, *quiet(12)]), returning())["fired"]
    assert verdict(NoUse(), window([*back, 0.0, 8.0, *quiet(12)]), returning())["fired"]


def test_a_night_is_no_journey() -> None:
    night = [8.0, *quiet(14), 8.0]
    assert verdict(NoUse(), window([*night, *quiet(12)]), returning())["fired"]


def test_a_gap_in_which_the_water_ran_is_no_journey() -> None:
    said = window([8.0, NAN, *quiet(12)], [1.0, 30.0, *[1.0] * 12])
    assert verdict(NoUse(), said, returning())["fired"]


def test_coming_home_never_makes_a_limit_shorter_nor_longer_than_the_longest() -> None:
    looked_in = [8.0, *quiet(20), 8.0, *quiet(47)]
    assert verdict(NoUse(), window(looked_in), returning(40.0, 20.0))["limit"] == 40.0
    assert verdict(NoUse(max_limit_hours=24.0), window(looked_in), returning())["limit"] == 24.0


@pytest.mark.parametrize("seed", range(10))
def test_a_reading_that_shows_use_raises_no_alarm(seed: int) -> None:
    usage = town(seed)
    litres = usage.litres.copy()
    litres[:, -1] = 10_000.0
    found = NoUse().detect(
        dataclasses.replace(usage, litres=litres), profile_of(usage, seed), LOCAL
    )
    assert not found.fired.any()


def first_alarm(litres: list[float], limit: float) -> float:
    """The hour of the first reading at which a home with one constant limit fires."""
    for hour in range(1, len(litres) + 1):
        if verdict(NoUse(), window(litres[:hour]), limits(limit))["fired"]:
            return float(hour)
    return math.inf


@pytest.mark.parametrize("seed", range(10))
def test_with_one_constant_limit_added_use_never_fires_earlier(seed: int) -> None:
    rng = np.random.default_rng(seed)
    litres = np.where(rng.random(60) < 0.1, 10.0, 0.0)
    more = litres.copy()
    more[rng.integers(0, 60, 3)] = 25.0
    assert first_alarm(more.tolist(), 8.0) >= first_alarm(litres.tolist(), 8.0)


@pytest.mark.parametrize("seed", range(10))
def test_a_longer_silence_never_takes_an_alarm_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = np.where(rng.random(70) < 0.15, 10.0, 0.0).tolist()
    profile = dataclasses.replace(
        limits(10.0),
        limits_hours=rng.uniform(5.0, 40.0, (1, CLASSES, HOURS)),
        returning_hours=np.array([30.0]),
    )
    fired = [
        verdict(NoUse(), window([*before, 8.0, *quiet(hours)][-120:]), profile)["fired"]
        for hours in range(49)
    ]
    assert fired == sorted(fired)
    assert fired[-1]


@pytest.mark.parametrize("seed", range(6))
def test_whole_weeks_shift_the_verdict_and_change_nothing_else(seed: int) -> None:
    usage = town(seed)
    profile = profile_of(usage, seed)
    utc, weeks = LocalTime.of(UTC), 3 * 7 * 86_400.0
    shifted = dataclasses.replace(
        usage, ends_at=usage.ends_at + weeks, counts_from=usage.counts_from + weeks
    )
    before = NoUse().detect(usage, profile, utc)
    after = NoUse().detect(shifted, profile, utc)
    assert after.fired.tolist() == before.fired.tolist()
    assert after.limit.tobytes() == before.limit.tobytes()
    assert after.score == pytest.approx(before.score)
    assert after.since - weeks == pytest.approx(before.since, nan_ok=True)


@pytest.mark.parametrize("change", [datetime(2026, 3, 29, 1, tzinfo=UTC), AUTUMN])
def test_the_clocks_may_change_in_a_silence(change: datetime) -> None:
    madrid = LocalTime.of(ZoneInfo("Europe/Madrid"))
    ends = change.timestamp() + np.arange(-6.0, 7.0) * 3600.0
    usage = dataclasses.replace(window([8.0, *quiet(12)]), ends_at=ends[np.newaxis])
    table = np.full((1, CLASSES, HOURS), 40.0)
    began = int(madrid.class_and_hour(ends[:1] - 1800.0)[1][0])
    table[0, :, began] = 12.0
    found = NoUse().detect(usage, dataclasses.replace(limits(40.0), limits_hours=table), madrid)
    assert found.limit.tolist() == [12.0]
    assert found.figures["silence_hours"].tolist() == [12.0]
    assert found.fired.tolist() == [True]


def test_a_meter_that_sends_once_a_day_is_judged_by_what_it_shows() -> None:
    daily = window([120.0, 0.0, 0.0], [24.0] * 3)
    assert not verdict(NoUse(), window([120.0, 90.0], [24.0] * 2), limits(20.0))["fired"]
    assert verdict(NoUse(), daily, limits(40.0))["silence_hours"] == 48.0
    assert verdict(NoUse(), daily, limits(40.0))["fired"]
