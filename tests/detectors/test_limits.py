import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from meterwatch.config.prior import read_prior
from meterwatch.detectors.limits import (
    EARLY_HOURS,
    IN_USE_HOURS,
    SHORTEST,
    delay_costs,
    learn_limits,
    returning_limits,
    survival,
)
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.silences import Silences, count_days
from meterwatch.detectors.stops import LONGEST
from meterwatch.domain.usage import CLASSES, HOURS, Floats

MONDAY = 20_514
PRIOR = read_prior()


def lived(seed: int, homes: int = 4, days: int = 120, goes_out: float = 0.4) -> Silences:
    """Homes with habits: up at seven, to bed at eleven, out on some days, away on a few."""
    rng = np.random.default_rng(seed)
    hourly = np.zeros((homes, days, HOURS))
    awake = slice(7, 23)
    hourly[:, :, awake] = np.where(rng.random((homes, days, 16)) < 0.45, 15.0, 0.0)
    out = rng.random((homes, days)) < goes_out
    hourly[:, :, 9:18] = np.where(out[:, :, np.newaxis], 0.0, hourly[:, :, 9:18])
    away = rng.random((homes, days)) < 0.05 * goes_out
    hourly = np.where(away[:, :, np.newaxis], 0.0, hourly)
    return counted(hourly)


def counted(hourly: Floats) -> Silences:
    flat = hourly.reshape(len(hourly), -1)
    empty = Silences.empty(tuple(range(len(flat))))
    return count_days(empty, MONDAY, flat, np.isfinite(flat), 3.0, np.ones(len(flat)))


def limits(silences: Silences, budget: float = 5.0) -> Floats:
    return learn_limits(silences, PRIOR, np.full(len(silences.homes), budget))[0]


def test_the_limit_lies_just_past_the_time_at_which_this_home_comes_back() -> None:
    hourly = np.zeros((1, 400, HOURS))
    hourly[:, :, [7, 12, 19]] = 20.0
    table = limits(counted(hourly), 20.0)[0, 0]
    assert 4.0 < table[7] < 7.0
    assert 6.0 < table[12] < 9.0
    assert 11.0 < table[19] < 14.0
    assert 11.0 < limits(counted(hourly), 5.0)[0, 0, 19] < 14.0


def test_a_home_of_which_nothing_is_known_has_the_limits_of_homes_in_general() -> None:
    nobody = Silences.empty((1, 2))
    table, expected = learn_limits(nobody, PRIOR, np.full(2, 5.0))
    assert np.isfinite(table).all()
    assert table[0].tobytes() == table[1].tobytes()
    assert 8.0 < np.median(table) < 30.0
    assert 2.0 < expected[0] < 12.0


def test_three_days_of_history_move_limits_a_little_and_a_year_moves_them_far() -> None:
    hourly = np.zeros((1, 365, HOURS))
    hourly[:, :, ::2] = 20.0  # used every other hour, day and night
    general = limits(Silences.empty((0,)))
    few, many = limits(counted(hourly[:, :3])), limits(counted(hourly))
    assert abs(few - general).mean() < abs(many - general).mean()
    assert np.median(many) < np.median(few) < 1.2 * np.median(general)


def test_a_larger_budget_expects_more_alarms_and_gives_shorter_limits() -> None:
    silences = lived(1, homes=12)
    tables = [learn_limits(silences, PRIOR, np.full(12, budget)) for budget in (1.0, 5.0, 25.0)]
    for (longer, low), (shorter, high) in pairwise(tables):
        assert high.mean() > low.mean()
        assert shorter.mean() < longer.mean()


def test_limits_are_whole_hours_that_readings_can_reach() -> None:
    table = limits(lived(1)) + EARLY_HOURS
    assert np.allclose(table, np.round(table))
    assert table.min() >= SHORTEST
    assert table.max() < LONGEST


@pytest.mark.parametrize("seed", range(3))
def test_a_home_is_learnt_alone_to_the_last_bit(seed: int) -> None:
    silences = lived(seed, homes=19)
    budgets = np.random.default_rng(seed).choice([2.0, 5.0, 10.0], 19)
    table, expected = learn_limits(silences, PRIOR, budgets)
    order = np.random.default_rng(seed).permutation(19)
    for part in (order, order[:1], order[3:8], np.arange(16, 19)):
        some = silences.take(tuple(part.tolist()), part)
        alone, cost = learn_limits(some, PRIOR, budgets[part])
        assert alone.tobytes() == np.ascontiguousarray(table[part]).tobytes()
        assert cost.tobytes() == np.ascontiguousarray(expected[part]).tobytes()


def test_homes_may_have_budgets_of_their_own() -> None:
    silences = lived(2, homes=2)
    table, _ = learn_limits(silences, PRIOR, np.array([2.0, 10.0]))
    assert table[0].tobytes() == limits(silences, 2.0)[0].tobytes()
    assert table[1].tobytes() == limits(silences, 10.0)[1].tobytes()


def test_a_home_that_would_cost_twice_its_budget_waits_longer() -> None:
    rng = np.random.default_rng(4)
    restless = np.where(rng.random((1, 300, HOURS)) < 0.12, 20.0, 0.0)
    _, expected = learn_limits(counted(restless), PRIOR, np.array([3.0]))
    assert expected[0] < 3.0 * 2.0 * 1.1 + 1.1


