from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.simulators.habits import Floats, Ints, habits_of
from meterwatch.simulators.mishaps import (
    Away,
    Fall,
    FlatBattery,
    HomeMishap,
    Ill,
    MeterSwap,
    OpenTap,
    SlowLeak,
    Visitors,
    flow,
)
from meterwatch.simulators.personas import USUAL
from meterwatch.simulators.register import register_with, still_spans

START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS: Floats = np.array([START.timestamp() + 3_600.0 * hour for hour in range(97)])


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def steady(at: Floats) -> Ints:
    """Ten litres an hour, for counting by hand."""
    return np.floor((at - START.timestamp()) / 3_600 * 10_000).astype(np.int64)


def litres(*mishaps: HomeMishap) -> list[float]:
    """Litres of each hour of the steady home."""
    used: list[float] = (np.diff(register_with(steady, mishaps, HOURS)) / 1_000).tolist()
    return used


def test_after_a_fall_nothing_is_used_until_help_comes() -> None:
    used = litres(Fall(home=1, since=after(5), until=after(30)))
    assert used[:5] == [10.0] * 5
    assert used[5:30] == [0.0] * 25
    assert used[30:] == [10.0] * 66


def test_a_fall_without_help_stops_use_for_good() -> None:
    assert litres(Fall(home=1, since=after(5)))[5:] == [0.0] * 91


def test_a_fall_during_a_holiday_counts_the_lost_hours_once() -> None:
    used = litres(
        Away(home=1, since=after(5), until=after(20)),
        Fall(home=1, since=after(10), until=after(30)),
    )
    assert used[5:30] == [0.0] * 25
    assert used[30] == 10.0


def test_a_tap_left_open_runs_on_while_somebody_lies_on_the_floor() -> None:
    used = litres(
        Fall(home=1, since=after(5)),
        OpenTap(home=1, since=after(5), until=after(9), litres_per_hour=60),
    )
    assert used[5:10] == [60.0, 60.0, 60.0, 60.0, 0.0]


def test_a_slow_leak_adds_to_every_hour() -> None:
    assert set(litres(SlowLeak(home=1, since=START, litres_per_hour=4))) == {14.0}


def test_what_runs_is_named_only_while_it_runs() -> None:
    going = [
        OpenTap(home=1, since=after(1), until=after(2), litres_per_hour=60),
        SlowLeak(home=1, since=after(0), litres_per_hour=4),
        Fall(home=1, since=after(0)),
    ]
    assert [flow(going, after(hours)) for hours in (0, 1, 2)] == [4, 64, 4]


def test_a_swapped_meter_begins_at_its_own_register() -> None:
    swap = MeterSwap(home=1, since=after(10), new_start_litres=2)
    shown = register_with(steady, [swap], HOURS) / 1_000
    assert shown[9:12].tolist() == [90.0, 2.0, 12.0]


def test_a_meter_may_be_swapped_twice() -> None:
    swaps = [MeterSwap(home=1, since=after(20)), MeterSwap(home=1, since=after(10))]
    shown = register_with(steady, swaps, HOURS) / 1_000
    assert shown[[10, 19, 20, 21]].tolist() == [2.0, 92.0, 2.0, 12.0]


def test_a_flat_battery_speaks_for_a_day_and_then_is_silent_until_it_is_changed() -> None:
    battery = FlatBattery(home=1, since=after(0), until=after(48))
    assert [battery.silent_at(after(h)) for h in (-1, 1, 25, 48)] == [False, False, True, False]


spells = st.tuples(st.integers(0, 90), st.none() | st.integers(0, 40))
kinds = st.sampled_from((Fall, Away, Ill, Visitors, OpenTap, SlowLeak))


@given(st.lists(st.tuples(kinds, spells), max_size=6), st.integers(1, 50))
def test_no_mishap_but_a_swap_makes_a_register_step_back(
    given_mishaps: list[tuple[type[HomeMishap], tuple[int, int | None]]], home: int
) -> None:
    mishaps = [
        kind(home=home, since=after(begin), until=None if long is None else after(begin + long))
        for kind, (begin, long) in given_mishaps
    ]
    habits = habits_of(1, home, USUAL)
    assert (np.diff(register_with(habits.millilitres, mishaps, HOURS).astype(float)) >= 0).all()


@given(st.lists(spells, max_size=8))
def test_still_spans_do_not_overlap_and_cover_every_still_moment(
    given_spells: list[tuple[int, int | None]],
) -> None:
    falls = [
        Fall(home=1, since=after(begin), until=None if long is None else after(begin + long))
        for begin, long in given_spells
    ]
    spans = still_spans(falls)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
    for hour in range(100):
        moment = after(hour + 0.5)
        covered = any(start <= moment.timestamp() < end for start, end in spans)
        assert covered == any(fall.lasts_at(moment) for fall in falls)


def test_an_open_end_is_infinite() -> None:
    assert Fall(home=1, since=START).span == (START.timestamp(), np.inf)
