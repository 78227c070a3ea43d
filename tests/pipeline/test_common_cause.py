"""A building without water: one signal about it, no alarm about its homes, and nobody forgotten."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from meterwatch.detectors import build
from meterwatch.domain.alert import Alert, Condition, State
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Level, Role
from meterwatch.domain.outage import GroupKind, Outage
from meterwatch.domain.signal import AREA_QUIET, AREA_WILD, METER_SILENT, NO_USE, SilenceRule
from meterwatch.domain.usage import LocalTime, UsageProfile
from meterwatch.pipeline.explained import CommonCause
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.sweep import Watch
from meterwatch.store import Store
from meterwatch.store.tables import people
from tests.parts.street import add_area, add_contact, add_home, link_area, link_home
from tests.pipeline.acting import Carrier, alerts, climb, post, timeline, told

WATCH = Watch(build({}), LocalTime.of(UTC), Policies(), SilenceRule())
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOMES, PAST = 40, 10  # days
LIMIT = 18.0  # hours that a home may be silent
MIDNIGHT = MONDAY + timedelta(days=PAST)
CUT, BACK = MIDNIGHT + timedelta(hours=32), MIDNIGHT + timedelta(hours=38)
# How likely a home draws water in each hour of the day.
AWAKE = (2, 1, 1, 1, 2, 8, 35, 95, 60, 50, 40, 45, 50, 35, 30, 30, 35, 50, 95, 50, 45, 35, 20, 6)
Dry = Callable[[int, datetime], bool]  # whether a home (by its number) draws no water in an hour


def never(_home: int, _hour: datetime) -> bool:
    return False


def cut(_home: int, hour: datetime) -> bool:
    """The water is off for all of them."""
    return CUT <= hour < BACK


@dataclass(frozen=True, slots=True)
class Ground:
    """Who lives in the building, and where its files are after the days before."""

    folder: Path
    area: int
    street: int
    homes: tuple[int, ...]
    devices: tuple[int, ...]
    guardian: int
    duty: int
    registers: tuple[float, ...]


@dataclass
class Building:
    """Forty homes with hourly meters, each of which is read at a minute of its own."""

    store: Store
    ground: Ground
    dry: Dry = never
    wild: Dry = never
    watch: Watch = WATCH
    now: datetime = MIDNIGHT
    dice: Random = field(default_factory=lambda: Random(11))
    meters: Meters = field(init=False)

    def __post_init__(self) -> None:
        self.registers = list(self.ground.registers)
        self.restart()

    def live(self, until: datetime) -> None:
        """Let hour after hour pass."""
        while self.now < until:
            rows = []
            for number, device in enumerate(self.ground.devices):
                at = int(self.now.timestamp()) + number * 3_600 // HOMES
                self.registers[number] += self._drawn(number)
                rows.append((device, at, at + 3, self.registers[number]))
            self.store.telemetry.add(rows)
            self.meters.refresh()
            self.meters.take(rows)
            self.now += HOUR
            self.meters.close(self.now + timedelta(minutes=6))

    def _drawn(self, number: int) -> float:
        draws = self.dice.random() < AWAKE[self.now.hour] / 100
        if self.dry(number, self.now):
            return 0.0
        return 10.0 if draws or self.wild(number, self.now) else 0.0

    def restart(self) -> None:
        """Start the role anew, as after a kill."""
        self.meters = Meters(self.store, self.watch, moment=HOUR)
        self.meters.catch_up()

    def of(self, kind: str) -> list[Alert]:
        return [alert for alert in alerts(self.store) if alert.kind.partition(":")[0] == kind]


def founded(store: Store, folder: Path) -> Ground:
    """Build the building, with people around it and what was learnt of its homes."""
    with store.transaction() as tx:
        district = add_area(tx, "district", None, Level.DISTRICT)
        street = add_area(tx, "street", district, Level.STREET)
        area = add_area(tx, "community", street, Level.COMMUNITY)
        homes = [add_home(tx, area, f"B{number:02}") for number in range(HOMES)]
        guardian, duty = add_contact(tx), add_contact(tx)
        for home in homes:
            link_home(tx, home.id, guardian, Role.GUARDIAN)
        link_area(tx, area, guardian, Role.COMMUNITY)
        link_area(tx, street, duty, Role.STREET_DUTY)
        tx.connection.execute(people.households.update().values(building="3"))
    ids = tuple(home.id for home in homes)
    profile = UsageProfile.unlearnt(ids)
    profile.limits_hours[:] = LIMIT
    profile.days[:] = 28.0
    store.telemetry.put_profiles(profile, int(MONDAY.timestamp()))
    meters = tuple(home.meter for home in homes)
    start = (1_000.0,) * HOMES
    return Ground(folder, area, street, ids, meters, guardian, duty, start)


@pytest.fixture(scope="module")
def ground(migrated_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Ten days without anything, lived once for all tests."""
    folder = tmp_path_factory.mktemp("building") / "store"
    shutil.copytree(migrated_files, folder)
    store = Store(f"sqlite:///{folder}/meterwatch.db")
    building = Building(store, founded(store, folder), now=MONDAY)
    building.live(MONDAY + timedelta(days=PAST))
    assert {alert.kind for alert in alerts(store)} <= {METER_SILENT}
    building.meters.settle()
    store.close()
    return replace(building.ground, registers=tuple(building.registers))


