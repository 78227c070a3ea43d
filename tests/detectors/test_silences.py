import math
from collections.abc import Iterator

import numpy as np
import pytest

from meterwatch.detectors.silences import HALF_LIFE_DAYS, Silences, count_days, with_recent
from meterwatch.detectors.stops import LONGEST, class_of_day
from meterwatch.domain.usage import Bools, Floats

MONDAY = 20_514  # 2026-03-02, in days since 1970-01-01
ONE = np.ones(1)
FIELDS = ("ended", "days", "seen", "next_day", "running", "tail")


def counted(
    litres: Floats, known: Bools | None = None, *, first_day: int = MONDAY, resolution: float = 1.0
) -> Silences:
    known = np.isfinite(litres) if known is None else known
    steps = np.full(len(litres), resolution)
    homes = tuple(range(len(litres)))
    return count_days(Silences.empty(homes), first_day, litres, known, 3.0, steps)


def days(*use_hours: int, count: int = 1) -> Floats:
    """One home with use at the same hours of each day."""
    hourly = np.zeros((1, count, 24))
    hourly[:, :, list(use_hours)] = 10.0
    flat: Floats = hourly.reshape(1, -1)
    return flat


def cells(silences: Silences, home: int = 0) -> dict[tuple[int, int, int], float]:
    """What was counted: class, hour and length, with how often."""
    where = np.argwhere(silences.ended[home] > 0)
    return {(int(c), int(h), int(k)): float(silences.ended[home, c, h, k]) for c, h, k in where}


def lived(seed: int, homes: int = 5, count: int = 40, unknown: float = 0.03) -> Floats:
    rng = np.random.default_rng(seed)
    hourly = np.where(rng.random((homes, count * 24)) < 0.2, rng.integers(1, 40, (1, 1)), 0.0)
    hourly = hourly + rng.choice([0.0, 0.0, 7.0], size=(homes, 1))
    for home in range(homes):
        start = int(rng.integers(0, count * 24 - 80))
        hourly[home, start : start + int(rng.integers(10, 80))] = 0.0
    hourly[rng.random(hourly.shape) < unknown] = np.nan
    with_holes: Floats = hourly
    return with_holes


def assert_same_bits(one: Silences, other: Silences) -> None:
    for name in FIELDS:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


def test_a_silence_is_counted_by_when_it_began_and_how_many_hours_it_lasted() -> None:
    assert cells(counted(days(7, 12, 19))) == {(0, 7, 4): 1.0, (0, 12, 6): 1.0}


def test_a_silence_over_midnight_counts_on_the_day_on_which_it_ends() -> None:
    two = counted(days(7, 19, count=2))
    assert cells(two)[0, 19, 11] == 1.0
    assert (0, 19, 11) not in cells(counted(days(7, 19)))


@pytest.mark.parametrize(("day", "expected"), [(0, 0), (3, 0), (4, 1), (5, 2), (6, 3), (7, 0)])
def test_the_class_is_that_of_the_day_on_which_it_began(day: int, expected: int) -> None:
    assert class_of_day(np.array([MONDAY + day])).tolist() == [expected]
    assert {c for c, _, _ in cells(counted(days(7, 12), first_day=MONDAY + day))} == {expected}


def test_counts_fade_by_half_in_the_half_life() -> None:
    once = counted(days(7, 12))
    nothing = np.full((1, int(HALF_LIFE_DAYS) * 24), np.nan)
    later = count_days(once, MONDAY + 1, nothing, np.isfinite(nothing), 3.0, ONE)
    assert later.ended[0, 0, 7, 4] == pytest.approx(0.5, rel=1e-4)
    assert later.days[0] == pytest.approx(0.5, rel=1e-4)
    assert later.seen[0] == 1.0


def test_what_has_faded_for_years_is_forgotten() -> None:
    once = counted(days(7, 12))
    nothing = np.full((1, 1_300 * 24), np.nan)
    later = count_days(once, MONDAY + 1, nothing, np.isfinite(nothing), 3.0, ONE)
    assert not later.ended.any()


def test_a_silence_is_counted_as_two_days_at_the_most() -> None:
    hourly = days(7, count=6)
    hourly[0, 8:120] = 0.0
    assert cells(counted(hourly)) == {(0, 7, LONGEST): 1.0}


def test_an_unknown_hour_ends_a_silence_and_none_begins_in_the_dark() -> None:
    hourly = days(7, 19)
    hourly[0, 12] = np.nan
    assert cells(counted(hourly)) == {(0, 7, 4): 1.0}


def test_hours_marked_as_away_are_unknown() -> None:
    known = np.ones((1, 24), dtype=np.bool_)
    known[0, 9:15] = False
    assert cells(counted(days(7, 12, 19), known)) == {(0, 7, 1): 1.0}


def test_a_day_left_out_ends_the_silence_that_was_running() -> None:
    first = counted(days(7, 19))
    later = days(7)
    third = count_days(first, MONDAY + 2, later, np.isfinite(later), 3.0, ONE)
    assert cells(third).keys() == {(0, 7, 11)}


def test_a_standing_leak_neither_hides_nor_makes_silences() -> None:
    dry, leaking = counted(days(7, 12, 19, count=5)), counted(days(7, 12, 19, count=5) + 6.0)
    later = {cell: count for cell, count in cells(leaking).items() if count > 1.5}
    assert later.keys() <= cells(dry).keys()
    assert leaking.ended[0, 0, 19, 11] == dry.ended[0, 0, 19, 11]


def test_on_a_coarse_register_one_step_is_a_use() -> None:
    hourly = days(7, 12)
    hourly[0, 9] = 5.0
    assert (0, 9, 2) in cells(counted(hourly))
    assert cells(counted(hourly, resolution=10.0)) == {(0, 7, 4): 1.0}


