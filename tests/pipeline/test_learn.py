"""The night's work: days rolled up, limits learnt from them, and nothing from absences."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.domain.household import Absence
from meterwatch.domain.notification import Reply
from meterwatch.domain.usage import LocalTime
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.learn import Kept, forget, last_night, night, night_due
from meterwatch.store import Store
from meterwatch.store.house import PROFILES_REVISION
from meterwatch.store.tables import alerts as t
from meterwatch.store.telemetry import Row
from tests.parts.street import Street, build_street
from tests.pipeline.acting import rows_of

LOCAL = LocalTime.of(UTC)
FIRST = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """What is tried here is the same on both databases; the store's own tests hold that."""
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def lives(store: Store, days: int, litres: Callable[[int, int], float]) -> None:
    """Let the home live for some days, hour by hour, with the night's work each night at three."""
    with store.transaction(read_only=True) as tx:
        board = Board(tx.homes.watched())
    register = 1_000.0
    for hour in range(24 * days + 4):
        at = int((FIRST + hour * HOUR).timestamp())
        register += litres(*divmod(hour, 24))
        rows: list[Row] = [(1, at, at + 3, register)]
        store.telemetry.add(rows)
        board.apply(rows)
        if hour % 24 == 3:
            night(store, board, LOCAL, FIRST + hour * HOUR + timedelta(minutes=1))


def regular(day: int, hour: int) -> float:
    """Water at seven and at nineteen: twelve hours of silence between."""
    return 20.0 if hour in {8, 20} else 0.0  # the reading at eight closes the hour from seven


def limit(store: Store) -> float:
    """The home's limit, the same for every hour; NaN where nothing is learnt."""
    profile = store.telemetry.profiles((1,))
    assert np.unique(profile.limits_hours).size == 1
    return float(profile.limits_hours[0, 0, 0])


def test_the_limit_is_a_quarter_more_than_the_longest_silence_of_a_home(
    store: Store, street: Street
) -> None:
    lives(store, 10, regular)
    assert store.telemetry.profiles((1,)).longest_silence_hours.tolist() == [11.0]
    assert limit(store) == 1.25 * 11.0


def test_under_a_week_nothing_is_learnt_and_the_default_stands(
    store: Store, street: Street
) -> None:
    lives(store, 6, regular)
    assert np.isnan(limit(store))
    assert 5 <= store.telemetry.profiles((1,)).days[0] <= 6


def test_a_long_night_now_and_then_makes_the_limit_longer(store: Store, street: Street) -> None:
    lives(store, 12, lambda day, hour: 0.0 if (day, hour) == (5, 8) else regular(day, hour))
    assert limit(store) == 1.25 * 23.0


def test_the_limit_is_never_longer_than_two_days(store: Store, street: Street) -> None:
    lives(store, 14, lambda day, hour: 0.0 if 4 <= day <= 6 else regular(day, hour))
    assert limit(store) == 48.0


def test_the_silence_that_is_still_running_does_not_move_its_own_line(
    store: Store, street: Street
) -> None:
    lives(store, 12, lambda day, hour: 0.0 if day >= 10 else regular(day, hour))
    assert limit(store) == 1.25 * 11.0


def test_an_absence_teaches_nothing(store: Store, street: Street) -> None:
    away = Absence(1, FIRST + timedelta(days=4), FIRST + timedelta(days=7), "family")
    with store.transaction() as tx:
        tx.homes.declare_absence(away, "user:1", FIRST)
    lives(store, 14, lambda day, hour: 0.0 if 4 <= day <= 6 else regular(day, hour))
    assert limit(store) == 1.25 * 11.0


def test_days_are_rolled_up_by_local_hour(store: Store, street: Street) -> None:
    lives(store, 3, regular)
    litres, known = store.telemetry.rollups((1,), date(2026, 3, 3), 1)
    assert known.all()
    assert np.flatnonzero(litres[0, 0]).tolist() == [7, 19]
    assert litres[0, 0].sum() == 40.0


