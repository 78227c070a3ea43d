"""Sweeps that failed, were overtaken or followed an outage: no home is left unjudged."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from meterwatch import detectors
from meterwatch.detectors import Detector
from meterwatch.domain.alert import Condition
from meterwatch.domain.signal import HUB_SILENT, METER_SILENT, NO_USE, SilenceRule, SubjectKind
from meterwatch.domain.usage import Findings, LocalTime, UsageProfile, UsageWindow
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.sweep import Watch
from meterwatch.store import Store
from meterwatch.store.house import HOMES_REVISION, SWEPT
from meterwatch.store.tables import people
from meterwatch.store.telemetry import Row
from tests.parts.street import add_home, build_street
from tests.pipeline.acting import NOW, POLICIES, alerts, climb, outbox, the_alert

HOUR = 3_600
START = int(NOW.timestamp()) - 40 * HOUR


class Flaky:
    """The silence detector, which fails when told to, and remembers what it was asked."""

    name: ClassVar[str] = "no_use"

    def __init__(self) -> None:
        (self._own,) = (one for one in detectors.build({}) if one.name == self.name)
        self.failures = 0
        self.judged: list[tuple[int, ...]] = []

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("database is locked")
        self.judged.append(usage.homes)
        return self._own.detect(usage, profile, local)


def watch(*chosen: Detector) -> Watch:
    return Watch(chosen or detectors.build({}), LocalTime.of(UTC), POLICIES, SilenceRule())


def at(hour: float, second: int = 1) -> datetime:
    return datetime.fromtimestamp(START + int(hour * HOUR) + second, UTC)


def hours(meter: int, first: int, last: int, used_until: int = 4) -> list[Row]:
    """Hourly readings of a home that uses five litres an hour, and stops."""
    return [
        (meter, when := START + hour * HOUR, when, 100.0 + 5 * min(hour, used_until))
        for hour in range(first, last)
    ]


def hear(store: Store, meters: Meters, rows: Sequence[Row]) -> None:
    store.telemetry.add(rows)
    meters.hear(rows)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def meter(store: Store) -> int:
    return build_street(store).home.meter


def started(store: Store, rows: Sequence[Row], now: datetime, *chosen: Detector) -> Meters:
    store.telemetry.add(rows)
    meters = Meters(store, watch(*chosen))
    meters.catch_up()
    meters.judge_all(now)
    return meters


def test_a_home_whose_judging_failed_is_judged_the_next_time(store: Store, meter: int) -> None:
    flaky = Flaky()
    meters = started(store, hours(meter, 0, 28), at(27), flaky)
    assert alerts(store) == []
    before = meters.swept
    hear(store, meters, hours(meter, 28, 29))
    flaky.failures = 1
    with pytest.raises(RuntimeError):
        meters.close(at(28))
    assert meters.swept == before
    meters.close(at(28, 2))
    assert the_alert(store).kind == NO_USE


def test_a_meter_taken_away_while_its_home_waits_stops_no_other(store: Store, meter: int) -> None:
    with store.transaction() as tx:
        other = add_home(tx, 3, "H2")
    flaky = Flaky()
    meters = started(store, hours(meter, 0, 28) + hours(other.meter, 0, 28), at(27), flaky)
    flaky.failures = 1
    hear(store, meters, hours(other.meter, 28, 29))
    with pytest.raises(RuntimeError):
        meters.close(at(28))
    with store.transaction() as tx:
        gone = people.devices.update().where(people.devices.c.id == other.meter)
        tx.connection.execute(gone.values(retired_at=at(28)))
        tx.house.bump(HOMES_REVISION)
    meters.refresh()
    hear(store, meters, hours(meter, 28, 29))
    meters.close(at(28, 2))
    assert the_alert(store).subject == (SubjectKind.HOUSEHOLD, 1, NO_USE)


@pytest.mark.parametrize("edited", [False, True])
def test_a_reading_that_an_edit_brought_onto_the_board_is_judged_all_the_same(
    store: Store, meter: int, edited: bool
) -> None:
    meters = started(store, hours(meter, 0, 28), at(27))
    (late,) = hours(meter, 28, 29)
    meters.close(at(28, 1))  # the beat runs between its receipt and its commit
    store.telemetry.add([late])
    if edited:
        with store.transaction() as tx:
            tx.house.bump(HOMES_REVISION)
        meters.refresh()
    meters.hear([late])
    meters.close(at(28, 3))
    assert the_alert(store).kind == NO_USE


# A silence that begins anew


def test_a_home_silent_anew_after_one_use_is_told_at_once_and_not_when_a_limit_moves(
    store: Store, meter: int
) -> None:
    meters = started(store, hours(meter, 0, 29), at(28))
    first = the_alert(store)
    climb(store, at(28))
    used = 126.0
    hear(store, meters, [(meter, START + 29 * HOUR, START + 29 * HOUR, used)])
    meters.close(at(29))
    assert the_alert(store).condition is Condition.CLEARED
    climb(store, at(40))
    again = [(meter, START + h * HOUR, START + h * HOUR, used) for h in range(30, 54)]
    hear(store, meters, again)
    meters.close(at(53))
    alert = the_alert(store)
    assert alert.condition is Condition.ACTIVE
    assert alert.began_at > first.opened_at
    assert alert.next_due_at is not None
    assert alert.next_due_at <= at(53)


# Our own outage


def outage(store: Store, listening_since: datetime | None) -> tuple[Meters, list[int]]:
    """Fifty homes of one hub, and we come back after seven hours of having heard nothing."""
    street = build_street(store)
    with store.transaction() as tx:
        meters = [add_home(tx, street.area, f"G{n}", hub="north").meter for n in range(10)]
        known = people.devices.update().where(people.devices.c.id == street.home.meter)
        tx.connection.execute(known.values(retired_at=at(0)))
    store.telemetry.add([row for m in meters for row in hours(m, 0, 20, used_until=99)])
    role = Meters(store, watch(), listening_since=listening_since)
    role.catch_up()
    role.judge_all(at(27))
    return role, meters


def test_after_an_outage_of_our_own_meters_have_time_to_report(store: Store) -> None:
    role, meters = outage(store, at(27))
    assert alerts(store) == []
    received = START + 27 * HOUR + 1
    queued = [(m, w, received, v) for m in meters for _, w, _, v in hours(m, 20, 28, 99)]
    hear(store, role, queued)
    role.close(at(27, 3))
    role.close(at(28.5))
    assert alerts(store) == []


def test_after_that_time_the_silent_ones_are_named(store: Store) -> None:
    role, _ = outage(store, at(27))
    role.close(at(28.2))
    assert alerts(store) == []
    role.close(at(28.3))
    assert the_alert(store).kind == f"{HUB_SILENT}:north"


def test_where_there_was_no_outage_silence_is_named_at_once(store: Store) -> None:
    outage(store, None)
    assert the_alert(store).kind == f"{HUB_SILENT}:north"


def test_a_silence_that_was_known_before_an_outage_is_not_closed_by_it(
    store: Store, meter: int
) -> None:
    started(store, hours(meter, 0, 10, used_until=99), at(20))
    before = the_alert(store)
    assert before.kind == METER_SILENT
    again = Meters(store, watch(), listening_since=at(27))
    again.catch_up()
    again.judge_all(at(27))
    assert the_alert(store) == before


# Many at once


def falling_silent(store: Store, count: int) -> tuple[Meters, list[Row]]:
    """So many homes just before their silence is a worry, and the readings that make it one."""
    street = build_street(store)
    with store.transaction() as tx:
        meters = [add_home(tx, street.area, f"G{n}").meter for n in range(count)]
    role = started(store, [row for m in meters for row in hours(m, 0, 28)], at(5))
    return role, [row for m in meters for row in hours(m, 28, 29)]


def grade(store: Store, home: int, word: str) -> None:
    with store.transaction() as tx:
        tx.connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        row = people.households.update().where(people.households.c.id == home)
        tx.connection.execute(row.values(grade=word))


def mark(store: Store) -> int | None:
    with store.transaction(read_only=True) as tx:
        return tx.house.mark(SWEPT)


def test_many_worries_are_short_transactions_and_judged_only_when_all_are_kept(
    store: Store,
) -> None:
    role, rows = falling_silent(store, 45)
    before = mark(store)
    grade(store, 46, "blue")  # the last one cannot be kept
    hear(store, role, rows)
    with pytest.raises(ValueError, match="blue"):
        role.close(at(28))
    assert len(alerts(store, NO_USE)) == 40  # those before it stand, and their people are told
    assert mark(store) == before
    grade(store, 46, "green")
    role.close(at(28, 2))
    assert len(alerts(store, NO_USE)) == 45
    assert mark(store) == int(at(28, 2).timestamp())


def test_a_run_after_one_that_was_killed_in_between_raises_the_rest_and_nothing_twice(
    store: Store,
) -> None:
    role, rows = falling_silent(store, 25)
    grade(store, 26, "blue")
    hear(store, role, rows)
    with pytest.raises(ValueError, match="blue"):
        role.close(at(28))
    grade(store, 26, "green")
    first, messages = alerts(store, NO_USE), outbox(store)
    started(store, [], at(28, 5))
    assert alerts(store, NO_USE)[:20] == first
    assert len(alerts(store, NO_USE)) == 25
    assert outbox(store)[: len(messages)] == messages


def test_a_meter_that_reports_every_minute_costs_no_more_room_than_one_each_quarter(
    store: Store, meter: int
) -> None:
    def shape() -> tuple[int, ...]:
        with store.transaction(read_only=True) as tx:
            board = Board(tx.homes.watched())
        return board.window([1], {}).litres.shape

    each = people.devices.update().where(people.devices.c.id == meter)
    shapes = []
    for minutes in (15, 1):
        with store.transaction() as tx:
            tx.connection.execute(each.values(interval_minutes=minutes))
        shapes.append(shape())
    assert shapes[0] == shapes[1]