@pytest.mark.parametrize("seed", range(3))
def test_survival_falls_from_one_and_never_rises(seed: int) -> None:
    lasts = survival(lived(seed), PRIOR)
    assert (lasts[..., 0] == 1.0).all()
    assert (np.diff(lasts, axis=-1) <= 0.0).all()
    assert (lasts > 0.0).all()


def test_being_found_later_never_costs_less() -> None:
    for budget in (1.0, 5.0, 20.0):
        costs = delay_costs(budget)
        assert (np.diff(costs, axis=1) >= 0.0).all()  # along the limits
        assert (np.diff(costs, axis=0) <= 0.0).all()  # along the hours already silent


def test_who_just_came_home_is_waited_for_longer_the_smaller_the_budget() -> None:
    hours = returning_limits(np.array([1.0, 2.0, 5.0, 10.0, 20.0]))
    assert hours[2] == pytest.approx(36.0 - EARLY_HOURS)
    assert (np.diff(hours) <= 0.0).all()
    assert hours[0] == LONGEST - 1.0 - EARLY_HOURS


def slow(silences: Silences, home: int, budget: float) -> list[list[float]]:
    """The same limits by plain loops over every cell, length and limit."""
    ended = silences.ended[home].astype(float)
    near = np.zeros(ended.shape)
    for c, s, k in np.argwhere(ended > 0):
        for later in range(-3, 4):
            weight = np.exp(-0.5 * later**2) * ended[c, s, k]
            at = (s + later) % HOURS
            near[c, at, k] += 0.3 * weight
            moved = k if k == LONGEST else min(k - later, LONGEST)
            if moved >= 0:
                near[c, at, moved] += 0.7 * weight
    spread = np.zeros(ended.shape)
    for k in range(LONGEST):
        spread[..., k] += 0.8 * near[..., k]
        spread[..., max(k - 1, 0)] += 0.1 * near[..., k]
        spread[..., min(k + 1, LONGEST - 1)] += 0.1 * near[..., k]
    spread[..., LONGEST] = near[..., LONGEST]
    blended = [0.85 * spread[c] + 0.15 * sum(spread[d] for d in range(4)) for c in range(4)]
    lasts = [[_lasts(ended, blended[c][s], c, s) for s in range(HOURS)] for c in range(4)]
    days = float(silences.days[home])
    begun = (ended.sum(axis=-1) + 10 * PRIOR.begun_a_day) / (days + 10)
    eligible = sum(
        begun[c, s] * (lasts[c][s][u] - lasts[c][s][u + 12])
        for c in range(4)
        for s in range(HOURS)
        for u in range(IN_USE_HOURS)
    )
    price = 600.0 * (5.0 / budget) ** 1.84 * eligible
    return [[_cheapest(lasts[c][s], price, budget) for s in range(HOURS)] for c in range(4)]


def _lasts(ended: Floats, cell: Floats, c: int, s: int) -> list[float]:
    reached = np.array([ended[..., k:].sum(axis=-1) for k in range(LONGEST)])
    out = [1.0]
    for k in range(LONGEST):
        band, pseudo = ((0, 12), 20.0) if k < 12 else ((12, 16), 2.0) if k < 16 else ((16, 48), 2.0)
        due = sum((reached[j] * PRIOR.hazard[..., j]).sum() for j in range(*band))
        level = (ended[..., slice(*band)].sum() + pseudo) / (due + pseudo)
        kappa = 0.1 if k < 16 else 0.3
        hazard = (cell[k] + kappa * level * PRIOR.hazard[c, s, k]) / (cell[k:].sum() + kappa)
        out.append(out[-1] * (1.0 - min(max(hazard, 1e-4), 1 - 1e-4)))
    return out


def _cheapest(lasts: list[float], price: float, budget: float) -> float:
    stretch = (5.0 / budget) ** 0.37
    best, least = 0, np.inf
    for limit in range(SHORTEST, LONGEST):
        cost = price * (lasts[limit] - lasts[LONGEST])
        for u in range(IN_USE_HOURS):
            late = max(limit - u - 0.5, 0.5)
            soft = [min(max((late - mark * stretch) / 1.6 + 0.5, 0), 1) for mark in (12.2, 23.3)]
            worth = 12.0 * soft[0] + 36.0 * max(stretch, 1) ** 1.5 * soft[1] + 0.1 * late
            cost += (lasts[u] - lasts[u + IN_USE_HOURS]) * worth
        if cost < least:
            best, least = limit, cost
    return best - EARLY_HOURS


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("budget", [4.0, 8.0])
def test_limits_agree_with_their_slow_twin(seed: int, budget: float) -> None:
    silences = lived(seed, homes=1, goes_out=0.02)
    fast, expected = learn_limits(silences, PRIOR, np.array([budget]))
    assert expected[0] < 1.8 * budget  # it was made no dearer: the twin has one price
    assert fast[0] == pytest.approx(np.array(slow(silences, 0, budget)))


def test_the_figures_of_a_prior_are_checked() -> None:
    with pytest.raises(ValueError, match="shape"):
        dataclasses.replace(PRIOR, hazard=PRIOR.hazard[:2])
    with pytest.raises(ValueError, match="figure"):
        dataclasses.replace(PRIOR, begun_a_day=np.full((CLASSES, HOURS), np.nan))
    with pytest.raises(ValueError, match="source"):
        Prior.of({"hazard": PRIOR.hazard, "begun_a_day": PRIOR.begun_a_day, "fitted_on": []})