def test_the_hours_are_those_of_the_zone_of_the_people(store: Store, street: Street) -> None:
    with store.transaction(read_only=True) as tx:
        board = Board(tx.homes.watched())
    rows = [
        (
            1,
            int((FIRST + hour * HOUR).timestamp()),
            int((FIRST + hour * HOUR).timestamp()),
            register,
        )
        for hour in range(49)
        for register in (1_000.0 + (20.0 if hour >= 8 else 0.0),)
    ]
    store.telemetry.add(rows)
    board.apply(rows)
    night(store, board, LocalTime.of(ZoneInfo("Asia/Shanghai")), FIRST + 49 * HOUR)
    litres, _ = store.telemetry.rollups((1,), date(2026, 3, 2), 1)
    assert np.flatnonzero(litres[0, 0]).tolist() == [15]  # seven by UTC


def test_what_came_late_is_in_the_roll_up_of_the_next_night(store: Store, street: Street) -> None:
    with store.transaction(read_only=True) as tx:
        board = Board(tx.homes.watched())

    def hear(hours: range, heard: int) -> None:
        at = [int((FIRST + hour * HOUR).timestamp()) for hour in hours]
        rows = [(1, when, heard, 1_000.0 + 5 * h) for h, when in zip(hours, at, strict=True)]
        store.telemetry.add(rows)
        board.apply(rows)
        board.rebuild(store.telemetry, None, heard)

    first, second = FIRST + 27 * HOUR, FIRST + 51 * HOUR
    hear(range(2), int(first.timestamp()))
    hear(range(20, 28), int(first.timestamp()))
    night(store, board, LOCAL, first)
    _, known = store.telemetry.rollups((1,), date(2026, 3, 2), 1)
    assert known.sum() == 5  # the hour after midnight, and from eight in the evening
    hear(range(2, 20), int(second.timestamp()))
    night(store, board, LOCAL, second)
    litres, known = store.telemetry.rollups((1,), date(2026, 3, 2), 1)
    assert known.all()
    assert litres.sum() == 24 * 5


def test_the_night_announces_what_it_learnt_and_remembers_when(
    store: Store, street: Street
) -> None:
    assert last_night(store) is None
    night(store, Board([]), LOCAL, FIRST + 3 * HOUR)
    night(store, Board([]), LOCAL, FIRST + 27 * HOUR)
    assert last_night(store) == FIRST + 27 * HOUR
    with store.transaction(read_only=True) as tx:
        assert tx.house.mark(PROFILES_REVISION) == 2


def test_the_night_is_due_once_after_three_by_local_time() -> None:
    shanghai = LocalTime.of(ZoneInfo("Asia/Shanghai"))
    before, after = FIRST + timedelta(hours=18, minutes=59), FIRST + timedelta(hours=19)
    assert night_due(shanghai, None, before)
    assert not night_due(shanghai, before - 23 * HOUR, before)
    assert night_due(shanghai, before, after)
    assert not night_due(shanghai, after, after + 23 * HOUR)
    assert night_due(shanghai, after, after + 24 * HOUR)


def test_a_night_that_was_missed_is_done_when_somebody_is_there_again() -> None:
    assert night_due(LOCAL, FIRST, FIRST + timedelta(days=5))


def test_things_are_kept_as_long_as_was_said_and_no_longer(store: Store, street: Street) -> None:
    lives(store, 5, regular)
    now = FIRST + timedelta(days=5)
    with store.transaction() as tx:
        for number, at in enumerate((FIRST, now)):
            tx.replies.keep(Reply(f"IN{number}", "+861390000000", "1", at))
    forget(store, Kept(2 * 24 * HOUR, 3 * 24 * HOUR, 24 * HOUR), now)
    oldest = store.telemetry.series(None, 1e9, 2_000_000_000).measured_at.min()
    assert oldest == (FIRST + timedelta(days=3)).timestamp()
    _, known = store.telemetry.rollups((1,), date(2026, 3, 1), 7)
    assert known[0].any(axis=1).tolist() == [False, False, False, True, True, True, False]
    assert [row["text"] for row in rows_of(store, t.replies)] == ["", "1"]
