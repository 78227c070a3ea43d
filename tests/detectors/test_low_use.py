import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from meterwatch.detectors import LowUse
from meterwatch.domain.usage import MEASURES, WEEKDAYS, UsageProfile
from tests.detectors.days import MONDAY, verdict, window

NAN = math.nan
DAY = [0.0] * 7 + [12.0, 20.0, 0.0, 0.0, 0.0, 16.0] + [0.0] * 5 + [24.0, 8.0] + [0.0] * 4
ILL = [0.0] * 8 + [5.0] + [0.0] * 10 + [4.0] + [0.0] * 4
USUAL = (3 * sum(DAY), 3 * sum(math.sqrt(litres) for litres in DAY))


def floors(share: float = 0.4, monday: float | None = None) -> UsageProfile:
    shares = np.full((1, MEASURES, WEEKDAYS), share)
    if monday is not None:
        shares[:, :, 0] = monday
    totals = np.array([USUAL])
    return UsageProfile((7,), usual_totals=totals, floors=totals[:, :, np.newaxis] * shares)


def said(litres: list[float], hours: list[float] | None = None, **kwargs: Any) -> dict[str, Any]:
    profile = kwargs.pop("profile", floors())
    return verdict(LowUse(), window(litres, hours, **kwargs), profile)


def test_three_days_in_bed_fall_under_the_floor() -> None:
    found = said(DAY * 2 + ILL * 3)
    assert found["fired"]
    assert found["litres"] == 27.0
    assert found["usual_litres"] == 240.0
    assert found["since_hour"] == 48.0
    assert found["limit"] == 72.0
    assert found["share"] == pytest.approx(27.0 / 240.0)
    assert found["floor_share"] == pytest.approx(0.4)


def test_ordinary_days_stay_above_it() -> None:
    found = said(DAY * 5)
    assert found["known"]
    assert not found["fired"]
    assert found["score"] == 0.0
    assert found["share"] == pytest.approx(1.0)


def test_things_left_undone_fall_under_the_floor_of_activity_though_one_bath_keeps_the_litres() -> (
    None
):
    bath = [*ILL[:12], 100.0, *ILL[13:]]
    found = said(DAY * 2 + ILL + bath + ILL)
    assert found["fired"]
    assert found["litres"] > 0.5 * found["usual_litres"]
    assert found["share"] == pytest.approx((6 * math.sqrt(4.5) + 10.0) / USUAL[1], rel=0.02)


def test_a_standing_leak_is_no_life() -> None:
    leaking = [litres + 9.0 for litres in DAY * 2 + ILL * 3]
    assert said(leaking)["fired"]
    assert said(leaking)["litres"] == pytest.approx(27.0)


def test_the_floor_is_that_of_the_weekday_on_which_the_days_end() -> None:
    three_days = DAY * 4 + ILL * 3  # they end on the midnight that begins a Monday
    assert not said(three_days, profile=floors(0.4, monday=0.1))["fired"]
    assert said(three_days[:-1], profile=floors(0.4, monday=0.1))["fired"]


def test_an_unknown_hour_counts_as_a_usual_one_and_never_as_quiet() -> None:
    litres = DAY * 2 + ILL * 3
    seen = said(litres)
    hidden = said([*litres[:90], *[NAN] * 20, *litres[110:]])
    assert hidden["unknown_hours"] == 20.0
    assert hidden["share"] > seen["share"]


def test_hiding_hours_of_no_more_than_usual_use_never_brings_a_home_nearer_to_its_floor() -> None:
    rng = np.random.default_rng(11)
    least = min(USUAL[0] / 72.0, (USUAL[1] / 72.0) ** 2)
    compared = 0
    for _ in range(60):
        litres = rng.choice([0.0, 0.0, 0.0, 4.0, 12.0], 120)
        hidden = np.where((litres <= least) & (rng.random(120) < 0.2), NAN, litres)
        whole, part = said(litres.tolist()), said(hidden.tolist())
        if whole["known"] and part["known"]:
            compared += 1
            assert part["score"] <= whole["score"] + 1e-12
    assert compared > 20


def test_too_few_known_hours_are_not_judged() -> None:
    litres = DAY * 2 + ILL * 3
    assert said([*litres[:70], *[NAN] * 28, *litres[98:]])["known"]
    assert not said([*litres[:70], *[NAN] * 32, *litres[102:]])["known"]


def test_time_before_the_end_of_an_absence_is_not_counted() -> None:
    litres = [0.0] * 72 + DAY * 2
    back = MONDAY + 72 * 3600
    assert said(litres, counts_from=back)["known"]
    assert not said(litres, counts_from=back)["fired"]
    assert not said(litres[:-10], counts_from=back)["known"]


def test_a_silence_of_a_day_is_left_to_no_use() -> None:
    silent = DAY * 2 + ILL + [0.0] * 24 + ILL
    assert not said(silent)["known"]
    broken = [*silent]
    broken[84] = 3.0
    assert said(broken)["fired"]


def test_a_gap_that_moved_breaks_a_silence_and_one_that_stood_still_goes_on() -> None:
    hours = [1.0] * 72 + [20.0] + [1.0] * 28
    litres = [*DAY * 3, NAN, *[0.0] * 8, 5.0, *[0.0] * 19]
    assert said(litres, hours)["known"]
    assert not said([*litres[:72], 0.0, *litres[73:]], hours)["known"]


def test_a_home_that_is_not_learnt_is_unknown() -> None:
    assert not said(DAY * 5, profile=UsageProfile.unlearnt((7,)))["known"]


def test_a_meter_that_speaks_each_quarter_is_seen_like_one_that_speaks_each_hour() -> None:
    hourly = said(DAY * 2 + ILL * 3)
    quarters = [litres / 4.0 for litres in DAY * 2 + ILL * 3 for _ in range(4)]
    finer = verdict(LowUse(use_litres=1.0), window(quarters, [0.25] * len(quarters)), floors())
    assert finer["litres"] == hourly["litres"]
    assert finer["share"] == pytest.approx(hourly["share"], rel=0.05)


def test_more_water_never_fires_earlier() -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        litres = [float(x) for x in rng.choice([0.0, 0.0, 4.0, 9.0], 120)]
        more = [x + float(y) for x, y in zip(litres, rng.choice([0.0, 6.0], 120), strict=True)]
        few, many = said(litres), said(more)
        if few["known"] and many["known"]:
            assert many["score"] <= few["score"] + 1e-12


def test_whole_weeks_later_the_verdict_is_the_same() -> None:
    usage = window(DAY * 2 + ILL * 3)
    later = dataclasses.replace(usage, ends_at=usage.ends_at + 3 * 7 * 86_400)
    one, other = verdict(LowUse(), usage, floors()), verdict(LowUse(), later, floors())
    assert other["since_hour"] == one["since_hour"] + 3 * 7 * 24
    assert {**one, "since_hour": 0} == {**other, "since_hour": 0}


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(LowUse)])
@pytest.mark.parametrize("value", [0.0, -1.0, NAN, math.inf])
def test_a_parameter_that_cannot_be_meant_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        LowUse(**{name: value})
