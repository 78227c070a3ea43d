import dataclasses
import math

import numpy as np
import pytest

from meterwatch.detectors import OddHours
from meterwatch.detectors.odd_hours import learn_night_use
from meterwatch.domain.usage import UsageProfile
from tests.detectors.days import MONDAY, verdict, window

NAN = math.nan
ASLEEP = [0.0] * 7 + [12.0, 20.0] + [0.0] * 9 + [24.0, 8.0] + [0.0] * 4
AWAKE = [*ASLEEP[:3], 6.0, *ASLEEP[4:]]  # between three and four o'clock


def nights(use: float = 0.0, **hours: float) -> UsageProfile:
    share = np.full((1, 24), use)
    for hour, value in hours.items():
        share[0, int(hour.removeprefix("at_"))] = value
    return UsageProfile((7,), night_use=share)


def test_three_nights_in_a_row_at_a_time_this_home_sleeps_are_a_concern() -> None:
    found = verdict(OddHours(), window(ASLEEP + AWAKE * 3), nights())
    assert found["fired"]
    assert found["odd_nights"] == found["odd_uses"] == 3.0
    assert found["since_hour"] == 23.0  # the evening before the first of them
    assert found["limit"] == 3.0


def test_two_nights_are_none_and_a_quiet_night_ends_a_run() -> None:
    assert not verdict(OddHours(), window(ASLEEP * 2 + AWAKE * 2), nights())["fired"]
    broken = verdict(OddHours(), window(AWAKE * 2 + ASLEEP + AWAKE), nights())
    assert (broken["fired"], broken["odd_nights"]) == (False, 1.0)


def test_a_run_goes_on_until_the_evening_after_a_quiet_night() -> None:
    evening = window(AWAKE * 3 + ASLEEP[:1])
    assert verdict(OddHours(), evening, nights())["fired"]
    noon = window(AWAKE * 3 + ASLEEP[:12])
    assert verdict(OddHours(), noon, nights())["odd_nights"] == 3.0
    next_night = window(AWAKE * 3 + ASLEEP)
    assert verdict(OddHours(), next_night, nights())["odd_nights"] == 0.0


def test_a_home_that_is_up_at_that_hour_anyway_is_no_concern() -> None:
    used_to_it = nights(at_3=0.3)
    assert not verdict(OddHours(), window(ASLEEP + AWAKE * 3), used_to_it)["fired"]
    by_day = [*ASLEEP[:14], 9.0, *ASLEEP[15:]]
    assert not verdict(OddHours(), window(ASLEEP + by_day * 3), nights())["fired"]


def test_a_home_without_quiet_hours_or_not_learnt_is_unknown() -> None:
    assert not verdict(OddHours(), window(AWAKE * 4), nights(0.3))["known"]
    assert not verdict(OddHours(), window(AWAKE * 4), UsageProfile.unlearnt((7,)))["known"]


def test_a_leak_is_not_restlessness_and_a_long_interval_has_no_hour() -> None:
    dripping = [litres + 5.0 for litres in ASLEEP * 4]
    assert not verdict(OddHours(), window(dripping), nights())["fired"]
    batches = window([40.0] * 15, [8.0] * 15)
    assert not verdict(OddHours(), batches, nights())["fired"]


def test_nights_before_the_end_of_an_absence_do_not_count() -> None:
    usage = window(AWAKE * 4, counts_from=MONDAY + 30 * 3600)
    assert verdict(OddHours(), usage, nights())["odd_nights"] == 2.0


def test_more_nights_than_the_window_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="nights: must be at most 5"):
        OddHours(nights=6.0)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(OddHours)])
@pytest.mark.parametrize("value", [0.0, -1.0, NAN, math.inf])
def test_a_parameter_that_cannot_be_meant_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        OddHours(**{name: value})


def test_the_use_of_each_hour_is_learnt_from_the_known_days_before_the_last_five() -> None:
    past = np.zeros((1, 28, 24))
    past[0, :, 7] = 5.0
    past[0, ::2, 3] = 4.0
    past[0, :4, 2] = NAN
    past[0, 23:, 1] = 9.0
    use = learn_night_use(past, 20_000)[0]
    assert use[7] == 1.0
    assert use[3] == pytest.approx(12 / 23)
    assert use[2] == 0.0
    assert use[1] == 0.0


def test_an_hour_known_on_fewer_than_fourteen_days_is_not_learnt() -> None:
    past = np.zeros((2, 28, 24))
    past[0, :10, 4] = NAN
    use = learn_night_use(past, 20_000)
    assert math.isnan(use[0, 4])
    assert np.isfinite(use[1]).all()
    assert np.isnan(learn_night_use(past[:, :4], 20_000)).all()
