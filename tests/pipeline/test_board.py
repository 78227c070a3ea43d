"""The board: however readings come, it shows what the database knows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from meterwatch.domain.household import DeviceKind, Swap
from meterwatch.domain.register import Oddity
from meterwatch.domain.signal import SilenceRule
from meterwatch.domain.usage import UsageWindow
from meterwatch.pipeline.board import HORIZON, Board
from meterwatch.store import Store
from meterwatch.store.homes import Watched
from meterwatch.store.tables.telemetry import readings
from meterwatch.store.telemetry import Row
from tests.pipeline.streams import HOUR, START, Trouble, a_swap, arrivals, cut, watched

chances = st.sampled_from([0.0, 0.02, 0.2, 0.7])
troubles = st.builds(Trouble, *[chances] * 10)
examples = count(1)
# A seed does not shrink to anything simpler, it only takes minutes.
NO_SHRINKING = tuple(phase for phase in Phase if phase not in {Phase.shrink, Phase.explain})
QUICKLY = settings(suppress_health_check=list(HealthCheck), deadline=None, phases=NO_SHRINKING)


def take(store: Store, board: Board, batch: Sequence[Row]) -> None:
    """Do what the meters role does with a batch."""
    store.telemetry.add(batch)
    odd = board.apply(batch).odd_devices
    if odd:
        store.telemetry.put_aside(board.rebuild(store.telemetry, odd, batch[-1][2]))


def rebuilt(store: Store, meters: Sequence[Watched], swaps: Sequence[Swap], heard: int) -> Board:
    board = Board(meters, swaps)
    store.telemetry.put_aside(board.rebuild(store.telemetry, None, heard))
    return board


def window(board: Board) -> UsageWindow:
    return board.window(board.homes, {})


def assert_same(one: UsageWindow, other: UsageWindow) -> None:
    np.testing.assert_array_equal(one.ends_at, other.ends_at)
    np.testing.assert_array_equal(one.hours, other.hours)
    np.testing.assert_allclose(one.litres, other.litres, atol=1e-6)


def litres_of(board: Board, home: int = 1) -> list[float]:
    """The litres of the intervals that are there, unknown ones as NaN."""
    usage = board.window([home], {})
    there = np.isfinite(usage.ends_at[0])
    found: list[float] = usage.litres[0][there].tolist()
    return found


def hourly(*litres: float, device: int = 1, first: int = 0) -> list[Row]:
    times = [START + HOUR * (first + number) for number in range(len(litres))]
    return [(device, at, at + 3, shown) for at, shown in zip(times, litres, strict=True)]


def meter() -> Watched:
    return watched(1, 1)


# What an interval says


def test_readings_that_go_on_become_intervals_with_their_litres(sqlite_store: Store) -> None:
    board = Board([meter()])
    applied = board.apply(hourly(100, 104, 104, 111))
    assert applied.homes == {1}
    assert applied.odd_devices == frozenset()
    assert litres_of(board) == [4, 0, 7]
    usage = board.window([1], {})
    assert usage.as_of[0] == START + 3 * HOUR
    assert usage.hours[0, -3:].tolist() == [1, 1, 1]


def test_a_register_that_moved_across_a_gap_hides_when(sqlite_store: Store) -> None:
    board = Board([meter()])
    board.apply([*hourly(100, 104), *hourly(150, 152, first=6)])
    np.testing.assert_array_equal(litres_of(board), [4, np.nan, 2])


def test_a_register_that_stood_still_across_a_gap_is_a_known_zero(sqlite_store: Store) -> None:
    board = Board([meter()])
    board.apply([*hourly(100, 104), *hourly(104, 106, first=6)])
    assert litres_of(board) == [4, 0, 2]
    assert board.window([1], {}).hours[0, -2] == 5


def test_one_missing_report_is_a_gap_and_a_little_delay_is_none(sqlite_store: Store) -> None:
    board = Board([meter()])
    late = (1, START + int(1.5 * HOUR), START + 2 * HOUR, 104.0)
    board.apply([*hourly(100), late])
    assert litres_of(board) == [4]
    board.apply(hourly(110, first=4))
    np.testing.assert_array_equal(litres_of(board), [4, np.nan])


def test_readings_far_too_often_are_taken_together(sqlite_store: Store) -> None:
    board = Board([meter()])
    often = [(1, START + 60 * minute, START + 60 * minute, 100.0 + minute) for minute in range(181)]
    take(sqlite_store, board, often)
    usage = board.window([1], {})
    there = np.isfinite(usage.ends_at[0])
    assert there.sum() < 12
    begins = usage.ends_at[0][there][0] - HOUR * usage.hours[0][there][0]
    assert usage.litres[0][there].sum() == (usage.as_of[0] - begins) / 60
    assert usage.as_of[0] == START + 3 * HOUR


def test_what_is_older_than_the_window_is_not_in_it(sqlite_store: Store) -> None:
    board = Board([meter()])
    board.apply(hourly(*range(200)))
    usage = board.window([1], {})
    first = np.nanmin(usage.ends_at)
    assert first > usage.as_of[0] - HORIZON
    assert np.isfinite(usage.ends_at).sum() == HORIZON / HOUR


def test_a_home_without_readings_is_unknown_and_not_dry(sqlite_store: Store) -> None:
    usage = Board([meter()]).window([1], {})
    assert np.isnan(usage.litres).all()
    assert np.isnan(usage.as_of).all()


def test_a_board_without_meters_gives_an_empty_window() -> None:
    board = Board([])
    assert board.homes == ()
    assert board.apply(hourly(1, 2)).homes == frozenset()
    assert board.window([], {}).homes == ()
    assert board.silent(datetime.fromtimestamp(START, UTC), SilenceRule()).tolist() == []


def test_buttons_and_unknown_meters_have_no_place_on_it(sqlite_store: Store) -> None:
    button = replace(meter().device, id=9, household_id=9, kind=DeviceKind.BUTTON)
    board = Board([meter(), replace(meter(), device=button)])
    assert board.homes == (1,)
    assert board.apply(hourly(5, device=9) + hourly(5, device=77)).homes == frozenset()


# What goes wrong


def test_a_batch_applied_twice_changes_nothing(sqlite_store: Store) -> None:
    board = Board([meter()])
    batch = hourly(100, 104, 90, 104, 111)
    take(sqlite_store, board, batch)
    before = window(board)
    take(sqlite_store, board, batch)
    assert_same(window(board), before)
    assert board.apply(hourly(100, 104)).homes == frozenset()


def test_a_late_day_takes_its_place_in_time(sqlite_store: Store) -> None:
    board = Board([meter()])
    day = hourly(*range(100, 130))
    take(sqlite_store, board, [day[0], day[-1]])
    np.testing.assert_array_equal(litres_of(board), [np.nan])
    late = [(1, at, START + 30 * HOUR, litres) for _, at, _, litres in reversed(day[1:-1])]
    take(sqlite_store, board, late)
    assert litres_of(board) == [1] * 29


def test_a_stale_reading_is_put_aside_in_the_database_and_counts_nowhere(
    sqlite_store: Store,
) -> None:
    board = Board([meter()])
    take(sqlite_store, board, hourly(100, 104, 60, 106))
    np.testing.assert_array_equal(litres_of(board), [4, np.nan])
    assert sqlite_store.telemetry.series([1], HORIZON, 2 * START).odd.tolist() == [0, 0, 1, 0]


def test_what_counts_after_all_is_marked_sound_again(sqlite_store: Store) -> None:
    board = Board([meter()])
    take(sqlite_store, board, hourly(100, 104, 3, 5))
    assert sqlite_store.telemetry.series([1], HORIZON, 2 * START).odd.tolist() == [0, 0, 1, 1]
    take(sqlite_store, board, hourly(9, first=4))
    assert why_odd(sqlite_store) == ["", "", Oddity.NEW_LEVEL, "", ""]
    np.testing.assert_array_equal(litres_of(board), [4, np.nan, 2, 4])


def why_odd(store: Store) -> list[str]:
    with store.view() as view:
        query = readings.select().order_by(readings.c.device_id, readings.c.measured_at)
        return [row["odd"] for row in view.telemetry.execute(query).mappings()]


def test_a_new_level_among_readings_taken_together_hides_its_step(sqlite_store: Store) -> None:
    """The reading that begins the level is one of those that others stand for."""
    often = [4_200, *range(4_500, 10_000, 300)]
    shown = [511.0, *(3.0 + number for number in range(len(often)))]
    rows = [*hourly(500, 510)]
    rows += [(1, START + at, START + at, litres) for at, litres in zip(often, shown, strict=False)]
    one_by_one, at_once = Board([meter()]), Board([meter()])
    for row in rows:
        take(sqlite_store, one_by_one, [row])
    at_once.rebuild(sqlite_store.telemetry, None, rows[-1][2])
    assert_same(window(one_by_one), window(at_once))
    usage = window(at_once)
    ends, begins = usage.ends_at, usage.ends_at - HOUR * usage.hours
    across = (begins < START + 4_500) & (ends >= START + 4_500)
    assert across.any()
    assert np.isnan(usage.litres[across]).all()


def test_a_declared_swap_goes_on_and_loses_no_water(sqlite_store: Store) -> None:
    swap = Swap(1, datetime.fromtimestamp(START + 5_400, UTC), 514.0, 0.0)
    board = Board([meter()], [swap])
    take(sqlite_store, board, hourly(500, 510, 3, 8))
    assert litres_of(board) == [10, 7, 5]


# Several meters of one home


def test_a_home_draws_what_all_its_meters_draw(sqlite_store: Store) -> None:
    board = Board([watched(1, 1), watched(2, 1)])
    board.apply([*hourly(100, 104, 104), *hourly(900, 901, 907, device=2)])
    assert litres_of(board) == [5, 6]


def test_while_one_meter_of_a_home_is_silent_its_use_is_unknown(sqlite_store: Store) -> None:
    board = Board([watched(1, 1), watched(2, 1)])
    board.apply([*hourly(100, 104, 104, 104, 104), *hourly(900, 901, device=2)])
    np.testing.assert_array_equal(litres_of(board), [5, 0, np.nan, np.nan])


def test_a_meter_that_never_spoke_leaves_its_home_unknown(sqlite_store: Store) -> None:
    board = Board([watched(1, 1), watched(2, 1)])
    board.apply(hourly(100, 104, 104))
    assert np.isnan(litres_of(board)).all()


# Punctuality


def test_a_meter_is_silent_after_its_time_and_not_before(sqlite_store: Store) -> None:
    rule = SilenceRule(at_least=timedelta(hours=6))
    board = Board([meter(), watched(2, 2, interval=24 * 60)])
    board.apply([*hourly(100), *hourly(7, device=2)])

    def silent(hours: float) -> list[int]:
        rows = board.silent(datetime.fromtimestamp(START + hours * HOUR, UTC), rule)
        return [board.heartbeat(row).device_id for row in rows]

    assert silent(5.9) == []
    assert silent(6) == [1]
    assert silent(72) == [1, 2]


def test_a_late_reading_makes_a_silent_meter_no_younger_than_it_is(sqlite_store: Store) -> None:
    board = Board([meter()])
    take(sqlite_store, board, hourly(100, 101, 102))
    take(sqlite_store, board, [(1, START + 1_800, START + 99 * HOUR, 100.0)])
    assert board.heartbeat(0).last_heard == datetime.fromtimestamp(START + 2 * HOUR, UTC)


def test_a_meter_silent_for_a_month_is_remembered_across_a_restart(sqlite_store: Store) -> None:
    take(sqlite_store, Board([meter()]), hourly(100, 101))
    board = rebuilt(sqlite_store, [meter()], (), START + 30 * 24 * HOUR)
    assert board.heartbeat(0).last_heard == datetime.fromtimestamp(START + HOUR, UTC)


def test_a_meter_that_went_mad_is_known_as_far_back_after_a_restart(sqlite_store: Store) -> None:
    board = Board([meter()])
    take(sqlite_store, board, hourly(*range(150)))
    for hour in range(150, 170):
        take(sqlite_store, board, hourly(90_000.0 * (1 + hour % 3), first=hour))
    assert_same(window(board), window(rebuilt(sqlite_store, [meter()], (), START + 171 * HOUR)))
    assert window(board).as_of[0] == START + 149 * HOUR


# Laws


@settings(QUICKLY, max_examples=25)
@given(
    hours=st.sampled_from([30, 30, 30, 150]),
    seed=st.integers(0, 10**9),
    trouble=troubles,
    swapped=st.booleans(),
)
def test_after_any_batches_the_board_shows_what_a_rebuild_shows(
    sqlite_store: Store, hours: int, seed: int, trouble: Trouble, swapped: bool
) -> None:
    dice, base = Random(seed), 10 * next(examples)
    meters = [watched(base + 1, 1), watched(base + 2, 2, interval=30), watched(base + 3, 2)]
    swaps = [a_swap(dice, base + 1, hours)] if swapped else []
    rows = arrivals(dice, [one.device for one in meters], hours, trouble)
    board = Board(meters, swaps)
    for batch in cut(dice, rows):
        take(sqlite_store, board, batch)
        if dice.random() < 0.1:  # restarted in the middle
            board = rebuilt(sqlite_store, meters, swaps, batch[-1][2])
    heard = rows[-1][2] if rows else START
    assert_same(window(board), window(rebuilt(sqlite_store, meters, swaps, heard)))


@settings(QUICKLY, max_examples=20)
@given(seed=st.integers(0, 10**9), trouble=troubles)
def test_how_readings_are_cut_into_batches_does_not_matter(
    sqlite_store: Store, seed: int, trouble: Trouble
) -> None:
    dice, windows = Random(seed), []
    shape = [watched(1, 1), watched(2, 2, interval=15)]
    rows = arrivals(dice, [one.device for one in shape], 40, trouble)
    for _ in range(2):
        base = 10 * next(examples)
        meters = [
            replace(one, device=replace(one.device, id=base + one.device.id)) for one in shape
        ]
        board = Board(meters)
        for batch in cut(dice, [(base + row[0], *row[1:]) for row in rows]):
            take(sqlite_store, board, batch)
        windows.append(window(board))
    assert_same(*windows)
