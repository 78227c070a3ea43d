"""The wiring of one installation: clocks, stamps, failures, nights and what carries messages."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from meterwatch.app import House, NotMigrated, open_store
from meterwatch.clock import Clock, DataClock, HandClock, StoredClock, SystemClock
from meterwatch.config import Settings
from meterwatch.config.sections import Database, Deployment, Usage
from meterwatch.config.telling import Retention
from meterwatch.detectors import Detector
from meterwatch.domain.fact import ButtonPress, Fact, Reading, Refusal, Refused
from meterwatch.domain.usage import Findings, LocalTime, UsageProfile, UsageWindow
from meterwatch.store import Store
from meterwatch.store.house import NIGHT, RefusedPayload
from meterwatch.store.tables import telemetry as m
from meterwatch.store.views import queue, system
from tests.parts.street import Street, add_device, build_street

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
METER = "meter-H1"


@pytest.fixture
def street(sqlite_store: Store) -> Street:
    return build_street(sqlite_store)


def house_of(store: Store, clock: Clock, **sections: object) -> House:
    settings = Settings(database=Database(url=store.url), **sections)  # type: ignore[arg-type]
    return House(settings, store, clock)


def reading(at: datetime, litres: float) -> Reading:
    return Reading(METER, at, at + timedelta(seconds=3), litres)


def stored(store: Store) -> list[tuple[int, int, float]]:
    """Give the stored readings: measured, received, litres."""
    r = m.readings.c
    query = select(r.measured_at, r.received_at, r.litres).order_by(r.measured_at)
    with store.view() as view:
        return [tuple(row) for row in view.telemetry.execute(query)]


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


class Unreachable:
    """Takes the table of readings away, as a database that is not there would."""

    def __init__(self, store: Store) -> None:
        self._file = Path(store.url.removeprefix("sqlite:///")).with_name("telemetry.db")

    def __enter__(self) -> None:
        self._rename("readings", "elsewhere")

    def __exit__(self, *_: object) -> None:
        self._rename("elsewhere", "readings")

    def _rename(self, name: str, into: str) -> None:
        connection = sqlite3.connect(self._file)
        connection.execute(f"ALTER TABLE {name} RENAME TO {into}")
        connection.close()


# By whose clock.


def test_who_lives_by_data_and_whose_readings_move_the_clock(sqlite_store: Store) -> None:
    followed = StoredClock(lambda: None, SystemClock())
    for clock, by_data, follows in (
        (SystemClock(), False, False),
        (HandClock(NOON), False, False),
        (DataClock(NOON), True, True),
        (followed, True, False),
    ):
        house = house_of(sqlite_store, clock)
        assert (house.by_data, house.follows_data) == (by_data, follows)


def test_by_data_a_reading_counts_as_received_when_it_was_measured_and_the_clock_follows(
    sqlite_store: Store, street: Street
) -> None:
    clock = DataClock(NOON)
    house = house_of(sqlite_store, clock)
    house.watch_meters()
    house.take([reading(NOON + HOUR, 10.0), reading(NOON + 3 * HOUR, 12.0)])
    assert clock.now() == NOON + 3 * HOUR
    house.take([reading(NOON + 2 * HOUR, 11.0)])
    assert clock.now() >= NOON + 3 * HOUR, "time never goes back"
    received = {measured: heard for measured, heard, _ in stored(sqlite_store)}
    assert received[seconds(NOON + HOUR)] == seconds(NOON + HOUR)
    assert received[seconds(NOON + 2 * HOUR)] >= seconds(NOON + 3 * HOUR), "it came late"


def test_by_data_a_batch_that_failed_is_stamped_alike_when_it_comes_again(
    sqlite_store: Store, street: Street
) -> None:
    clock = DataClock(NOON)
    house = house_of(sqlite_store, clock)
    batch = [reading(NOON + hour * HOUR, 10.0 + hour) for hour in (5, 1, 3)]
    with Unreachable(sqlite_store), pytest.raises(OperationalError):
        house.take(batch)
    assert clock.now() == NOON, "what was not kept was not heard"
    house.take(batch)
    five = seconds(NOON + 5 * HOUR)
    assert [heard for _, heard, _ in stored(sqlite_store)] == [five] * 3
    assert clock.now() == NOON + 5 * HOUR


def test_live_a_reading_keeps_the_moment_at_which_it_was_heard(
    sqlite_store: Store, street: Street
) -> None:
    house = house_of(sqlite_store, HandClock(NOON))
    house.take([reading(NOON - HOUR, 10.0)])
    assert stored(sqlite_store) == [
        (seconds(NOON - HOUR), seconds(NOON - HOUR + timedelta(seconds=3)), 10.0)
    ]


def test_a_batch_that_failed_is_taken_once_when_it_comes_again(
    sqlite_store: Store, street: Street
) -> None:
    house = house_of(sqlite_store, HandClock(NOON))
    batch: list[Fact] = [reading(NOON, 10.0), ButtonPress("bell-H1", NOON, NOON, "p1")]
    with Unreachable(sqlite_store), pytest.raises(OperationalError):
        house.take(batch)
    assert house.take(batch).alerts == 1
    assert house.take(batch).alerts == 0
    assert len(stored(sqlite_store)) == 1


# A sweep that fails.


@dataclass(frozen=True)
class Brittle:
    """A detector that fails while its list says so."""

    name: ClassVar[str] = "no_use"
    inner: Detector
    broken: list[bool]

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:
        if self.broken:
            raise ZeroDivisionError
        return self.inner.detect(usage, profile, local)


def no_use_of(house: House) -> Detector:
    return next(detector for detector in house.watch.detectors if detector.name == "no_use")


def a_silence(until: datetime) -> list[Reading]:
    """Give hourly readings of a home in which a tap was last opened forty hours ago."""
    return [reading(until - 41 * HOUR, 0.0)] + [
        reading(until - hour * HOUR, 10.0) for hour in range(40, -1, -1)
    ]


def standing(store: Store) -> list[str]:
    with store.view() as view:
        return [row.alert.kind for row in queue.standing(view)]


def test_live_a_sweep_that_fails_stops_no_reading_and_what_it_missed_is_judged_afterwards(
    sqlite_store: Store, street: Street
) -> None:
    clock, broken = HandClock(NOON), list[bool]()
    house = house_of(sqlite_store, clock)
    house.watch = replace(house.watch, detectors=(Brittle(no_use_of(house), broken),))
    house.watch_meters()

    broken.append(True)
    assert len(house.take(a_silence(NOON)).rows) == 42
    with pytest.raises(ZeroDivisionError):
        house.sweep()
    clock.advance(HOUR / 2)
    press = ButtonPress("bell-H1", clock.now(), clock.now(), "p1")
    assert house.take([press]).alerts == 1, "no bell waits for the meters"
    assert "bell" in standing(sqlite_store)
    assert "no_use" not in standing(sqlite_store)

    broken.clear()
    house.sweep()
    assert sorted(standing(sqlite_store)) == ["bell", "no_use"]


def test_by_data_a_sweep_that_fails_stops_no_reading_and_loses_nothing(
    sqlite_store: Store, street: Street
) -> None:
    broken: list[bool] = []
    house = house_of(sqlite_store, DataClock(NOON - 50 * HOUR))
    house.watch = replace(house.watch, detectors=(Brittle(no_use_of(house), broken),))
    house.watch_meters()
    broken.append(True)
    house.take(a_silence(NOON))
    with pytest.raises(ZeroDivisionError):
        house.judge()
    broken.clear()
    house.take(a_silence(NOON))
    assert house.judge()
    house.sweep()
    assert standing(sqlite_store) == ["no_use"]
    assert len(stored(sqlite_store)) == 42


# The night.


def test_the_night_s_work_is_done_once_a_night_after_three_o_clock(
    sqlite_store: Store, street: Street
) -> None:
    house = house_of(sqlite_store, HandClock(NOON), deployment=Deployment(zone="Europe/Madrid"))
    evening = datetime(2026, 3, 10, 21, tzinfo=UTC)  # 22:00 there
    assert house.work_at_night(evening), "it was never done"
    assert not house.work_at_night(evening + 4 * HOUR), "02:00"
    assert house.work_at_night(evening + 5 * HOUR), "03:00"
    assert not house.work_at_night(evening + 6 * HOUR)
    again = house_of(sqlite_store, HandClock(NOON), deployment=Deployment(zone="Europe/Madrid"))
    assert not again.work_at_night(evening + 6 * HOUR), "a restart does not do it twice"
    with sqlite_store.transaction(read_only=True) as tx:
        assert tx.house.moment(NIGHT) == evening + 5 * HOUR


@pytest.mark.parametrize(("use_litres", "longest"), [(3.0, 5.0), (30.0, None)])
def test_the_night_learns_by_the_litres_that_the_settings_call_use(
    sqlite_store: Store, street: Street, use_litres: float, longest: float | None
) -> None:
    house = house_of(sqlite_store, HandClock(NOON), usage=Usage(use_litres=use_litres))
    for day in range(30, 0, -1):
        begin = NOON.replace(hour=23) - (day + 1) * DAY  # midnight of the deployment is 16:00
        house.take(
            [
                reading(begin + hour * HOUR, (31 - day) * 40.0 + 10.0 * ((hour + 5) // 6))
                for hour in range(24)
            ]
        )
        house.work_at_night(begin + DAY)
    (learnt,) = sqlite_store.telemetry.profiles([street.home.id]).longest_silence_hours
    assert isnan(learnt) if longest is None else learnt == longest


def test_live_what_is_old_enough_is_forgotten_at_night_and_by_data_nothing_is(
    sqlite_store: Store, street: Street
) -> None:
    retention = Retention(readings_days=35)
    old, fresh = reading(NOON - 36 * DAY, 1.0), reading(NOON - 34 * DAY, 2.0)
    replayed = house_of(sqlite_store, DataClock(NOON - 40 * DAY), retention=retention)
    replayed.take([old, fresh])
    assert replayed.work_at_night(NOON)
    assert len(stored(sqlite_store)) == 2
    live = house_of(sqlite_store, HandClock(NOON), retention=retention)
    assert live.work_at_night(NOON + DAY)
    assert [litres for _, _, litres in stored(sqlite_store)] == [2.0]


# The rest of the wiring.


def test_a_device_that_was_registered_a_moment_ago_is_heard(
    sqlite_store: Store, street: Street
) -> None:
    house = house_of(sqlite_store, HandClock(NOON))
    late = Reading("meter-new", NOON, NOON, 5.0)
    assert house.take([late]).refused == 1
    with sqlite_store.transaction() as tx:
        add_device(tx, street.home.id, "meter-new")
    assert house.take([late]).refused == 0
    assert len(stored(sqlite_store)) == 1


def test_of_each_reason_as_many_refusals_are_kept_as_the_settings_say(sqlite_store: Store) -> None:
    house = house_of(sqlite_store, HandClock(NOON), retention=Retention(refused_each=10))
    for number in range(12):
        refused = Refused(Refusal.BROKEN, f"number {number}")
        house.refuse([RefusedPayload(refused, "native", "a/b", b"{", NOON)])
    with sqlite_store.view() as view:
        assert len(system.refused(view, 100)) == 10
        assert [row.count for row in system.refused_counts(view)] == [12]


def test_a_house_without_tables_says_what_to_run(tmp_path: Path) -> None:
    settings = Settings(database=Database(url=f"sqlite:///{tmp_path}/meterwatch.db"))
    with pytest.raises(NotMigrated, match="meterwatch migrate"):
        open_store(settings)
