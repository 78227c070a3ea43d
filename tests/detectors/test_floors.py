import math

import numpy as np
import pytest

from meterwatch.detectors.floors import MOST, SLACK, learn_floors
from meterwatch.domain.usage import Floats

MONDAY = 20_514  # 2026-03-02, in days since 1970-01-01
DAYS = 28


def days(litres: float = 10.0, hours: tuple[int, ...] = (7, 8, 12, 18, 19, 21)) -> Floats:
    past = np.zeros((1, DAYS, 24))
    past[:, :, list(hours)] = litres
    return past


def learnt(past: Floats, first_day: int = MONDAY) -> tuple[Floats, Floats]:
    usual, floors = learn_floors(past, first_day)
    return usual[0], floors[0]


def test_what_is_usual_is_three_ordinary_days_of_litres_and_of_activity() -> None:
    usual, _ = learnt(days())
    assert usual.tolist() == pytest.approx([180.0, 18 * math.sqrt(10.0)])


def test_where_every_day_is_alike_the_floor_is_well_under_them() -> None:
    usual, floors = learnt(days())
    shares = floors / usual[:, np.newaxis]
    assert (shares <= SLACK + 1e-9).all()
    assert (shares >= 0.85 * SLACK).all()


def test_a_home_that_varies_upwards_keeps_its_floor_within_the_usual() -> None:
    past = days()
    past[:, 1::2] *= 4.0
    usual, floors = learnt(past)
    assert (floors <= MOST * usual[:, np.newaxis]).all()


def test_a_low_lowers_the_floors_of_its_weekday_and_the_days_beside_it() -> None:
    past = days()
    past[:, 9:12, 8:] = 0.0  # Wednesday to Friday of the second week: 10 litres a day are left
    usual, floors = learnt(past)
    shares = floors[0] / usual[0]
    assert shares[4] < 0.15
    assert shares[3] < 0.5
    assert shares[0] > shares[4]


def test_a_low_that_goes_on_does_not_move_its_own_line() -> None:
    ill = days()
    ill[:, -3:] *= 0.3
    usual, floors = learnt(ill)
    assert usual == pytest.approx(learnt(days())[0])
    assert (floors >= 0.6 * SLACK * usual[:, np.newaxis]).all()
    over = days()
    over[:, -9:-6] *= 0.3
    assert (learnt(over)[1] < 0.6 * SLACK * usual[:, np.newaxis]).any()


def test_a_journey_teaches_neither_what_is_usual_nor_a_floor() -> None:
    past = days()
    past[:, 10:14] = 0.0
    usual, floors = learnt(past)
    same, same_floors = learnt(days())
    assert usual == pytest.approx(same)
    assert (floors > 0.5 * same_floors).all()


def test_a_standing_leak_is_taken_off_before_anything_is_learnt() -> None:
    usual, _ = learnt(days() + 6.0)
    same, _ = learnt(days())
    assert usual[0] == pytest.approx(same[0], rel=0.05)


def test_unknown_hours_are_filled_with_what_the_other_days_know() -> None:
    past = days()
    past[:, 3, :11] = np.nan
    past[:, 5, 13:] = np.nan
    usual, _ = learnt(past)
    assert usual[0] == pytest.approx(180.0)


def test_nothing_is_learnt_from_less_than_a_week() -> None:
    past = np.full((1, DAYS, 24), np.nan)
    past[:, -9:] = days()[:, -9:]
    usual, floors = learnt(past)
    assert np.isnan(usual).all()
    assert np.isnan(floors).all()
    past[:, -10:] = days()[:, -10:]
    assert np.isfinite(learnt(past)[1]).all()


def test_a_home_that_stands_empty_has_no_floors() -> None:
    usual, floors = learnt(days(1.5))
    assert np.isnan(usual).all()
    assert np.isnan(floors).all()


def test_only_the_last_four_weeks_count() -> None:
    longer = np.concatenate([days(40.0), days()], axis=1)
    usual, floors = learnt(longer, MONDAY - DAYS)
    same, same_floors = learnt(days())
    assert usual.tobytes() == same.tobytes()
    assert floors.tobytes() == same_floors.tobytes()


@pytest.mark.parametrize("seed", range(4))
def test_each_home_is_learnt_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    past = np.where(rng.random((9, DAYS, 24)) < 0.3, rng.integers(1, 40, (9, DAYS, 24)), 0.0)
    past[rng.random(past.shape) < 0.05] = np.nan
    past[3, 4:9] = 0.0
    past[4] += 7.0
    steps = rng.choice([1.0, 10.0], 9)
    together = learn_floors(past, MONDAY, resolution_litres=steps)
    for home in range(9):
        alone = learn_floors(
            past[home : home + 1], MONDAY, resolution_litres=steps[home : home + 1]
        )
        for one, all_of_them in zip(alone, together, strict=True):
            assert one.tobytes() == all_of_them[home].tobytes()


@pytest.mark.parametrize("seed", range(4))
def test_the_floors_agree_with_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    past = np.where(rng.random((1, DAYS, 24)) < 0.4, rng.integers(10, 40, (1, DAYS, 24)), 0.0)
    past[0, 5:8] *= 0.35
    past[:, 20, :5] = np.nan
    usual, floors = learnt(past)
    hourly = past.ravel().tolist()
    lowest = [math.inf] * 7
    totals = [_total(hourly[max(end - 71, 0) : end + 1], float(usual[0])) for end in range(672)]
    recovered = max(end for end, share in enumerate(totals) if 0.6 <= share < math.inf)
    for end in range(recovered + 1):
        weekday = (MONDAY + end // 24 + 3) % 7
        for near in (weekday - 1, weekday, weekday + 1):
            lowest[near % 7] = min(lowest[near % 7], totals[end])
    plain = [min(SLACK * low, MOST) * usual[0] for low in lowest]
    assert floors[0].tolist() == pytest.approx(plain)


def _total(hours: list[float], usual: float) -> float:
    known = [litres for litres in hours if not math.isnan(litres)]
    if len(known) < 0.6 * 72:
        return math.inf
    return sum(known) / usual + (1.0 - len(known) / 72)