@pytest.fixture
def lived(ground: Ground, tmp_path: Path) -> Iterator[Store]:
    """A copy of the building's files, as they are at the midnight before the cut."""
    shutil.copytree(ground.folder, tmp_path / "store")
    opened = Store(f"sqlite:///{tmp_path}/store/meterwatch.db")
    yield opened
    opened.close()


# The signal


def test_a_building_cut_off_is_one_signal_within_three_hours_and_no_alarm_about_a_home(
    lived: Store, ground: Ground
) -> None:
    building = Building(lived, ground, cut)
    building.live(CUT + 3 * HOUR)
    (alert,) = building.of(AREA_QUIET)
    assert alert.kind == f"{AREA_QUIET}:building:3"
    assert (alert.subject_id, alert.condition) == (building.ground.area, Condition.ACTIVE)
    assert CUT - HOUR <= alert.began_at <= CUT + HOUR
    building.live(BACK + 30 * HOUR)
    (alert,) = building.of(AREA_QUIET)
    assert (alert.state, alert.condition) == (State.CLOSED, Condition.CLEARED)
    assert alert.closed_at is not None
    assert BACK < alert.closed_at <= BACK + 3 * HOUR
    assert building.of(NO_USE) == []


def test_duty_officers_are_texted_of_it_and_nobody_of_the_homes(
    lived: Store, ground: Ground
) -> None:
    building = Building(lived, ground, cut)
    building.live(CUT + 4 * HOUR)
    carrier = Carrier()
    post(lived, carrier, building.now)
    (text,) = carrier.to(ground.duty)
    (alert,) = building.of(AREA_QUIET)
    assert f"编号{alert.code}片区多户同时没有用水" in text
    climb(lived, building.now + HOUR)
    assert set(told(lived)) == {ground.duty}


def test_it_names_its_homes_as_evidence(lived: Store, ground: Ground) -> None:
    building = Building(lived, ground, cut)
    building.live(CUT + 3 * HOUR)
    (alert,) = building.of(AREA_QUIET)
    said = alert.evidence
    assert said["homes"] == HOMES
    assert int(said["used"]) <= 2
    assert float(said["expected"]) > 15
    assert {int(home) for home in str(said["quiet"]).split(",")} <= set(ground.homes)
    assert said["before"] == ""


# Homes in it


def test_a_home_that_was_silent_before_the_rest_keeps_its_own_alarm_and_is_named(
    lived: Store, ground: Ground
) -> None:
    fell = CUT - 17 * HOUR

    def dry(home: int, hour: datetime) -> bool:
        return cut(home, hour) or (home == 7 and hour >= fell)

    building = Building(lived, ground, dry)
    building.live(CUT + 6 * HOUR)
    (area,) = building.of(AREA_QUIET)
    (alert,) = building.of(NO_USE)
    assert alert.subject_id == ground.homes[7]
    assert alert.opened_at < CUT + 4 * HOUR
    assert area.evidence["before"] == str(ground.homes[7])


def test_a_home_that_stays_silent_when_the_others_use_water_again_is_not_forgotten(
    lived: Store, ground: Ground
) -> None:
    def dry(home: int, hour: datetime) -> bool:
        return cut(home, hour) or (home == 7 and hour >= CUT)

    building = Building(lived, ground, dry)
    building.live(BACK + 4 * HOUR)
    assert building.of(NO_USE) == []
    (area,) = building.of(AREA_QUIET)
    assert area.closed_at is not None
    building.live(area.closed_at + timedelta(hours=LIMIT + 2))
    (alert,) = building.of(NO_USE)
    assert alert.subject_id == ground.homes[7]
    assert alert.began_at <= CUT + HOUR