def test_all_zero_and_all_unknown_days_teach_no_silence() -> None:
    assert not counted(np.zeros((2, 96))).ended.any()
    unknown = counted(np.full((2, 96), np.nan))
    assert not unknown.ended.any()
    assert not unknown.seen.any()


@pytest.mark.parametrize("seed", range(6))
def test_days_counted_one_by_one_or_at_once_give_the_same_bits(seed: int) -> None:
    hourly = lived(seed)
    at_once = counted(hourly)
    state = Silences.empty(at_once.homes)
    for day in range(hourly.shape[1] // 24):
        part = hourly[:, day * 24 : (day + 1) * 24]
        state = count_days(state, MONDAY + day, part, np.isfinite(part), 3.0, np.ones(5))
    assert_same_bits(state, at_once)


@pytest.mark.parametrize("seed", range(4))
def test_each_home_is_counted_alone(seed: int) -> None:
    hourly = lived(seed)
    together = counted(hourly)
    for home in range(len(hourly)):
        alone = counted(hourly[home : home + 1])
        rows = together.take((0,), np.array([home]))
        assert_same_bits(alone, rows)


@pytest.mark.parametrize("seed", range(4))
def test_packing_keeps_every_bit_in_at_most_eight_thousand_bytes(seed: int) -> None:
    state = counted(lived(seed, count=200))
    blobs = state.pack()
    assert max(len(blob) for blob in blobs) <= 8_000
    assert_same_bits(Silences.unpack(state.homes, blobs), state)


def test_even_a_home_that_fills_every_cell_stays_within_its_bytes() -> None:
    state = Silences.empty((1,))
    state.ended[:] = np.random.default_rng(3).random(state.ended.shape, dtype=np.float32) + 1.0
    (blob,) = state.pack()
    assert len(blob) <= 8_000
    back = Silences.unpack((1,), [blob]).ended
    assert back[back > 0].min() >= np.median(state.ended)


@pytest.mark.parametrize("blob", [b"", b"\x00" * 900, b"\x02"])
def test_bytes_of_another_version_are_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match="version"):
        Silences.unpack((1,), [blob])


@pytest.mark.parametrize("shape", [(2, 24), (1, 23), (1, 0), (24,)])
def test_arrays_that_are_not_whole_days_of_these_homes_are_refused(shape: tuple[int, ...]) -> None:
    litres = np.zeros(shape)
    with pytest.raises(ValueError, match="count_days"):
        count_days(Silences.empty((1,)), MONDAY, litres, np.isfinite(litres), 3.0, ONE)


def test_a_day_is_not_counted_twice() -> None:
    hourly = days(7)
    with pytest.raises(ValueError, match="before"):
        count_days(counted(hourly), MONDAY, hourly, np.isfinite(hourly), 3.0, ONE)


@pytest.mark.parametrize("seed", range(6))
def test_unknown_hours_never_make_a_home_look_quieter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hourly = np.where(rng.random((4, 60 * 24)) < 0.15, 20.0, 0.0)
    hourly[:, -1] = 20.0  # no silence runs on beyond the record
    holes = np.where(rng.random(hourly.shape) < 0.05, np.nan, hourly)
    full, seen = counted(hourly).ended, counted(holes).ended
    lasted = np.cumsum(full[..., ::-1], axis=-1)
    lasted_seen = np.cumsum(seen[..., ::-1], axis=-1)
    assert (lasted_seen <= lasted + 1e-3).all()
    assert lasted_seen.sum() < lasted.sum()


def plain(hourly: Floats) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Give the day and cell of each silence of a home without a leak, hour by hour."""
    began, length = None, 0
    for at, litres in enumerate(hourly.tolist()):
        known = not math.isnan(litres)
        if known and litres < 3.0:
            length += 1
            continue
        if began is not None:
            weekday = (began // 24) % 7  # the record begins on a Monday
            yield at // 24, (max(weekday - 3, 0), began % 24, min(length, 48))
        began, length = (at, 0) if known else (None, 0)


@pytest.mark.parametrize("seed", range(6))
def test_counting_agrees_with_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hourly = np.where(rng.random((1, 50 * 24)) < 0.12, rng.integers(1, 40, (1, 50 * 24)), 0.0)
    hourly[rng.random(hourly.shape) < 0.02] = np.nan
    expected: dict[tuple[int, int, int], float] = {}
    for day, cell in plain(hourly[0]):
        expected[cell] = expected.get(cell, 0.0) + 0.5 ** ((49 - day) / HALF_LIFE_DAYS)
    assert cells(counted(hourly)) == pytest.approx(expected, rel=1e-3)


def test_recent_days_are_added_from_where_each_home_was_counted_to() -> None:
    hourly = lived(1, homes=2, count=10)
    steps = np.ones(2)
    first = counted(hourly[:1, : 6 * 24])
    second = counted(hourly[1:, : 8 * 24])
    apart = Silences.joined([first, second])
    past = hourly.reshape(2, 10, 24)[:, 3:]
    assert_same_bits(with_recent(apart, MONDAY + 3, past, 3.0, steps), counted(hourly))


def test_a_home_never_counted_is_known_from_its_recent_days() -> None:
    hourly = lived(2, homes=2, count=5)
    fresh = Silences.empty((0, 1))
    recent = with_recent(fresh, MONDAY, hourly.reshape(2, 5, 24), 3.0, np.ones(2))
    assert_same_bits(recent, counted(hourly))
    again = with_recent(recent, MONDAY, hourly.reshape(2, 5, 24), 3.0, np.ones(2))
    assert_same_bits(again, recent)
