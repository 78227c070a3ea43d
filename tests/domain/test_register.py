"""Each written rule about a meter's readings, in the order of the rules."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.household import Device, DeviceKind, Swap
from meterwatch.domain.register import Judged, Oddity, judge, possible_litres
from tests.domain.naive_register import clerk

START = datetime(2026, 3, 2, tzinfo=UTC)
METER = Device(1, 1, DeviceKind.METER, "m1")
ROLLING = Device(1, 1, DeviceKind.METER, "m1", rollover_litres=10_000.0)
Readings = Sequence[tuple[float, float]]


def hourly(*litres: float, first: float = 0.0, step: float = 1.0) -> list[tuple[float, float]]:
    """Registers read an hour apart: (hours since the start, litres)."""
    return [(first + step * number, shown) for number, shown in enumerate(litres)]


def judged(readings: Readings, device: Device = METER, swaps: Sequence[Swap] = ()) -> Judged:
    at = np.array([START.timestamp() + 3600.0 * hour for hour, _ in readings])
    return judge(at, np.array([litres for _, litres in readings]), device, swaps)


def totals(found: Judged) -> list[float]:
    counted: list[float] = found.total.tolist()
    return counted


def swap_at(hour: float, old: float, new: float) -> Swap:
    return Swap(1, START + timedelta(hours=hour), old, new)


def test_readings_that_go_up_count_as_they_are() -> None:
    found = judged(hourly(500, 510, 510, 523))
    assert totals(found) == [0, 10, 10, 23]
    assert found.odd == []


def test_no_reading_and_one_reading_are_judged_too() -> None:
    assert totals(judged([])) == []
    assert totals(judged(hourly(77))) == [0]


def test_a_late_day_of_hourly_values_in_any_order_counts_as_if_it_had_been_on_time() -> None:
    day = hourly(*range(100, 123))
    shuffled = list(day)
    Random(7).shuffle(shuffled)
    assert totals(judged(sorted(shuffled))) == totals(judged(day)) == list(range(23))


def test_a_step_back_is_put_aside_and_never_counts() -> None:
    found = judged(hourly(500, 400, 510))
    assert found.odd == [(1, Oddity.STEP_BACK)]
    assert totals(found) == [0, 10]
    assert found.kept.tolist() == [0, 2]


def test_stale_readings_between_good_ones_are_put_aside_however_many() -> None:
    found = judged(hourly(500, 120, 501, 120, 502, 120, 503, 120, 504))
    assert [why for _, why in found.odd] == [Oddity.STEP_BACK] * 4
    assert totals(found) == [0, 1, 2, 3, 4]


def test_two_meters_under_one_address_never_become_a_level_of_their_own() -> None:
    found = judged(hourly(500, 90_000, 501, 90_001, 502, 90_002, 503))
    assert totals(found) == [0, 1, 2, 3]
    assert [why for _, why in found.odd] == [Oddity.JUMP] * 3


def test_a_register_that_starts_again_at_its_top_has_rolled_over() -> None:
    found = judged(hourly(9_980, 9_995, 10, 30), ROLLING)
    assert totals(found) == [0, 15, 30, 50]
    assert found.odd == []


def test_a_step_down_far_from_the_top_is_no_rollover() -> None:
    found = judged(hourly(8_000, 8_010, 10, 8_020), ROLLING)
    assert found.odd == [(2, Oddity.STEP_BACK)]


def test_a_step_down_to_far_above_zero_is_no_rollover() -> None:
    assert judged(hourly(9_990, 5_000), ROLLING).odd == [(1, Oddity.STEP_BACK)]


def test_a_register_above_its_stated_top_does_not_roll_over() -> None:
    assert judged(hourly(9_000, 10_001, 0), ROLLING).odd == [(2, Oddity.STEP_BACK)]


def test_a_meter_without_a_known_top_never_rolls_over() -> None:
    assert judged(hourly(9_995, 10)).odd == [(1, Oddity.STEP_BACK)]


def test_a_rollover_that_the_pipe_cannot_deliver_is_a_jump() -> None:
    thin = Device(1, 1, DeviceKind.METER, "m1", rollover_litres=1e6, max_flow_litres_per_hour=100)
    assert judged(hourly(900_000, 100_000), thin).odd == [(1, Oddity.JUMP)]


def test_a_declared_swap_goes_on_where_the_old_meter_ended() -> None:
    found = judged(hourly(500, 510, 3, 8), swaps=[swap_at(1.5, 514, 0)])
    assert totals(found) == [0, 10, 17, 22]
    assert found.odd == []


def test_a_swap_to_a_meter_that_shows_more_is_no_jump() -> None:
    found = judged(hourly(500, 90_003), swaps=[swap_at(0.5, 502, 90_000)])
    assert totals(found) == [0, 5]


def test_a_swap_at_the_very_instant_of_a_reading_belongs_to_the_new_meter() -> None:
    found = judged(hourly(500, 0, 4), swaps=[swap_at(1.0, 505, 0)])
    assert totals(found) == [0, 5, 9]


def test_a_window_that_begins_with_the_new_meters_first_reading_counts_nothing_of_the_old() -> None:
    found = judged(hourly(0, 4), swaps=[swap_at(0.0, 505, 0)])
    assert totals(found) == [0, 4]


def test_a_swap_before_the_window_changes_nothing_in_it() -> None:
    readings = hourly(500, 510, 400, 523)
    with_swap = judged(readings, swaps=[swap_at(-5.0, 9_000, 100)])
    assert totals(with_swap) == totals(judged(readings))


def test_two_swaps_between_two_readings_both_count() -> None:
    # 4 L on the first meter, 20 on the second (20 to 40), 3 on the third (30 to 33).
    found = judged(hourly(500, 33), swaps=[swap_at(0.5, 40, 30), swap_at(0.2, 504, 20)])
    assert totals(found) == [0, 27]


def test_of_two_declarations_of_one_exchange_the_last_one_stands() -> None:
    mistyped, right = swap_at(1.5, 5_140, 0), swap_at(1.5, 514, 0)
    assert totals(judged(hourly(500, 510, 3), swaps=[mistyped, right])) == [0, 10, 17]


def test_a_final_reading_below_what_was_read_already_draws_no_water_back() -> None:
    found = judged(hourly(500, 510, 3), swaps=[swap_at(1.5, 505, 0)])
    assert totals(found) == [0, 10, 13]


def test_more_than_the_pipe_can_deliver_is_put_aside() -> None:
    found = judged(hourly(500, 4_000, 505))
    assert found.odd == [(1, Oddity.JUMP)]
    assert totals(found) == [0, 5]


def test_what_the_pipe_can_just_deliver_counts() -> None:
    most = possible_litres(METER, 3600)
    assert totals(judged(hourly(0, most))) == [0, most]
    assert judged(hourly(0, most + 1)).odd == [(1, Oddity.JUMP)]


def test_a_long_gap_allows_more_than_a_short_one() -> None:
    assert judged([(0, 500), (10, 20_500)]).odd == []


def test_three_readings_that_agree_for_an_hour_are_a_new_level_and_its_step_never_counts() -> None:
    found = judged(hourly(500, 510, 3, 5, 9, 11))
    assert found.odd == [(2, Oddity.NEW_LEVEL)]
    assert found.kept.tolist() == [0, 1, 2, 3, 4, 5]
    assert totals(found) == [0, 10, 10, 12, 16, 18]
    assert found.fresh_level.tolist() == [False, False, True, False, False, False]


def test_three_readings_within_an_hour_are_not_yet_a_level() -> None:
    readings = [(0, 500), (1, 510), *hourly(3, 4, 5, first=1.2, step=0.2)]
    assert [why for _, why in judged(readings).odd] == [Oddity.STEP_BACK] * 3
    hour_later = [*readings, (2.3, 6)]
    assert judged(hour_later).odd == [(2, Oddity.NEW_LEVEL)]


def test_two_readings_that_agree_are_not_a_level() -> None:
    assert [why for _, why in judged(hourly(500, 3, 5)).odd] == [Oddity.STEP_BACK] * 2


def test_readings_put_aside_that_disagree_begin_again() -> None:
    found = judged(hourly(500, 3, 90_000, 4, 5))
    assert [index for index, _ in found.odd] == [1, 2, 3, 4]
    found = judged(hourly(500, 3, 90_000, 4, 5, 6))
    assert found.odd[-1] == (3, Oddity.NEW_LEVEL)
    assert [index for index, _ in found.odd] == [1, 2, 3]


def test_a_wild_first_reading_is_outvoted_by_those_that_follow() -> None:
    found = judged(hourly(900_000, 500, 510, 520, 530))
    assert found.odd == [(1, Oddity.NEW_LEVEL)]
    assert totals(found)[-1] == 30


def test_readings_from_before_a_swap_do_not_vote_for_a_level_after_it() -> None:
    found = judged(hourly(500, 3, 4, 5), swaps=[swap_at(2.5, 510, 400)])
    assert [why for _, why in found.odd] == [Oddity.STEP_BACK] * 3


# Laws

instants = st.lists(st.integers(0, 400), min_size=1, max_size=25, unique=True).map(sorted)
registers = st.one_of(
    st.integers(0, 60), st.integers(980, 1_000), st.integers(0, 1_000), st.integers(0, 10**6)
)
devices = st.builds(
    Device,
    st.just(1),
    st.just(1),
    st.just(DeviceKind.METER),
    st.just("m1"),
    st.sampled_from([1.0, 10.0]),
    rollover_litres=st.sampled_from([None, 1_000.0]),
    max_flow_litres_per_hour=st.sampled_from([60.0, 3_000.0]),
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[tuple[float, float]], Device, list[Swap]]:
    """Mostly a meter that counts up, with what goes wrong in between."""
    level, readings = draw(registers), []
    for quarter in draw(instants):
        level += draw(st.integers(0, 12))
        wild = draw(st.integers(0, 5)) == 0
        if draw(st.integers(0, 9)) == 0:
            level = draw(registers)
        readings.append((quarter / 4, float(draw(registers) if wild else level)))
    swaps = draw(
        st.lists(
            st.builds(swap_at, st.integers(-4, 110).map(float), registers, registers), max_size=2
        )
    )
    return readings, draw(devices), swaps


@given(stories())
def test_the_rules_agree_with_a_plain_loop(
    story: tuple[list[tuple[float, float]], Device, list[Swap]],
) -> None:
    readings, device, swaps = story
    found = judged(readings, device, swaps)
    book = clerk(
        [(START.timestamp() + 3600 * hour, shown) for hour, shown in readings], device, swaps
    )
    assert found.kept.tolist() == [index for index, _, _ in book.counted]
    assert found.total.tolist() == pytest.approx([total for _, total, _ in book.counted])
    assert found.fresh_level.tolist() == [fresh for _, _, fresh in book.counted]
    assert dict(found.odd) == book.odd


@given(stories())
def test_totals_never_fall_and_readings_keep_their_order(
    story: tuple[list[tuple[float, float]], Device, list[Swap]],
) -> None:
    readings, device, swaps = story
    found = judged(readings, device, swaps)
    assert (np.diff(found.total) >= 0).all()
    assert (np.diff(found.kept) > 0).all()
    assert len(found.kept) == len(found.total) == len(found.fresh_level)


@given(stories())
def test_every_reading_counts_or_is_put_aside_or_begins_a_level(
    story: tuple[list[tuple[float, float]], Device, list[Swap]],
) -> None:
    readings, device, swaps = story
    found = judged(readings, device, swaps)
    aside = {index for index, why in found.odd if why is not Oddity.NEW_LEVEL}
    assert aside.isdisjoint(found.kept.tolist())
    assert aside | set(found.kept.tolist()) == set(range(len(readings)))


@given(stories())
def test_no_more_water_counts_than_the_pipe_and_the_swaps_can_have_delivered(
    story: tuple[list[tuple[float, float]], Device, list[Swap]],
) -> None:
    readings, device, swaps = story
    if swaps:
        return
    found = judged(readings, device)
    hours = np.array([readings[index][0] for index in found.kept])
    most = device.max_flow_litres_per_hour * np.diff(hours) + device.resolution_litres
    assert (np.diff(found.total) <= most + 1e-6).all()


@given(stories())
def test_the_quick_way_and_the_slow_way_are_one_way(
    story: tuple[list[tuple[float, float]], Device, list[Swap]],
) -> None:
    readings, device, _ = story
    quick = judged(readings, device)
    slow = judged(readings, device, [swap_at(-9.0, 1, 1)])  # a swap before all makes it walk
    assert quick.kept.tolist() == slow.kept.tolist()
    assert quick.total.tolist() == pytest.approx(slow.total.tolist())
    assert quick.odd == slow.odd
