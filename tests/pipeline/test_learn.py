"""The night's work: days rolled up, silences counted, limits learnt, and nothing from absences."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.detectors import Budget
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.schedule import night_begins
from meterwatch.detectors.silences import Silences
from meterwatch.domain.household import Absence, Grade, Swap
from meterwatch.domain.notification import Reply
from meterwatch.domain.usage import LocalTime, UsageProfile
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.learn import (
    Kept,
    Schooling,
    boards_before,
    forget,
    last_night,
    night,
    nights_due,
)
from meterwatch.store import Store
from meterwatch.store.house import PROFILES_REVISION
from meterwatch.store.learnt import Pattern
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people
from meterwatch.store.telemetry import Row
from tests.parts.street import Street, add_home, build_street
from tests.pipeline.acting import rows_of

LOCAL = LocalTime.of(UTC)
FIRST = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Homes in general: a silence ends after nine hours, more or less, whenever it began.
PRIOR = Prior(
    np.broadcast_to(np.minimum(np.arange(48) / 40, 0.5), (4, 24, 48)), np.full((4, 24), 0.1)
)
SCHOOLING = Schooling(LOCAL, PRIOR)

Litres = Callable[[int, int], float]


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """What is tried here is the same on both databases; the store's own tests hold that."""
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def board_of(store: Store) -> Board:
    with store.transaction(read_only=True) as tx:
        return Board(tx.homes.watched(), tx.homes.swaps())


def rows(first: int, days: int, litres: Litres, meter: int = 1) -> list[Row]:
    """What a meter says in the hours from one day on, until three in the morning after them."""
    register, told = 1_000.0, []
    for hour in range(24 * (first + days) + 3):
        register += litres(*divmod(hour, 24))
        at = int((FIRST + hour * HOUR).timestamp())
        if hour >= 24 * first:
            told.append((meter, at, at + 3, register))
    return told


def nightly(
    store: Store, days: int, *, first: int = 1, schooling: Schooling = SCHOOLING, every: int = 1
) -> None:
    """Let nights go by over what was heard: that after the first day, and so on."""
    for day in range(first, days + 1, every):
        now = FIRST + day * DAY + 3 * HOUR
        night(store, boards_before(store, now), schooling, now)


def lives(store: Store, days: int, litres: Litres, schooling: Schooling = SCHOOLING) -> None:
    """Let the home live for some days, with the night's work each night at three."""
    store.telemetry.add(rows(0, days, litres))
    nightly(store, days, schooling=schooling)


def regular(day: int, hour: int) -> float:
    """Water at seven and at nineteen: twelve hours of silence between."""
    return 20.0 if hour in {8, 20} else 0.0  # the reading at eight closes the hour from seven


def early_riser(day: int, hour: int) -> float:
    """Water every third hour."""
    return 20.0 if hour % 3 == 0 else 0.0


def away(since: int, until: int, litres: Litres = regular) -> Litres:
    """Nobody at home from the evening of one day until a later one."""
    return lambda day, hour: 0.0 if since < day < until else litres(day, hour)


def profile(store: Store, home: int = 1) -> UsageProfile:
    return store.telemetry.profiles((home,))


def limit(store: Store, hour: int, home: int = 1) -> float:
    """How long a silence that began on a Tuesday may last."""
    return float(profile(store, home).limits_hours[0, 0, hour])


def counted(store: Store, home: int = 1) -> Silences:
    return Silences.unpack((home,), [store.telemetry.patterns([home])[home].state])


def kept(store: Store) -> tuple[dict[int, Pattern], list[dict[str, object]]]:
    """All that nights have learnt, to the last bit."""
    with store.view() as view:
        learnt = view.telemetry.exec_driver_sql("SELECT * FROM profiles ORDER BY household_id")
        return store.telemetry.patterns(range(100)), [dict(row) for row in learnt.mappings()]


# What is learnt.


def test_a_limit_lies_just_past_the_usual_return(store: Store, street: Street) -> None:
    lives(store, 60, regular)
    assert 12 <= limit(store, 19) <= 16
    assert 12 <= limit(store, 7) <= 16
    assert 58 <= profile(store).days[0] <= 60
    assert profile(store).longest_silence_hours.tolist() == [11.0]


