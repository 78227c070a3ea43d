import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.config.prior import read_prior
from meterwatch.detectors.hours import by_local_hour
from meterwatch.detectors.profile import learn, longest_ended_run, with_limits
from meterwatch.detectors.silences import Silences, with_recent
from meterwatch.domain.usage import Floats, LocalTime, UsageProfile, UsageWindow
from tests.detectors.naive import Interval, base, longest_ended
from tests.detectors.towns import town

DAYS = 28
MONDAY = 20_514
PRIOR = read_prior()
MADRID = LocalTime.of(ZoneInfo("Europe/Madrid"))


def days(
    use_hours: tuple[int, ...] = (7, 12, 19), litres: float = 10.0, count: int = DAYS
) -> Floats:
    """One home with use at the same hours of each day: its nights last 11 hours."""
    hourly = np.zeros((1, count, 24))
    hourly[:, :, list(use_hours)] = litres
    return hourly.reshape(1, -1)


def learnt(hourly: Floats, *, resolution: float = 1.0) -> UsageProfile:
    homes = tuple(range(len(hourly)))
    past = hourly.reshape(len(hourly), -1, 24)
    return learn(
        *(Silences.empty(homes), past, MONDAY, PRIOR, np.full(len(hourly), 5.0)),
        resolution_litres=np.full(len(hourly), resolution),
    )


def longest(hourly: Floats, *, resolution: float = 1.0) -> list[float]:
    hours: list[float] = learnt(hourly, resolution=resolution).longest_silence_hours.tolist()
    return hours


def test_the_longest_silence_is_the_night_of_a_home_that_rests_eleven_hours() -> None:
    profile = learnt(days())
    assert profile.longest_silence_hours.tolist() == [11.0]
    assert profile.days.tolist() == [28.0]


def test_the_budget_decides_the_limits_and_nothing_else() -> None:
    profile = learnt(days())
    silences = with_recent(
        Silences.empty((0,)), MONDAY, days().reshape(1, DAYS, 24), 3.0, np.ones(1)
    )
    again = with_limits(profile, silences, PRIOR, np.array([5.0]))
    assert again.limits_hours.tobytes() == profile.limits_hours.tobytes()
    fewer = with_limits(profile, silences, PRIOR, np.array([1.0]))
    assert fewer.returning_hours[0] > profile.returning_hours[0]
    assert fewer.alarms_per_year[0] < profile.alarms_per_year[0]
    assert fewer.usual_litres.tobytes() == profile.usual_litres.tobytes()


def test_a_home_without_history_has_limits_from_the_first_night() -> None:
    profile = learnt(np.full((1, DAYS * 24), np.nan))
    assert np.isfinite(profile.limits_hours).all()
    assert profile.days.tolist() == [0.0]
    assert math.isnan(profile.longest_silence_hours[0])


def test_the_silence_that_still_runs_does_not_move_its_own_limit() -> None:
    hourly = days()
    hourly[:, -40:] = 0.0
    ended = hourly.copy()
    ended[:, -1] = 10.0
    assert longest(hourly) == [11.0]
    assert longest(ended)[0] > 35.0
    running, over = (learnt(each).limits_hours[0, 2, 7] for each in (hourly, ended))
    assert running < over


def test_an_unknown_hour_ends_a_silence_which_counts_as_far_as_it_is_known() -> None:
    hourly = days()
    hourly[:, 200:230] = 0.0
    hourly[:, 215] = np.nan
    assert longest(np.where(np.isnan(hourly), 0.0, hourly))[0] > 30.0
    assert longest(hourly)[0] == pytest.approx(20.0, abs=5.0)


def test_a_standing_leak_neither_hides_nor_makes_silences() -> None:
    assert longest(days() + 6.0) == [11.0]


def test_of_a_home_that_stands_empty_no_longest_silence_is_known() -> None:
    profile = learnt(np.zeros((1, DAYS * 24)))
    assert math.isnan(profile.longest_silence_hours[0])
    assert profile.days.tolist() == [28.0]


def test_what_is_usual_is_the_median_of_each_hour_over_the_known_days() -> None:
    hourly = np.zeros((1, 4, 24))
    hourly[0, :, 8] = [10.0, 30.0, 20.0, np.nan]
    hourly[0, :, 9] = [10.0, 30.0, 20.0, 60.0]
    hourly[0, :, 10] = np.nan
    usual = learnt(hourly.reshape(1, -1)).usual_litres[0]
    assert usual[8] == 20.0
    assert usual[9] == 25.0
    assert math.isnan(usual[10])
    assert usual[11] == 0.0


def test_a_coarse_register_is_learnt_by_its_own_step() -> None:
    hourly = days(litres=5.0)
    assert longest(hourly) == [11.0]
    assert math.isnan(longest(hourly, resolution=10.0)[0])


@pytest.mark.parametrize("shape", [(2, 2, 24), (1, 2, 23), (1, 0, 24), (1, 48)])
def test_arrays_that_are_not_whole_days_of_these_homes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="learn"):
        learn(Silences.empty((7,)), np.zeros(shape), MONDAY, PRIOR, np.array([5.0]))


