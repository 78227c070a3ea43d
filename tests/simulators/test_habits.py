from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterwatch.simulators.habits import (
    DAY,
    EARLIEST,
    Floats,
    Habits,
    habits_of,
    local_day,
    midnight,
    scatter,
    weekday,
)
from meterwatch.simulators.personas import IN_TURN, USUAL, WORKER, Persona

TODAY = local_day(datetime(2026, 3, 2, 4, tzinfo=UTC).timestamp())  # a Monday
DAYS = 28
PERSONAS = sorted(set(IN_TURN), key=lambda persona: persona.name)


def hourly(habits: Habits, days: int = DAYS) -> Floats:
    """Litres per hour, one row a local day."""
    at = np.array([midnight(TODAY) + 3_600.0 * hour for hour in range(24 * days + 1)])
    litres = habits.millilitres(at).astype(np.float64) / 1_000
    return np.diff(litres).reshape(days, 24)


def homes(persona: Persona, many: int = 6) -> list[Habits]:
    return [habits_of(1, number, persona) for number in range(1, many + 1)]


def test_the_same_seed_and_home_give_the_same_day() -> None:
    first, again = habits_of(7, 3, USUAL).day(TODAY), habits_of(7, 3, USUAL).day(TODAY)
    assert np.array_equal(first.starts, again.starts)
    assert np.array_equal(first.litres, again.litres)


@pytest.mark.parametrize(("seed", "home"), [(8, 3), (7, 4)])
def test_another_seed_or_home_gives_another_day(seed: int, home: int) -> None:
    first, other = habits_of(7, 3, USUAL).day(TODAY), habits_of(seed, home, USUAL).day(TODAY)
    assert first.litres.tolist() != other.litres.tolist()


def test_a_day_is_the_same_whether_or_not_the_days_before_it_were_made() -> None:
    fresh, busy = habits_of(1, 1, USUAL), habits_of(1, 1, USUAL)
    for day in range(TODAY - 10, TODAY):
        busy.day(day)
    at = np.array([midnight(TODAY) + 50_000.0])
    assert np.array_equal(fresh.day(TODAY).starts, busy.day(TODAY).starts)
    assert fresh.millilitres(at) == busy.millilitres(at)


@settings(max_examples=40, deadline=None)
@given(
    home=st.integers(1, 5_000),
    start=st.integers(int(EARLIEST.timestamp()), 2_000_000_000),
    steps=st.lists(st.floats(0, 90_000), min_size=2, max_size=20),
)
def test_the_register_never_decreases(home: int, start: int, steps: list[float]) -> None:
    habits = habits_of(2, home, IN_TURN[home % len(IN_TURN)])
    registers = habits.millilitres(start + np.cumsum(steps))
    assert (np.diff(registers) >= 0).all()
    assert registers[0] >= 0


@settings(max_examples=40, deadline=None)
@given(home=st.integers(1, 5_000), day=st.integers(TODAY - 2_000, TODAY + 4_000))
def test_draws_stay_within_their_day_and_add_up_to_it(home: int, day: int) -> None:
    habits = habits_of(3, home, IN_TURN[home % len(IN_TURN)])
    draws = habits.day(day)
    first, last = habits.midnights(np.array([day, day + 1]))
    assert (draws.starts >= 0).all()
    assert (draws.starts % 60 == 0).all()
    assert (draws.starts + draws.seconds <= DAY).all()
    assert (draws.litres > 0).all()
    assert draws.litres.sum() == pytest.approx(last - first)


@pytest.mark.parametrize("persona", PERSONAS, ids=[persona.name for persona in PERSONAS])
def test_litres_a_day_are_those_of_real_homes(persona: Persona) -> None:
    mean = np.mean([hourly(habits).sum(axis=1).mean() for habits in homes(persona)])
    per_person = mean / persona.persons
    assert 55 <= per_person <= 150


def test_a_single_home_uses_water_in_five_to_seven_hours_of_a_day() -> None:
    used = np.mean([(hourly(habits) >= 1).sum(axis=1).mean() for habits in homes(USUAL)])
    assert 5 <= used <= 7.5


def test_use_peaks_at_nine_and_in_the_early_evening_and_rests_at_night() -> None:
    by_hour = np.mean([hourly(habits).mean(axis=0) for habits in homes(USUAL, 12)], axis=0)
    assert np.argmax(by_hour[:13]) in {8, 9, 10}
    assert np.argmax(by_hour[13:]) + 13 in {18, 19, 20}
    assert 0 < by_hour[1:5].mean() < 0.2 * by_hour.mean()


def test_people_get_up_on_some_nights_but_not_on_all() -> None:
    nights = np.concatenate([hourly(habits)[:, 1:5].sum(axis=1) > 0 for habits in homes(USUAL)])
    assert 0.15 < nights.mean() < 0.85


def test_a_worker_is_out_on_weekdays_and_at_home_on_weekends() -> None:
    at_noon = np.array([hourly(habits)[:, 10:16].sum(axis=1) for habits in homes(WORKER)])
    weekend = np.array([weekday(TODAY + k) >= 5 for k in range(DAYS)])
    assert at_noon[:, ~weekend].mean() < 0.3 * at_noon[:, weekend].mean()


def test_a_laundry_day_uses_more_than_the_others() -> None:
    means = {True: [0.0], False: [0.0]}
    for habits in homes(USUAL, 12):
        for k, litres in enumerate(hourly(habits).sum(axis=1)):
            means[weekday(TODAY + k) in habits.laundry].append(litres)
    assert np.mean(means[True]) > np.mean(means[False]) + 25


def test_the_scatter_of_days_is_even_and_between_zero_and_one() -> None:
    scattered = scatter(1, 1, np.arange(20_000, 24_000))
    assert scattered.min() >= 0
    assert scattered.max() < 1
    assert scattered.mean() == pytest.approx(0.5, abs=0.02)
    assert abs(np.corrcoef(scattered[:-1], scattered[1:])[0, 1]) < 0.05
