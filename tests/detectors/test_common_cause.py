"""Common cause: a count is judged alone, more use is never quieter, and chance is what it says."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.detectors.common_cause import WINDOWS, Cause, Habits, Verdict
from meterwatch.detectors.tails import MOST, tail, weight
from meterwatch.domain.usage import Bools, Floats, UsageWindow

CAUSE = Cause()
DAYS = 28
SHARES = st.floats(0.02, 0.98)
SPREADS = st.floats(0.001, 0.4)


def one(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def chance(few: float, homes: float, share: float, spread: float) -> float:
    return float(tail(one(few), one(homes), one(share), one(spread))[0])


def a_past(homes: int, share: float, seed: int = 1, swing: float = 0.0, groups: int = 1) -> Floats:
    """Days of counts of homes that use water by themselves, with a chance that swings by day."""
    dice = np.random.default_rng(seed)
    past = np.zeros((groups, DAYS, 24, len(WINDOWS), 2))
    past[..., 0] = homes
    by_day = np.clip(share + swing * dice.standard_normal((groups, DAYS)), 0.02, 0.98)
    past[..., 1] = dice.binomial(homes, by_day[..., None, None], (groups, DAYS, 24, len(WINDOWS)))
    return past


def weekends() -> Bools:
    return np.arange(DAYS) % 7 >= 5


def counts(homes: int, used: int, groups: int = 1) -> Floats:
    return np.broadcast_to(one(homes, used), (groups, len(WINDOWS), 2)).copy()


def _arrays(habits: Habits) -> tuple[Floats, Floats, Floats]:
    return habits.share, habits.spread, habits.days


def judge(now: Floats, habits: Habits, groups: int = 1) -> Verdict:
    return CAUSE.judge(now, habits, weekend=False, hour=10, groups=groups)


# The tail


@given(st.integers(1, 60), SHARES)
def test_homes_that_are_all_but_independent_are_counted_by_the_binomial_law(
    homes: int, share: float
) -> None:
    few = homes // 3
    exact = sum(comb(homes, k) * share**k * (1 - share) ** (homes - k) for k in range(few + 1))
    assert chance(few, homes, share, 1e-9) == pytest.approx(exact, rel=1e-4)


def test_a_swing_common_to_all_makes_few_users_more_likely() -> None:
    chances = [chance(0, 40, 0.5, spread) for spread in (0.001, 0.02, 0.1, 0.3)]
    assert chances == sorted(chances)
    assert chances[0] < 1e-11
    assert chances[-1] > 1e-3


@given(st.integers(1, 600), SHARES, SPREADS)
def test_the_tail_grows_with_the_count_up_to_certainty(
    homes: int, share: float, spread: float
) -> None:
    few = np.arange(homes + 1.0)
    found = tail(few, *(np.full(len(few), value) for value in (homes, share, spread)))
    assert (np.diff(found) >= -1e-12).all()
    assert found[-1] == pytest.approx(1.0, abs=1e-9)


@given(st.integers(MOST + 1, 100_000), SHARES, SPREADS)
def test_a_very_large_group_counts_like_a_large_one(
    homes: int, share: float, spread: float
) -> None:
    none = chance(0, homes, share, spread)
    assert none == pytest.approx(chance(0, MOST, share, spread))


def test_the_tail_is_what_a_simulation_finds() -> None:
    dice = np.random.default_rng(7)
    share, spread, homes = 0.4, 0.05, 30
    beta = (1 - spread) / spread
    drawn = dice.binomial(homes, dice.beta(share * beta, (1 - share) * beta, 200_000))
    for few in (2, 5, 9):
        assert chance(few, homes, share, spread) == pytest.approx((drawn <= few).mean(), rel=0.1)


@given(SHARES, st.integers(1, 100), st.data())
def test_what_is_usual_weighs_nothing_and_anything_else_something(
    share: float, homes: int, data: st.DataObject
) -> None:
    seen = data.draw(st.integers(0, homes))
    assert weight(one(share * homes), one(homes), one(share))[0] == pytest.approx(0.0, abs=1e-9)
    assert weight(one(seen), one(homes), one(share))[0] >= -1e-9


# What groups are used to


def test_the_share_of_each_hour_is_learnt_on_working_days_and_weekends_apart() -> None:
    past = a_past(40, 0.5)
    past[:, weekends(), ..., 1] = 10.0
    habits = CAUSE.learn(past, weekends())
    assert habits.share[0, 0] == pytest.approx(np.full((24, len(WINDOWS)), 0.5), abs=0.1)
    assert habits.share[0, 1] == pytest.approx(np.full((24, len(WINDOWS)), 0.25), abs=0.01)


def test_days_that_swing_together_are_learnt_as_spread_and_others_are_not() -> None:
    alone = CAUSE.learn(a_past(40, 0.5), weekends())
    together = CAUSE.learn(a_past(40, 0.5, swing=0.2), weekends())
    assert alone.spread == pytest.approx(CAUSE.least_spread, abs=0.005)
    assert (together.spread > 0.08).all()


def test_an_hour_known_on_too_few_days_is_not_judged() -> None:
    past = a_past(40, 0.5)
    past[:, 5:, 10] = 0.0
    verdict = judge(counts(40, 0), CAUSE.learn(past, weekends()))
    assert not verdict.quiet.any()
    assert not verdict.back.any()


def test_the_first_weekends_are_judged_by_all_days_with_less_trust() -> None:
    past = a_past(40, 0.5)[:, :12]
    habits = CAUSE.learn(past, weekends()[:12])
    assert habits.share[0, 1] == pytest.approx(np.full((24, len(WINDOWS)), 0.5), abs=0.1)
    assert (habits.days[0, 1] < habits.days[0, 0]).all()
    weekend = CAUSE.judge(counts(40, 0), habits, weekend=True, hour=10, groups=1)
    assert weekend.quiet[0]
    assert weekend.chance[0] > judge(counts(40, 0), habits).chance[0]


# Verdicts


def test_forty_homes_without_water_are_quiet_and_forty_with_water_as_usual() -> None:
    habits = CAUSE.learn(a_past(40, 0.5), weekends())
    cut, usual = judge(counts(40, 0), habits), judge(counts(40, 19), habits)
    assert (cut.quiet[0], cut.back[0]) == (True, False)
    assert (usual.quiet[0], usual.wild[0], usual.back[0], usual.calm[0]) == (
        False,
        False,
        True,
        True,
    )
    assert cut.expected[0] == pytest.approx(20, abs=1)
    assert cut.chance[0] < CAUSE.line(1)


def test_forty_homes_that_draw_water_in_the_dead_of_night_are_wild() -> None:
    habits = CAUSE.learn(a_past(40, 0.05), weekends())
    verdict = judge(counts(40, 35), habits)
    assert (verdict.wild[0], verdict.quiet[0], verdict.calm[0]) == (True, False, False)


def test_nothing_is_said_where_hardly_anybody_uses_water_anyway() -> None:
    habits = CAUSE.learn(a_past(40, 0.03), weekends())
    verdict = judge(counts(40, 0), habits)
    assert not verdict.quiet[0]
    assert not verdict.back[0]


def test_a_holiday_that_halves_the_use_is_no_outage_however_many_homes_there_are() -> None:
    habits = CAUSE.learn(a_past(400, 0.6), weekends())
    assert not judge(counts(400, 120), habits).quiet[0]


def test_too_few_homes_are_no_group() -> None:
    habits = CAUSE.learn(a_past(5, 0.9), weekends())
    assert not judge(counts(5, 0), habits).quiet[0]


def test_the_line_is_the_accepted_rate_divided_by_every_look_of_a_year() -> None:
    looks = 365.25 * 24 * len(WINDOWS) * 2
    assert CAUSE.line(1) == pytest.approx(0.1 / looks)
    assert CAUSE.line(50) == pytest.approx(CAUSE.line(1) / 50)


@given(st.integers(6, 200), SHARES, st.integers(0, 2**32 - 1))
def test_once_a_group_is_quiet_fewer_users_are_quiet_too_and_more_are_never_quieter(
    homes: int, share: float, seed: int
) -> None:
    alone = CAUSE.learn(a_past(homes, share, seed), weekends())
    alike = Habits(*(np.repeat(each, homes + 1, axis=0) for each in _arrays(alone)))
    now = counts(homes, 0, homes + 1)
    now[..., 1] = np.arange(homes + 1)[:, np.newaxis]
    found = judge(now, alike)
    quiet, wild = found.quiet.tolist(), found.wild.tolist()
    assert quiet == sorted(quiet, reverse=True)
    assert wild == sorted(wild)
    assert not any(q and w for q, w in zip(quiet, wild, strict=True))


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_a_group_is_judged_alone_to_the_last_bit(seed: int, chosen: int) -> None:
    dice = np.random.default_rng(seed)
    past = a_past(30, 0.5, seed, swing=0.1, groups=7)
    past[dice.random(past.shape[:3]) < 0.1] = 0.0
    now = counts(30, 0, 7)
    now[..., 1] = dice.integers(0, 30, (7, 1))
    rows = np.sort(dice.permutation(7)[:chosen])
    whole, part = CAUSE.learn(past, weekends()), CAUSE.learn(past[rows], weekends())
    for name in ("share", "spread", "days"):
        assert np.array_equal(getattr(whole, name)[rows], getattr(part, name), equal_nan=True)
    all_, some = judge(now, whole, 7), judge(now[rows], part, 7)
    for name in Verdict.__dataclass_fields__:
        assert np.array_equal(getattr(all_, name)[rows], getattr(some, name), equal_nan=True), name


def test_a_thousand_days_of_homes_by_themselves_raise_nothing() -> None:
    dice = np.random.default_rng(3)
    by_hour = np.clip(0.35 + 0.3 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi), 0.03, 0.9)
    drawn = np.empty((1, 1_000 + DAYS, 24, len(WINDOWS), 2))
    drawn[..., 0] = 40
    mood = np.clip(1 + 0.1 * dice.standard_normal((1, 1_000 + DAYS, 1, 1)), 0.5, 1.5)
    drawn[..., 1] = dice.binomial(40, np.clip(mood * by_hour[:, None], 0.01, 0.97), drawn.shape[:4])
    weekend = np.arange(1_000 + DAYS) % 7 >= 5
    fired, habits = 0, CAUSE.learn(drawn[:, :DAYS], weekend[:DAYS])
    for day in range(DAYS, 1_000 + DAYS):
        if day % 7 == 0:
            habits = CAUSE.learn(drawn[:, day - DAYS : day], weekend[day - DAYS : day])
        for hour in range(24):
            verdict = CAUSE.judge(
                drawn[:, day, hour], habits, weekend=bool(weekend[day]), hour=hour, groups=1
            )
            fired += int(verdict.quiet[0] or verdict.wild[0])
    assert fired <= 1


@pytest.mark.parametrize("name", ["use_litres", "false_alarms_per_year", "quiet_share"])
def test_a_parameter_that_cannot_be_meant_is_refused(name: str) -> None:
    for value in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"{name}: must be positive"):
            Cause(**{name: value})


# What each home did lately


def window(litres: list[float], hours: float = 1.0, resolution: float = 1.0) -> UsageWindow:
    """One home whose intervals of one length end at the newest reading, at hour 100."""
    count = len(litres)
    ends = one(*(3_600 * (100.0 - hours * back) for back in reversed(range(count))))
    lengths, row = np.full(count, hours), one(*litres)
    return UsageWindow((1,), ends[None], lengths[None], row[None], one(-np.inf), one(resolution))


def recent(usage: UsageWindow, base: float = 0.0) -> tuple[list[bool], list[bool]]:
    judged, used = CAUSE.recent(usage, one(base))
    return judged[0].tolist(), used[0].tolist()


def test_a_use_counts_in_every_window_that_reaches_back_to_it() -> None:
    assert recent(window([0.0] * 9 + [5.0, 0.0, 0.0])) == ([True] * 4, [False, False, True, True])
    assert recent(window([0.0] * 11 + [5.0])) == ([True] * 4, [True] * 4)
    assert recent(window([0.0] * 12)) == ([True] * 4, [False] * 4)


def test_an_hour_that_is_not_known_leaves_the_windows_that_hold_it_unjudged() -> None:
    judged, used = recent(window([0.0] * 8 + [np.nan, 0.0, 5.0]))
    assert judged == [True, True, False, False]
    assert used == [True, True, False, False]


def test_a_record_that_has_only_begun_is_not_judged_further_back_than_it_goes() -> None:
    assert recent(window([5.0, 0.0]))[0] == [True, True, False, False]


def test_a_leak_is_no_use_and_a_coarse_register_uses_by_its_steps() -> None:
    assert recent(window([8.0] * 12), base=8.0)[1] == [False] * 4
    assert recent(window([8.0] * 12))[1] == [True] * 4
    assert recent(window([5.0] * 12, resolution=10.0))[1] == [False] * 4


def test_meters_that_report_every_quarter_of_an_hour_or_only_every_six_hours_are_judged() -> None:
    quarters = window([0.0] * 40 + [4.0] + [0.0] * 4, hours=0.25)
    assert recent(quarters) == ([True] * 4, [False, True, True, True])
    assert recent(window([4.0, 0.0, 0.0], hours=6.0)) == ([True] * 4, [False] * 4)
