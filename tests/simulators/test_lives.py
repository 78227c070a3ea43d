from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np

from meterwatch.domain.fact import Reading
from meterwatch.gateways import decode
from meterwatch.simulators.district import District, invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.simulators.lives import GAPS, JOURNEYS, NIGHTS_AWAY, ordinary
from meterwatch.simulators.mishaps import Away, Ill, SlowLeak, Unheard, Visitors

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = 365 * DAY
DISTRICT = invent(200)


def homes(count: int) -> District:
    return District(DISTRICT.homes[:count])


def test_a_year_of_many_homes_holds_all_that_happens_about_as_often_as_is_said() -> None:
    lives = ordinary(DISTRICT, 1, NOW, NOW + YEAR)
    kinds = Counter(type(mishap) for mishap in lives)
    assert set(kinds) == {Away, Visitors, Ill, SlowLeak, Unheard}
    assert 0.7 < kinds[Away] / 200 / (NIGHTS_AWAY.a_year + JOURNEYS.a_year) < 1.4
    assert 0.7 < kinds[Unheard] / 200 / GAPS.a_year < 1.4


def test_some_homes_are_often_away_and_others_hardly_ever() -> None:
    lives = ordinary(DISTRICT, 1, NOW, NOW + YEAR)
    away = Counter(mishap.home for mishap in lives if isinstance(mishap, Away))
    times = sorted(away[home.number] for home in DISTRICT.homes)
    assert times[20] <= 2
    assert times[180] >= 18


def test_a_stretch_of_time_is_the_same_whatever_was_asked_before() -> None:
    whole = ordinary(homes(40), 3, NOW, NOW + 90 * DAY)
    part = ordinary(homes(40), 3, NOW + 30 * DAY, NOW + 60 * DAY)
    assert part == tuple(
        mishap
        for mishap in whole
        if mishap.since < NOW + 60 * DAY and mishap.until and mishap.until > NOW + 30 * DAY
    )


def test_another_seed_gives_other_lives_and_the_same_seed_the_same() -> None:
    once, again = (ordinary(homes(40), 3, NOW, NOW + 30 * DAY) for _ in range(2))
    assert once == again
    assert once != ordinary(homes(40), 4, NOW, NOW + 30 * DAY)


def test_a_home_lives_alike_in_a_large_and_in_a_small_district() -> None:
    few = ordinary(homes(5), 3, NOW, NOW + YEAR)
    many = ordinary(homes(40), 3, NOW, NOW + YEAR)
    assert few == tuple(mishap for mishap in many if mishap.home <= 5)


def test_a_fleet_with_ordinary_lives_has_registers_that_never_step_back() -> None:
    lives = ordinary(homes(30), 2, NOW, NOW + 40 * DAY)
    fleet = Fleet(homes(30), 2, lives)
    moments = [NOW + timedelta(minutes=30 * k) for k in range(40 * 48)]
    assert (np.diff(fleet.registers(range(1, 31), moments)) >= 0).all()


def test_a_register_is_the_same_asked_at_once_or_bit_by_bit() -> None:
    lives = ordinary(homes(12), 2, NOW, NOW + 40 * DAY)
    fleet = Fleet(homes(12), 2, lives)
    moments = [NOW + k * DAY / 2 for k in range(80)]
    at_once = fleet.registers(range(1, 13), moments)
    one_by_one = np.column_stack([fleet.registers(range(1, 13), [at]) for at in moments])
    assert np.array_equal(at_once, one_by_one)


def test_who_is_ill_uses_little_water_but_some() -> None:
    ill = [Ill(home=home.number, since=NOW, until=NOW + 6 * DAY) for home in DISTRICT.homes]
    used = drawn(Fleet(DISTRICT, 1, ill), 6)
    usual = drawn(Fleet(DISTRICT, 1), 6)
    share = used / usual
    assert 0.15 < np.median(share) < 0.35
    assert (used > 0).mean() > 0.95


def test_guests_add_to_what_is_used_and_at_other_times() -> None:
    guests = [Visitors(home=h.number, since=NOW, until=NOW + 4 * DAY) for h in DISTRICT.homes]
    share = drawn(Fleet(DISTRICT, 1, guests), 4) / drawn(Fleet(DISTRICT, 1), 4)
    assert 1.5 < np.median(share) < 2.1


def test_what_a_meter_says_in_a_gap_is_never_heard_and_its_register_counts_on() -> None:
    home = DISTRICT.homes[0]
    gap = Unheard(home=home.number, since=NOW + 5 * DAY / 24, until=NOW + DAY)
    fleet = Fleet(homes(1), 1, [gap])
    heard = [
        fact
        for _, message in fleet.messages(NOW, NOW + 2 * DAY)
        for fact in decode(message, {}).facts
        if isinstance(fact, Reading)
    ]
    assert len(heard) == 5 + 24
    assert not fleet.truth(home.number, NOW + DAY / 2).heard
    undisturbed = Fleet(homes(1), 1).registers([home.number], [heard[-1].measured_at])
    assert heard[-1].litres == undisturbed[0, 0]


def drawn(fleet: Fleet, days: int) -> np.ndarray:
    numbers = range(1, len(fleet.district.homes) + 1)
    registers = fleet.registers(numbers, [NOW, NOW + days * DAY])
    total: np.ndarray = registers[:, 1] - registers[:, 0]
    return total
