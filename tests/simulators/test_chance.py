from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from meterwatch.simulators.chance import Rates, by_chance, open_scene
from meterwatch.simulators.district import District, invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.simulators.mishaps import HomeMishap, HubCut

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
DAY = timedelta(days=1)
RATES = Rates(falls=2, taps=1, presses=3, cuts=0.5, aways=1)


@pytest.fixture(scope="module")
def district() -> District:
    return invent(60)


def test_the_same_seed_draws_the_same_mishaps(district: District) -> None:
    drawn = by_chance(district, 1, RATES, NOW, NOW + 5 * DAY)
    assert drawn == by_chance(district, 1, RATES, NOW, NOW + 5 * DAY)
    assert drawn != by_chance(district, 2, RATES, NOW, NOW + 5 * DAY)


def test_a_stretch_drawn_in_two_parts_is_the_stretch_drawn_at_once(district: District) -> None:
    middle = NOW + timedelta(days=2, hours=7)
    parts = by_chance(district, 1, RATES, NOW, middle) + by_chance(
        district, 1, RATES, middle, NOW + 5 * DAY
    )
    assert parts == by_chance(district, 1, RATES, NOW, NOW + 5 * DAY)


def test_as_much_goes_wrong_as_was_asked_for(district: District) -> None:
    days = 100
    drawn = by_chance(district, 1, RATES, NOW, NOW + days * DAY)
    counts = Counter(type(mishap).__name__ for mishap in drawn)
    wanted = {"Fall": 2, "OpenTap": 1, "Press": 3, "HubCut": 0.5, "Away": 1}
    for kind, rate in wanted.items():
        assert counts[kind] == pytest.approx(rate * days, abs=4 * np.sqrt(rate * days))


def test_everything_drawn_is_about_a_home_or_hub_that_exists_and_ends(district: District) -> None:
    drawn = by_chance(district, 1, RATES, NOW, NOW + 20 * DAY)
    Fleet(district, mishaps=drawn)
    for mishap in drawn:
        assert mishap.until is not None
        assert mishap.until > mishap.since
        assert isinstance(mishap, HomeMishap | HubCut)


def test_nothing_goes_wrong_by_itself(district: District) -> None:
    assert by_chance(district, 1, Rates(), NOW, NOW + 100 * DAY) == ()


@pytest.mark.parametrize("rate", [-0.1, float("nan"), 1e6])
def test_an_impossible_rate_is_refused_by_its_name(rate: float) -> None:
    with pytest.raises(ValueError, match=r"falls is .* 0 to 1000 times a day"):
        Rates(falls=rate)


@pytest.mark.parametrize("homes", [8, 60, 200])
def test_a_scene_opens_with_a_press_a_fall_a_tap_and_a_cut_in_different_places(homes: int) -> None:
    fleet = Fleet(invent(homes))
    scene = open_scene(fleet, NOW)
    assert fleet.truth(scene.fallen, NOW).fallen
    assert fleet.truth(scene.running, NOW).litres_per_hour >= 60
    assert fleet.truth(scene.pressed, NOW).needs_somebody
    cut = [home for home in fleet.district.homes if not fleet.truth(home.number, NOW).heard]
    assert {home.meter.hub for home in cut} == {scene.cut}
    assert len({scene.fallen, scene.running, scene.pressed}) == 3
    assert not {scene.fallen, scene.running, scene.pressed} & {home.number for home in cut}


def test_a_scene_needs_homes_enough() -> None:
    with pytest.raises(ValueError, match="at least 8 homes, not 7"):
        open_scene(Fleet(invent(7)), NOW)
