import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.domain.usage import LocalTime, UsageProfile, UsageWindow

ZONES = ["Asia/Shanghai", "Europe/Madrid", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


def window(columns: int = 4) -> UsageWindow:
    array = np.arange(2.0 * columns).reshape(2, columns)
    return UsageWindow((1, 2), array, array, array, np.zeros(2), np.ones(2))


@pytest.mark.parametrize("name", ["ends_at", "hours", "litres"])
def test_arrays_that_do_not_fit_together_are_refused_by_name(name: str) -> None:
    wrong: dict[str, Any] = {name: np.zeros((3, 4))}
    with pytest.raises(ValueError, match="shape"):
        dataclasses.replace(window(), **wrong)


@pytest.mark.parametrize("name", ["counts_from", "resolution_litres"])
def test_a_column_of_another_length_is_refused_by_name(name: str) -> None:
    wrong: dict[str, Any] = {name: np.zeros(3)}
    with pytest.raises(ValueError, match=name):
        dataclasses.replace(window(), **wrong)


def test_a_window_without_intervals_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one interval"):
        window(0)


def test_arrays_are_held_in_c_order_because_sums_over_others_depend_on_the_rows() -> None:
    turned = np.asfortranarray(np.arange(8.0).reshape(2, 4))
    held = UsageWindow((1, 2), turned, turned, turned, np.zeros(2), np.ones(2))
    assert held.litres.flags.c_contiguous
    assert held.litres.tolist() == turned.tolist()


def test_a_window_is_as_old_as_its_newest_reading() -> None:
    assert window().as_of.tolist() == [3.0, 7.0]


def test_the_limit_of_a_silence_is_that_of_the_local_day_and_hour_in_which_it_began() -> None:
    profile = UsageProfile.unlearnt((1, 2))
    profile.limits_hours[0, 1, 23] = 9.0  # Friday, 23 h
    local = LocalTime.of(ZoneInfo("Asia/Shanghai"))
    friday = datetime(2026, 3, 6, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    asked = np.array([friday, np.nan])
    assert profile.silence_limit_hours(asked, local).tolist()[0] == 9.0
    assert np.isnan(profile.silence_limit_hours(asked, local)[1])
    assert np.isnan(profile.silence_limit_hours(asked + 3600, local)[0])  # Saturday


@pytest.mark.parametrize("name", ZONES)
def test_local_time_agrees_with_the_calendar_hour_by_hour(name: str) -> None:
    zone = ZoneInfo(name)
    local = LocalTime.of(zone)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(minutes=17 + 60 * hour) for hour in range(24 * 700)]
    day_class, hour = local.class_and_hour(np.array([moment.timestamp() for moment in moments]))
    there = [moment.astimezone(zone) for moment in moments]
    assert hour.tolist() == [moment.hour for moment in there]
    assert day_class.tolist() == [max(moment.weekday() - 3, 0) for moment in there]


def test_local_time_changes_in_the_very_second() -> None:
    local = LocalTime.of(ZoneInfo("Europe/Madrid"))
    change = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    _, hours = local.class_and_hour(np.array([change - 1, change]))
    assert hours.tolist() == [1, 3]


def test_what_was_kept_small_is_held_small_and_judged_by_as_any_other() -> None:
    small = UsageProfile((1, 2), usual_litres=np.full((2, 24), 0.1, np.float32))
    assert small.usual_litres.dtype == np.float32
    taken = small.take((2,), np.array([1]))
    assert all(getattr(taken, name).dtype == np.float64 for name in UsageProfile.shapes())
    assert taken.usual_litres[0, 0] == np.float64(np.float32(0.1))
    whole = UsageProfile((1,), usual_litres=np.full((1, 24), 0.1))
    assert (whole.as_kept().usual_litres == taken.usual_litres).all()
    assert whole.as_kept().usual_litres.dtype == np.float64