@pytest.mark.parametrize("seed", range(8))
def test_learning_agrees_with_a_plain_loop_and_learns_each_home_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    homes, hours = 6, 30 * 24
    leak = rng.choice([0.0, 0.0, 7.0], size=(homes, 1))
    hourly = np.where(rng.random((homes, hours)) < 0.25, rng.integers(1, 40, (homes, hours)), 0.0)
    hourly = hourly + leak
    hourly[rng.random((homes, hours)) < 0.03] = np.nan
    together = learnt(hourly)
    for home in range(homes):
        alone = learnt(hourly[home : home + 1])
        for name in UsageProfile.shapes():
            mine = getattr(together, name)[home : home + 1]
            assert getattr(alone, name).tobytes() == mine.tobytes(), name
        slots: list[Interval | None] = [
            Interval((hour + 1) * 3600.0, 1.0, float(litres))
            for hour, litres in enumerate(hourly[home])
        ]
        quiet = [
            slot is not None
            and slot.known
            and slot.litres - base(slots, at) * slot.hours < 3 - 1e-6
            for at, slot in enumerate(slots)
        ]
        assert together.longest_silence_hours[home] == pytest.approx(
            longest_ended(quiet), nan_ok=True
        )


@pytest.mark.parametrize("seed", range(5))
def test_the_longest_ended_run_agrees_with_a_plain_loop(seed: int) -> None:
    flags = np.random.default_rng(seed).random((50, 30)) < 0.8
    plain = [longest_ended(row) for row in flags.tolist()]
    assert longest_ended_run(flags).tolist() == pytest.approx(plain, nan_ok=True)


def hours_of(
    ends: list[datetime], lengths: list[float], litres: list[float], local: LocalTime, day: datetime
) -> tuple[list[float], list[bool]]:
    usage = UsageWindow(
        (7,),
        np.array([[end.timestamp() for end in ends]]),
        np.array([lengths]),
        np.array([litres]),
        np.array([-np.inf]),
        np.ones(1),
    )
    filled, known = by_local_hour(usage, local, int(day.timestamp() // 86_400), 1)
    return filled[0].tolist(), known[0].tolist()


def test_an_interval_of_an_hour_goes_whole_to_the_hour_of_its_middle() -> None:
    end = datetime(2026, 3, 2, 8, 40, tzinfo=UTC)
    litres, known = hours_of(
        [end], [1.0], [12.0], LocalTime.of(UTC), datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert litres[8] == 12.0
    assert known[8]
    assert not known[7]  # a third of it is too little to know it


def test_a_long_interval_is_spread_evenly_over_its_hours() -> None:
    end = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    litres, known = hours_of(
        [end], [3.0], [30.0], LocalTime.of(UTC), datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert litres[6:10] == pytest.approx([5.0, 10.0, 10.0, 5.0])
    assert known == [6 <= hour <= 9 for hour in range(24)]


def test_what_is_unknown_stays_unknown_and_what_stood_still_is_a_known_zero() -> None:
    ends = [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (6, 12)]
    litres, known = hours_of(
        ends, [6.0, 6.0], [math.nan, 0.0], LocalTime.of(UTC), datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert litres[6:12] == [0.0] * 6
    assert known == [6 <= hour < 12 for hour in range(24)]


def test_hours_are_local_ones() -> None:
    end = datetime(2026, 1, 5, 8, tzinfo=UTC)
    litres, _ = hours_of([end], [1.0], [9.0], MADRID, datetime(2026, 1, 5, tzinfo=UTC))
    assert litres[8] == 9.0  # 08:00-09:00 in Madrid


def test_zones_off_the_hour_work_as_well() -> None:
    kolkata = LocalTime.of(ZoneInfo("Asia/Kolkata"))
    end = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
    litres, known = hours_of([end], [1.0], [9.0], kolkata, datetime(2026, 1, 5, tzinfo=UTC))
    assert litres[13] == 9.0  # 13:00-14:00 there
    assert sum(known) == 1


def test_the_hour_that_spring_skips_is_a_known_zero() -> None:
    ends = [datetime(2026, 3, 29, hour, tzinfo=UTC) for hour in range(24)]
    litres, known = hours_of(
        ends, [1.0] * 24, [5.0] * 24, MADRID, datetime(2026, 3, 29, tzinfo=UTC)
    )
    assert litres[2] == 0.0
    assert known[2]
    assert litres[1] == litres[3] == 5.0


def test_the_hour_that_autumn_repeats_holds_the_water_of_both() -> None:
    ends = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in range(24)]
    litres, _ = hours_of(ends, [1.0] * 24, [5.0] * 24, MADRID, datetime(2026, 10, 25, tzinfo=UTC))
    assert litres[2] == 10.0
    assert litres[1] == litres[3] == 5.0


@pytest.mark.parametrize("seed", range(6))
def test_no_water_is_lost_on_the_way_into_hours(seed: int) -> None:
    usage = town(seed)
    first = int(np.nanmin(usage.ends_at - usage.hours * 3600) // 86_400) - 1
    count = int(np.nanmax(usage.ends_at) // 86_400) + 2 - first
    litres, known = by_local_hour(usage, MADRID, first, count)
    assert (np.isfinite(litres) == known).all()
    everything = np.nansum(usage.litres, axis=1)
    placed = np.nansum(litres, axis=1)
    assert (placed <= everything + 1e-6).all()
    whole = np.isfinite(usage.litres).all(axis=1)  # elsewhere edges of less than half an hour go
    assert placed[whole] == pytest.approx(everything[whole], rel=0.05)
