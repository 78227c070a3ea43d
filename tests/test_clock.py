"""Clocks: each tells aware UTC, and moves only as it is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.clock import (
    LONGEST_JUMP,
    Clock,
    DataClock,
    HandClock,
    MovedClock,
    StoredClock,
    SystemClock,
    machine_now,
    machine_seconds,
)

DAWN = datetime(2026, 3, 1, 6, 40, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "clock",
    [
        SystemClock(),
        HandClock(DAWN.astimezone(timezone(8 * HOUR))),
        MovedClock(HOUR),
        DataClock(DAWN.astimezone(timezone(8 * HOUR))),
        StoredClock(lambda: DAWN.astimezone(timezone(8 * HOUR)), SystemClock()),
    ],
    ids=lambda clock: type(clock).__name__,
)
def test_every_clock_tells_aware_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_machine_time_does_not_run_backwards() -> None:
    first, second = machine_seconds(), machine_seconds()
    assert first <= second
    assert SystemClock().now() >= machine_now() - HOUR


def test_a_hand_clock_stands_until_it_is_moved() -> None:
    clock = HandClock(DAWN)
    assert clock.now() == clock.now() == DAWN
    assert clock.advance(HOUR) == clock.now() == DAWN + HOUR
    clock.set(DAWN - HOUR)
    assert clock.now() == DAWN - HOUR


def test_a_moved_clock_is_ahead_of_the_machine_by_its_offset() -> None:
    machine = HandClock(DAWN)
    clock = MovedClock(HOUR, machine.now)
    assert clock.now() == DAWN + HOUR
    machine.advance(timedelta(minutes=5))
    assert clock.advance(8 * HOUR) == DAWN + 9 * HOUR + timedelta(minutes=5)
    assert clock.offset == 9 * HOUR


def test_a_moved_clock_refuses_a_step_back() -> None:
    with pytest.raises(ValueError, match="only moves ahead"):
        MovedClock().advance(-HOUR)


def test_no_step_of_a_moved_clock_is_lost_between_threads() -> None:
    clock = MovedClock(machine=HandClock(DAWN).now)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: clock.advance(HOUR), range(400)))
    assert clock.offset == 400 * HOUR


def test_a_data_clock_stands_at_its_beginning_until_it_hears() -> None:
    assert DataClock(DAWN).now() == DAWN


@given(st.lists(st.integers(-40_000, 40_000), max_size=30))
def test_a_data_clock_is_the_running_maximum_of_what_it_heard(minutes: list[int]) -> None:
    clock, newest = DataClock(DAWN), DAWN
    for moment in (DAWN + timedelta(minutes=count) for count in minutes):
        newest = max(newest, moment)
        assert clock.hear(moment) == clock.now() == newest


def test_the_first_moment_a_data_clock_hears_may_lie_far_ahead() -> None:
    clock = DataClock(DAWN - timedelta(days=4_000))
    assert clock.hear(DAWN) == DAWN


def test_a_started_data_clock_refuses_a_jump_of_more_than_31_days_and_stays() -> None:
    clock = DataClock(DAWN, started=True)
    with pytest.raises(ValueError, match="more than 31 days"):
        clock.hear(DAWN + LONGEST_JUMP + timedelta(seconds=1))
    assert clock.now() == DAWN
    assert clock.hear(DAWN + LONGEST_JUMP) == DAWN + LONGEST_JUMP


def test_a_stored_clock_follows_what_is_stored_and_falls_back_until_then() -> None:
    stored: list[datetime | None] = [None]
    clock = StoredClock(lambda: stored[0], HandClock(DAWN))
    assert clock.now() == DAWN
    stored[0] = DAWN - 9 * HOUR
    assert clock.now() == DAWN - 9 * HOUR


@pytest.mark.parametrize("make", [HandClock, DataClock])
def test_a_moment_without_a_zone_is_refused(make: type[HandClock] | type[DataClock]) -> None:
    with pytest.raises(ValueError, match="with its zone"):
        make(DAWN.replace(tzinfo=None))