def test_an_outage_that_does_not_end_holds_homes_back_for_twelve_hours_at_most(
    lived: Store, ground: Ground
) -> None:
    def dry(_home: int, hour: datetime) -> bool:
        return hour >= CUT

    building = Building(lived, ground, dry)
    building.live(CUT + 11 * HOUR)
    assert building.of(NO_USE) == []
    building.live(CUT + timedelta(hours=LIMIT + 3))
    assert len(building.of(NO_USE)) == HOMES


def test_a_home_that_alarmed_before_the_area_did_keeps_its_alarm(
    lived: Store, ground: Ground
) -> None:
    def dry(home: int, hour: datetime) -> bool:
        return cut(home, hour) or (home == 7 and hour >= MIDNIGHT)

    building = Building(lived, ground, dry)
    building.live(BACK + 12 * HOUR)
    (alert,) = building.of(NO_USE)
    assert (alert.subject_id, alert.state) == (ground.homes[7], State.OPEN)


def test_a_kill_in_the_middle_changes_nothing(lived: Store, ground: Ground) -> None:
    building = Building(lived, ground, cut)
    while building.now < BACK + 6 * HOUR:
        building.live(building.now + 2 * HOUR)
        building.restart()
    (alert,) = building.of(AREA_QUIET)
    assert alert.state is State.CLOSED
    assert timeline(lived, alert.id).count("opened") == 1
    assert building.of(NO_USE) == []


# What is none


def test_days_without_an_outage_raise_nothing_about_the_area(lived: Store, ground: Ground) -> None:
    building = Building(lived, ground)
    building.live(CUT + 60 * HOUR)
    assert building.of(AREA_QUIET) == building.of(AREA_WILD) == []


def test_half_of_the_homes_without_water_are_no_outage_of_the_building(
    lived: Store, ground: Ground
) -> None:
    def dry(home: int, hour: datetime) -> bool:
        return home % 2 == 0 and cut(home, hour)

    building = Building(lived, ground, dry)
    building.live(BACK)
    assert building.of(AREA_QUIET) == []


def test_homes_that_are_silent_because_their_meters_are_are_no_outage(
    lived: Store, ground: Ground
) -> None:
    building = Building(lived, ground)
    building.live(CUT)
    building.meters.close(BACK)
    assert building.of(AREA_QUIET) == []


def test_it_can_be_switched_off(lived: Store, ground: Ground) -> None:
    off = replace(WATCH, common=CommonCause(enabled=False))
    building = Building(lived, ground, cut, watch=off)
    building.live(BACK)
    assert building.of(AREA_QUIET) == []


def test_homes_that_all_draw_water_at_night_are_one_signal(lived: Store, ground: Ground) -> None:
    night = CUT.replace(hour=2)

    def wild(_home: int, hour: datetime) -> bool:
        return night <= hour < night + 2 * HOUR

    building = Building(lived, ground, wild=wild)
    building.live(night + 2 * HOUR)
    (alert,) = building.of(AREA_WILD)
    assert alert.condition is Condition.ACTIVE
    building.live(night + 6 * HOUR)
    (alert,) = building.of(AREA_WILD)
    assert alert.state is State.CLOSED


# Announced outages


def announced(store: Store, ground: Ground, since: datetime, until: datetime) -> int:
    outage = Outage(0, GroupKind.BUILDING, ground.area, "3", since, until, "repair")
    with store.transaction() as tx:
        return tx.areas.announce(outage, "user:1", since)


def test_an_announced_outage_is_no_signal_and_explains_its_homes(
    lived: Store, ground: Ground
) -> None:
    announced(lived, ground, CUT, BACK)
    building = Building(lived, ground, cut)
    building.live(BACK + 12 * HOUR)
    assert building.of(AREA_QUIET) == building.of(NO_USE) == []


def test_an_outage_that_lasts_longer_than_announced_is_a_signal(
    lived: Store, ground: Ground
) -> None:
    announced(lived, ground, CUT, CUT + 2 * HOUR)
    building = Building(lived, ground, cut)
    building.live(BACK)
    (alert,) = building.of(AREA_QUIET)
    assert alert.opened_at > CUT + 3 * HOUR


def test_a_home_that_stays_silent_after_an_announced_outage_is_not_forgotten(
    lived: Store, ground: Ground
) -> None:
    announced(lived, ground, CUT, BACK)

    def dry(home: int, hour: datetime) -> bool:
        return cut(home, hour) or (home == 7 and hour >= CUT)

    building = Building(lived, ground, dry)
    building.live(BACK + timedelta(hours=LIMIT))
    assert building.of(NO_USE) == []
    building.live(BACK + timedelta(hours=LIMIT + 3))
    assert [alert.subject_id for alert in building.of(NO_USE)] == [ground.homes[7]]