def test_a_home_is_judged_by_its_own_days_and_not_by_its_neighbours(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        other = add_home(tx, street.area, "H2")
    store.telemetry.add(rows(0, 60, early_riser, other.meter))
    lives(store, 60, regular)
    assert limit(store, 9, other.id) < 8
    assert limit(store, 7) >= 12


def test_after_three_days_a_home_has_the_limits_of_homes_like_it(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        unheard = add_home(tx, street.area, "H2")
    lives(store, 5, regular)
    general, own = profile(store, unheard.id).limits_hours, profile(store).limits_hours
    assert np.isfinite(own).all()
    assert np.abs(own - general).mean() < 3
    assert 3 <= profile(store).days[0] <= 5
    assert profile(store, unheard.id).days[0] == 0


def test_a_larger_budget_of_false_alarms_means_shorter_limits(store: Store, street: Street) -> None:
    def now_and_then(day: int, hour: int) -> float:
        return 20.0 if (day * 31 + hour * 17) % 11 < 2 else 0.0

    with store.transaction() as tx:
        red = add_home(tx, street.area, "H2", Grade.RED)
        own = add_home(tx, street.area, "H3")
        mine = people.households.c.id == own.id
        tx.connection.execute(people.households.update().where(mine).values(alarms_per_year=40.0))
    for home in (red, own):
        store.telemetry.add(rows(0, 40, now_and_then, home.meter))
    budget = Budget(1.0, {Grade.RED: 6.0})
    lives(store, 40, now_and_then, Schooling(LOCAL, PRIOR, budget))
    green, red_one, own_one = (profile(store, home) for home in (1, red.id, own.id))
    costs = [each.alarms_per_year[0] for each in (green, red_one, own_one)]
    assert 0 < costs[0] < costs[1] < costs[2]
    means = [each.limits_hours.mean() for each in (green, red_one, own_one)]
    assert means == sorted(means, reverse=True)


def test_an_absence_teaches_nothing(store: Store, street: Street) -> None:
    declared = Absence(1, FIRST + 4 * DAY, FIRST + 8 * DAY, "family")
    with store.transaction() as tx:
        tx.homes.declare_absence(declared, "user:1", FIRST)
    lives(store, 14, away(3, 8))
    assert not counted(store).ended[..., 13:].any()
    assert profile(store).longest_silence_hours.tolist() == [11.0]
    assert 8 <= profile(store).days[0] <= 10


def test_what_is_told_later_takes_days_back_that_were_counted(store: Store, street: Street) -> None:
    store.telemetry.add(rows(0, 14, away(3, 6)))
    nightly(store, 12)
    assert counted(store).ended[..., 48].sum() > 0.5
    with store.transaction() as tx:
        declared = Absence(1, FIRST + 3 * DAY + 20 * HOUR, FIRST + 6 * DAY, "hospital")
        tx.homes.declare_absence(declared, "user:1", FIRST + 12 * DAY)
    nightly(store, 13, first=13)
    assert not counted(store).ended[..., 13:].any()
    with_hindsight = kept(store)
    store.telemetry.forget_patterns([1])
    nightly(store, 13, first=13)
    assert kept(store) == with_hindsight


def test_the_silence_that_is_still_running_is_not_counted(store: Store, street: Street) -> None:
    lives(store, 10, away(7, 99))
    assert not counted(store).ended[..., 13:].any()
    before = profile(store).limits_hours
    store.telemetry.add(rows(10, 1, away(7, 99)))
    nightly(store, 11, first=11)
    assert np.abs(profile(store).limits_hours - before).max() <= 1.0


def test_a_swapped_meter_goes_on_with_the_patterns_of_its_home(
    store: Store, street: Street
) -> None:
    swap = Swap(1, FIRST + 20 * DAY, 1_000.0 + 20 * 40.0, 0.0)
    with store.transaction() as tx:
        tx.homes.declare_swap(swap, "user:1", FIRST)
    old, new = rows(0, 20, regular), rows(20, 8, regular)
    store.telemetry.add([row for row in old if row[1] < swap.at.timestamp()])
    store.telemetry.add([(meter, at, heard, litres - 1_800.0) for meter, at, heard, litres in new])
    nightly(store, 28)
    with_swap = counted(store)
    assert profile(store).days.tolist()[0] > 25
    assert not with_swap.ended[..., 13:].any()


# Done twice, late, in parts or anew, it comes to the same.


def test_a_night_done_twice_comes_to_the_same(store: Store, street: Street) -> None:
    lives(store, 12, regular)
    once = kept(store)
    nightly(store, 12, first=12)
    assert kept(store) == once


class Killed(Exception):  # noqa: N818  # says what happened
    """The night's process is gone."""


def test_a_night_killed_in_the_middle_and_repeated_comes_to_the_same(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        other = add_home(tx, street.area, "H2")
    store.telemetry.add(rows(0, 12, early_riser, other.meter))
    lives(store, 11, regular)
    store.telemetry.add(rows(11, 1, regular))
    now = FIRST + 12 * DAY + 3 * HOUR

    def some(*homes: int) -> Board:
        with store.transaction(read_only=True) as tx:
            watched = [one for one in tx.homes.watched() if one.device.household_id in homes]
        board = Board(watched)
        board.rebuild(store.telemetry, None, int(now.timestamp()))
        return board

    def until_killed() -> Iterator[Board]:
        yield some(1)
        raise Killed

    with pytest.raises(Killed):
        night(store, until_killed(), SCHOOLING, now)
    assert last_night(store) == now - DAY
    night(store, [some(1, other.id)], SCHOOLING, now)
    repeated = kept(store)
    store.telemetry.forget_patterns([1, other.id])
    night(store, [some(other.id), some(1)], SCHOOLING, now)
    assert kept(store) == repeated


@pytest.mark.parametrize("broken", [b"", b"\xff" * 4_000, None], ids=["empty", "odd", "cut"])
def test_lost_or_broken_counts_are_counted_anew_from_the_days_that_are_kept(
    store: Store, street: Street, broken: bytes | None
) -> None:
    lives(store, 20, regular)
    whole = kept(store)
    (pattern,) = whole[0].values()
    state = pattern.state[:-7] if broken is None else broken
    store.telemetry.put_patterns({1: Pattern(pattern.until, pattern.left_out, state)})
    nightly(store, 20, first=20)
    assert kept(store) == whole
    store.telemetry.forget_patterns([1])
    nightly(store, 20, first=20)
    assert kept(store) == whole


def test_counts_that_lie_ahead_of_the_clock_are_counted_anew(store: Store, street: Street) -> None:
    lives(store, 20, regular)
    nightly(store, 10, first=10)
    assert store.telemetry.patterns([1])[1].until == date(2026, 3, 9)
    assert counted(store).seen.tolist() == [8.0]


def test_nights_left_out_are_made_up_for(store: Store, street: Street) -> None:
    store.telemetry.add(rows(0, 21, regular))
    nightly(store, 21)
    whole = kept(store)
    store.telemetry.forget_patterns([1])
    nightly(store, 21, first=3, every=3)
    assert kept(store) == whole


def test_after_a_gap_of_months_the_days_before_it_still_count(store: Store, street: Street) -> None:
    lives(store, 20, regular)
    late = FIRST + 120 * DAY + 3 * HOUR
    night(store, boards_before(store, late), SCHOOLING, late)
    assert counted(store).seen.tolist() == profile(store).days.tolist() == [20.0]
    assert counted(store).ended.sum() > 18


# Roll-ups.


def test_days_are_rolled_up_by_local_hour(store: Store, street: Street) -> None:
    lives(store, 3, regular)
    litres, known = store.telemetry.rollups((1,), date(2026, 3, 3), 1)
    assert known.all()
    assert np.flatnonzero(litres[0, 0]).tolist() == [7, 19]
    assert litres[0, 0].sum() == 40.0


def test_the_hours_are_those_of_the_zone_of_the_people(store: Store, street: Street) -> None:
    shanghai = LocalTime.of(ZoneInfo("Asia/Shanghai"))
    store.telemetry.add(rows(0, 2, lambda day, hour: 20.0 if (day, hour) == (0, 8) else 0.0))
    now = FIRST + 49 * HOUR
    night(store, boards_before(store, now), Schooling(shanghai, PRIOR), now)
    litres, _ = store.telemetry.rollups((1,), date(2026, 3, 2), 1)
    assert np.flatnonzero(litres[0, 0]).tolist() == [15]  # seven by UTC


def test_what_came_late_is_in_the_roll_up_of_the_next_night(store: Store, street: Street) -> None:
    def hear(hours: range, heard: int) -> None:
        at = [int((FIRST + hour * HOUR).timestamp()) for hour in hours]
        store.telemetry.add(
            [(1, when, heard, 1_000.0 + 5 * h) for h, when in zip(hours, at, strict=True)]
        )

    first, second = FIRST + 27 * HOUR, FIRST + 51 * HOUR
    hear(range(2), int(first.timestamp()) - 1)
    hear(range(20, 27), int(first.timestamp()) - 1)
    hear(range(2, 20), int(first.timestamp()))  # in the very second in which the night begins
    nightly(store, 1)
    _, known = store.telemetry.rollups((1,), date(2026, 3, 2), 1)
    assert known.sum() == 5  # the hour after midnight, and from eight in the evening
    hear(range(27, 51), int(second.timestamp()) - 1)
    nightly(store, 2, first=2)
    litres, known = store.telemetry.rollups((1,), date(2026, 3, 2), 1)
    assert known.all()
    assert litres.sum() == 24 * 5


# When.


def test_the_night_announces_what_it_learnt_and_remembers_when(
    store: Store, street: Street
) -> None:
    assert last_night(store) is None
    night(store, [], SCHOOLING, FIRST + 3 * HOUR)
    night(store, [], SCHOOLING, FIRST + 27 * HOUR)
    assert last_night(store) == FIRST + 27 * HOUR
    with store.transaction(read_only=True) as tx:
        assert tx.house.mark(PROFILES_REVISION) == 2


def test_the_night_is_due_once_after_three_by_local_time() -> None:
    shanghai = LocalTime.of(ZoneInfo("Asia/Shanghai"))
    before, after = FIRST + timedelta(hours=18, minutes=59), FIRST + timedelta(hours=19)
    assert nights_due(shanghai, None, before) == (after - DAY,)
    assert nights_due(shanghai, before - 23 * HOUR, before) == ()
    assert nights_due(shanghai, before, after) == (after,)
    assert nights_due(shanghai, after, after + 23 * HOUR) == ()
    assert nights_due(shanghai, after, after + 24 * HOUR) == (after + DAY,)


def test_nights_that_were_missed_are_done_one_after_the_other() -> None:
    due = nights_due(LOCAL, FIRST, FIRST + 5 * DAY)
    assert due == tuple(FIRST + day * DAY + 3 * HOUR for day in range(5))
    months = nights_due(LOCAL, FIRST, FIRST + 100 * DAY)
    assert (len(months), months[-1]) == (31, FIRST + 99 * DAY + 3 * HOUR)
    day = int(months[-1].timestamp()) // 86_400
    assert night_begins(LOCAL, day) == int(months[-1].timestamp())


def test_things_are_kept_as_long_as_was_said_and_no_longer(store: Store, street: Street) -> None:
    lives(store, 5, regular)
    now = FIRST + timedelta(days=5)
    with store.transaction() as tx:
        for number, at in enumerate((FIRST, now)):
            tx.replies.keep(Reply(f"IN{number}", "+861390000000", "1", at))
    forget(store, Kept(2 * DAY, 3 * DAY, DAY), now)
    oldest = store.telemetry.series(None, 1e9, 2_000_000_000).measured_at.min()
    assert oldest == (FIRST + 3 * DAY).timestamp()
    _, known = store.telemetry.rollups((1,), date(2026, 3, 1), 7)
    assert known[0].any(axis=1).tolist() == [False, False, False, True, True, True, False]
    assert [row["text"] for row in rows_of(store, t.replies)] == ["", "1"]
