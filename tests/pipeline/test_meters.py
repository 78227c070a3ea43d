"""The meters at work: what readings, silences and absences raise, once and at the right time."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterwatch import migrations
from meterwatch.detectors import build
from meterwatch.domain.alert import Alert, Condition, State
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Device, DeviceKind
from meterwatch.domain.signal import FLAT_FLOW, HUB_SILENT, METER_SILENT, NO_USE, SilenceRule
from meterwatch.domain.usage import LocalTime, UsageProfile
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.respond import declare_absence, report
from meterwatch.pipeline.sweep import Watch
from meterwatch.store import Store
from meterwatch.store.house import PROFILES_REVISION
from meterwatch.store.tables import people
from meterwatch.store.tables import telemetry as t
from meterwatch.store.telemetry import Row
from tests.parts.street import Street, add_home, build_street
from tests.pipeline.acting import (
    Carrier,
    alerts,
    outbox,
    post,
    rows_of,
    the_alert,
    timeline,
    told,
)
from tests.pipeline.streams import HOUR, START, Trouble, arrivals, cut
from tests.pipeline.test_board import QUICKLY

WATCH = Watch(build({}), LocalTime.of(UTC), Policies(), SilenceRule())


def at(hours: float) -> datetime:
    return datetime.fromtimestamp(START + hours * HOUR, UTC)


@dataclass
class Watching:
    """Feeds hourly readings to the meters role, hour by hour."""

    store: Store
    meters: Meters
    registers: dict[int, float] = field(default_factory=dict)

    def hear(self, rows: Iterable[Row], now: datetime | None = None) -> None:
        """Commit rows, judge them, and refresh as the daemon does every second."""
        listed = list(rows)
        self.store.telemetry.add(listed)
        self.meters.refresh()
        self.meters.take(listed)
        self.meters.close(now or datetime.fromtimestamp(max(row[2] for row in listed), UTC))

    def use(self, hours: range, litres: float, *devices: int) -> None:
        """Let meters report every hour, each with so many litres more."""
        for hour in hours:
            rows = []
            for device in devices or (1,):
                shown = self.registers.get(device, 1_000.0) + litres
                self.registers[device] = shown
                rows.append((device, START + hour * HOUR, START + hour * HOUR + 3, shown))
            self.hear(rows)

    def live(self, hours: range, *devices: int) -> None:
        """Let homes be lived in: ten litres in every even hour."""
        for hour in hours:
            self.use(range(hour, hour + 1), 0.0 if hour % 2 else 10.0, *devices)

    def restart(self) -> None:
        """Start the role anew, as after a kill."""
        self.meters = Meters(self.store, WATCH)
        self.meters.catch_up()


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """What is tried here is the same on both databases; the store's own tests hold that."""
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


@pytest.fixture
def watching(store: Store, street: Street) -> Watching:
    """A street with one home whose hourly meter is device 1."""
    assert street.home.meter == 1
    return Watching(store, Meters(store, WATCH))


def lived_in(watching: Watching, *devices: int) -> None:
    """Two days with water now and then, and the last of it at hour 48."""
    watching.live(range(49), *devices)


def visit(street: Street, now: datetime) -> Visit:
    home = street.home.id
    return Visit(home, "user:1", "", Mode.HOME, Outcome.SAFE, Seen.WELL, now, saw_person_at=now)


# No use


def test_taps_shut_for_a_day_are_one_worry_that_began_with_the_last_water(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 72), 0.0)
    assert alerts(store) == []
    watching.use(range(72, 80), 0.0)
    alert = the_alert(store)
    assert (alert.kind, alert.subject_id) == (NO_USE, street.home.id)
    assert (alert.began_at, alert.opened_at) == (at(48), at(72) + timedelta(seconds=3))
    assert told(store) == [street.guardian, street.community]
    assert alert.evidence["silence_hours"] == 24.0


def test_on_postgresql_a_worry_is_raised_told_answered_and_rests_as_well(pg_store: Store) -> None:
    street = build_street(pg_store)
    watching = Watching(pg_store, Meters(pg_store, WATCH))
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    assert told(pg_store) == [street.guardian, street.community]
    report(pg_store, visit(street, at(74)), at(74))
    watching.use(range(74, 80), 0.0)
    watching.meters.close(at(90))
    found = [(alert.kind, alert.state) for alert in alerts(pg_store)]
    assert found == [(NO_USE, State.CLOSED), (METER_SILENT, State.OPEN)]


def test_nothing_is_raised_about_a_home_that_is_lived_in(store: Store, watching: Watching) -> None:
    watching.live(range(200))
    assert alerts(store) == []
    assert watching.meters.alerts == 0


def test_water_coming_back_is_good_news_and_the_alert_stays_open(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 80), 0.0)
    watching.use(range(80, 83), 10.0)
    alert = the_alert(store)
    assert (alert.state, alert.condition) == (State.OPEN, Condition.CLEARED)
    assert told(store, "good_news") == [street.guardian, street.community]


def test_a_worry_that_somebody_answered_is_not_raised_again_the_next_hour(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    report(store, visit(street, at(74)), at(74))
    watching.use(range(74, 97), 0.0)
    assert len(alerts(store)) == 1


def test_taps_that_stay_shut_for_a_day_after_the_visit_are_a_worry_again(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    report(store, visit(street, at(74)), at(74))
    watching.use(range(74, 100), 0.0)
    assert [alert.state for alert in alerts(store)] == [State.CLOSED, State.OPEN]


def test_after_new_water_the_next_silence_is_a_worry_of_its_own(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    report(store, visit(street, at(74)), at(74))
    watching.use(range(74, 77), 10.0)
    watching.use(range(77, 101), 0.0)
    assert [alert.began_at for alert in alerts(store)] == [at(48), at(76)]


def test_a_limit_that_was_learnt_anew_is_not_taken_for_water(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    learn_limit(store, street.home.id, 40.0)
    watching.use(range(74, 80), 0.0)
    assert the_alert(store).condition is Condition.ACTIVE
    assert told(store, "good_news") == []


def test_a_limit_that_was_learnt_is_used_from_then_on(
    store: Store, watching: Watching, street: Street
) -> None:
    learn_limit(store, street.home.id, 8.0)
    lived_in(watching)
    watching.use(range(49, 57), 0.0)
    assert the_alert(store).evidence["limit_hours"] == 8.0


def learn_limit(store: Store, home: int, hours: float) -> None:
    profile = UsageProfile.unlearnt((home,))
    store.telemetry.put_profiles(
        replace(profile, limits_hours=np.full((1, 4, 24), hours), days=np.array([28.0])), START
    )
    with store.transaction() as tx:
        tx.house.bump(PROFILES_REVISION)


def test_a_home_of_which_nothing_is_known_is_never_called_dry(
    store: Store, watching: Watching
) -> None:
    lived_in(watching)
    watching.meters.close(at(52))
    assert alerts(store) == []


def test_where_each_home_stands_is_written_down(store: Store, watching: Watching) -> None:
    lived_in(watching)
    watching.use(range(49, 60), 0.0)
    with store.view() as view:
        (stand,) = view.telemetry.execute(t.stands.select()).mappings()
    assert (stand["last_use_at"], stand["as_of"]) == (START + 48 * HOUR, START + 59 * HOUR)
    assert stand["known"]


# Flat flow


def test_water_that_runs_for_hours_without_varying_is_a_worry(
    store: Store, watching: Watching
) -> None:
    lived_in(watching)
    watching.use(range(49, 51), 0.0)
    watching.use(range(51, 56), 240.0)
    alert = the_alert(store)
    assert alert.kind == FLAT_FLOW
    assert alert.began_at == at(50)


def test_a_flow_that_goes_on_after_somebody_looked_rests_for_a_day(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 51), 0.0)
    watching.use(range(51, 56), 240.0)
    report(store, visit(street, at(56)), at(56))
    watching.use(range(56, 79), 240.0)
    assert [alert.state for alert in alerts(store, FLAT_FLOW)] == [State.CLOSED]
    watching.use(range(79, 84), 240.0)
    assert [alert.state for alert in alerts(store, FLAT_FLOW)] == [State.CLOSED, State.OPEN]


# Silent meters


def test_a_silent_meter_is_unknown_and_not_dry(store: Store, watching: Watching) -> None:
    lived_in(watching)
    watching.meters.close(at(53))
    assert alerts(store) == []
    watching.meters.close(at(54))
    alert = the_alert(store)
    assert (alert.kind, alert.began_at) == (METER_SILENT, at(48))
    assert outbox(store) == []
    watching.meters.close(at(80))
    assert len(alerts(store)) == 1


def test_a_meter_that_speaks_again_closes_its_worry(store: Store, watching: Watching) -> None:
    lived_in(watching)
    watching.meters.close(at(54))
    watching.use(range(55, 56), 3.0)
    alert = the_alert(store)
    assert (alert.state, alert.closed_by) == (State.CLOSED, "system")


def test_a_meter_that_falls_silent_again_is_a_new_worry_at_its_time(
    store: Store, watching: Watching
) -> None:
    lived_in(watching)
    watching.meters.close(at(54))
    watching.use(range(55, 56), 3.0)
    watching.meters.close(at(61))
    assert [alert.began_at for alert in alerts(store)] == [at(48), at(55)]


def test_a_meter_that_never_spoke_is_silent_too(store: Store, watching: Watching) -> None:
    watching.meters.close(at(1))
    assert the_alert(store).evidence["never_heard"] == 1


def test_a_silence_of_our_own_is_not_blamed_on_the_meters(store: Store, watching: Watching) -> None:
    lived_in(watching)
    watching.meters = Meters(store, WATCH, listening_since=at(60))
    watching.meters.close(at(60))
    assert alerts(store) == []
    watching.meters.close(at(62))
    assert [alert.kind for alert in alerts(store)] == [METER_SILENT]


def test_a_running_silence_that_nobody_can_see_any_more_goes_on_escalating(
    store: Store, watching: Watching
) -> None:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    watching.meters.close(at(80))
    alert = the_alert(store) if len(alerts(store)) == 1 else alerts(store, NO_USE)[0]
    assert (alert.state, alert.condition) == (State.OPEN, Condition.UNKNOWN)
    assert told(store, "good_news") == []


@dataclass
class Block:
    """Five homes behind one hub; meters are device 1 and every odd id after it."""

    watching: Watching
    meters: list[int]
    area: int


@pytest.fixture
def block(store: Store, street: Street) -> Block:
    with store.transaction() as tx:
        homes = [add_home(tx, street.area, f"H{n}", hub="gw-1") for n in range(2, 7)]
    return Block(Watching(store, Meters(store, WATCH)), [home.meter for home in homes], street.area)


def test_a_hub_that_is_down_is_one_worry_and_its_homes_are_not_named(
    store: Store, block: Block
) -> None:
    lived_in(block.watching, 1, *block.meters)
    block.watching.use(range(49, 55), 10.0, 1)
    alert = the_alert(store)
    assert alert.kind == f"{HUB_SILENT}:gw-1"
    assert alert.subject_id == block.area
    assert alert.evidence["homes"] == 5


def test_homes_named_before_their_hub_was_known_to_be_down_are_folded_into_it(
    store: Store, block: Block
) -> None:
    lived_in(block.watching, 1, *block.meters)
    block.watching.use(range(49, 51), 10.0, 1, *block.meters[1:])
    block.watching.use(range(51, 57), 10.0, 1)
    kinds = {alert.kind: alert.state for alert in alerts(store)}
    assert kinds == {METER_SILENT: State.CLOSED, f"{HUB_SILENT}:gw-1": State.OPEN}


def test_a_hub_that_comes_back_closes_its_worry(store: Store, block: Block) -> None:
    lived_in(block.watching, 1, *block.meters)
    block.watching.use(range(49, 56), 10.0, 1)
    block.watching.use(range(56, 57), 10.0, 1, *block.meters)
    assert [alert.state for alert in alerts(store)] == [State.CLOSED]


def test_a_hub_that_is_down_makes_no_home_dry(store: Store, block: Block) -> None:
    lived_in(block.watching, 1, *block.meters)
    block.watching.live(range(49, 90), 1)
    assert alerts(store, NO_USE) == []
    block.watching.use(range(90, 92), 3.0, *block.meters)
    assert alerts(store, NO_USE) == []


def test_registers_that_stood_still_while_the_hub_was_down_prove_that_nobody_drew_water(
    store: Store, block: Block
) -> None:
    lived_in(block.watching, 1, *block.meters)
    block.watching.live(range(49, 90), 1)
    block.watching.use(range(90, 92), 0.0, *block.meters)
    assert [alert.began_at for alert in alerts(store, NO_USE)] == [at(48)] * 5


# Absences


def away(store: Store, street: Street, since: float, until: float) -> None:
    declare_absence(store, street.home.id, at(until), "family", "user:1", at(since))


def test_a_declared_absence_raises_no_worry_about_shut_taps(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    away(store, street, 49, 120)
    watching.use(range(49, 120), 0.0)
    assert alerts(store) == []


def test_water_that_runs_in_an_empty_home_is_a_worry_all_the_same(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 51), 0.0)
    away(store, street, 51, 120)
    watching.use(range(51, 57), 240.0)
    assert [alert.kind for alert in alerts(store)] == [FLAT_FLOW]


def test_after_an_absence_the_silence_is_counted_from_its_end(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    away(store, street, 49, 100)
    watching.use(range(49, 124), 0.0)
    assert alerts(store) == []
    watching.use(range(124, 126), 0.0)
    assert the_alert(store).began_at == at(100)


def test_an_absence_ends_at_the_first_use_and_everybody_hears_of_it(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    away(store, street, 49, 400)
    watching.use(range(49, 80), 0.0)
    watching.use(range(80, 81), 10.0)
    (absence,) = rows_of(store, people.absences)
    assert (absence["ended_at"], absence["ended_by"]) == (at(80), "first_use")
    assert sorted(told(store, "coming_back")) == sorted(street.everybody)
    watching.use(range(81, 106), 0.0)
    assert the_alert(store).began_at == at(80)


def test_the_water_of_the_hour_in_which_they_left_does_not_end_the_absence(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    away(store, street, 48.5, 400)
    watching.use(range(49, 50), 10.0)
    watching.use(range(50, 90), 0.0)
    assert rows_of(store, people.absences)[0]["ended_at"] is None


def test_a_gap_in_the_readings_does_not_hide_that_somebody_is_back(
    store: Store, watching: Watching, street: Street
) -> None:
    watching.live(range(30))
    watching.live(range(39, 49))  # nine hours without a reading
    away(store, street, 49, 400)
    watching.use(range(49, 52), 0.0)
    watching.use(range(52, 53), 10.0)
    assert rows_of(store, people.absences)[0]["ended_at"] == at(52)


def test_an_absence_declared_while_the_worry_stands_is_no_water(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    away(store, street, 74, 90)
    watching.use(range(74, 100), 0.0)
    alert = the_alert(store)
    assert (alert.state, alert.condition) == (State.OPEN, Condition.ACTIVE)
    assert told(store, "good_news") == []


def test_an_absence_declared_by_a_clock_ahead_of_ours_is_not_over_before_it_began(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 73), 0.0)
    away(store, street, 74, 90)
    watching.use(range(73, 74), 0.0)
    assert the_alert(store).condition is Condition.ACTIVE


# Killed and started again


def seen_alerts(store: Store) -> list[tuple[str, int, datetime, str]]:
    found = [(a.kind, a.subject_id, a.began_at, a.condition.value) for a in alerts(store)]
    return sorted(found)


@settings(QUICKLY, max_examples=8)
@given(seed=st.integers(0, 10**9), rough=st.booleans())
def test_kills_between_commit_and_judgement_leave_the_same_alerts(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rough: bool
) -> None:
    dice = Random(seed)
    chance = 0.05 if rough else 0.0
    trouble = Trouble(*(dice.choice([0.0, chance]) for _ in range(10)))
    calm, shaken = (fresh_store(tmp_path_factory) for _ in range(2))
    try:
        rows = two_homes(dice, trouble)
        for store in (calm, shaken):
            build_two(store)
        undisturbed = Meters(calm, WATCH)
        calm.telemetry.add(rows)
        undisturbed.take(rows)
        undisturbed.close(datetime.fromtimestamp(rows[-1][2], UTC))
        disturbed = Meters(shaken, WATCH)
        for batch in cut(dice, rows):
            shaken.telemetry.add(batch)
            if dice.random() < 0.3:  # killed after the commit, before the judgement
                disturbed = Meters(shaken, WATCH)
                disturbed.catch_up()
            else:
                disturbed.take(batch)
            if dice.random() < 0.1:
                shaken.telemetry.add(batch)  # the broker delivers it again
        disturbed.close(datetime.fromtimestamp(rows[-1][2], UTC))
        assert seen_alerts(shaken) == seen_alerts(calm)
    finally:
        calm.close()
        shaken.close()


def fresh_store(factory: pytest.TempPathFactory) -> Store:
    url = f"sqlite:///{factory.mktemp('town')}/meterwatch.db"
    migrations.upgrade(url)
    return Store(url)


def build_two(store: Store) -> None:
    street = build_street(store)
    with store.transaction() as tx:
        add_home(tx, street.area, "H2")


def two_homes(dice: Random, trouble: Trouble) -> list[Row]:
    """Four days of two homes, one of which lies still for a while."""
    meters = [Device(number, number, DeviceKind.METER, f"m{number}") for number in (1, 3)]
    rows = arrivals(dice, meters, 100, trouble)
    begin, end = START + dice.randrange(5, 40) * HOUR, START + dice.randrange(60, 100) * HOUR
    shown = [row[3] for row in rows if row[0] == 1 and begin <= row[1] < end]
    return [
        (device, when, heard, shown[0] if device == 1 and begin <= when < end else litres)
        for device, when, heard, litres in rows
    ]


def test_what_was_committed_and_not_judged_is_judged_after_a_restart(
    store: Store, watching: Watching
) -> None:
    lived_in(watching)
    rows = [(1, START + h * HOUR, START + h * HOUR + 3, 1_250.0) for h in range(49, 76)]
    store.telemetry.add(rows)  # committed; then the role was killed
    watching.restart()
    watching.meters.close(at(75.1))
    assert [(a.kind, a.began_at) for a in alerts(store)] == [(NO_USE, at(48))]
    assert the_alert(store).opened_at == at(72) + timedelta(seconds=3)


def test_a_restart_judges_every_home_and_raises_nothing_twice(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    before = timeline(store, the_alert(store).id)
    for _ in range(2):
        watching.restart()
        watching.meters.judge_all(at(73.1))
    assert timeline(store, the_alert(store).id) == before
    report(store, visit(street, at(73.2)), at(73.2))
    watching.restart()
    watching.meters.judge_all(at(73.3))
    assert len(alerts(store)) == 1


def test_what_lay_there_before_the_first_start_counts_as_judged(
    store: Store, street: Street
) -> None:
    store.telemetry.add([(1, START, START + 3, 5.0), (1, START + HOUR, START + HOUR + 3, 6.0)])
    meters = Meters(store, WATCH)
    assert meters.swept == at(1) + timedelta(seconds=3)
    assert meters.board.window([1], {}).litres[0, -1] == 1.0


def test_a_service_without_homes_keeps_its_time(store: Store) -> None:
    meters = Meters(store, WATCH)
    meters.catch_up()
    meters.judge_all(at(1))
    meters.close(at(2))
    assert meters.swept == at(2)
    assert alerts(store) == []


def test_a_home_that_is_imported_while_we_run_is_watched_from_then_on(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    with store.transaction() as tx:
        home = add_home(tx, street.area, "H2")
    watching.meters.refresh()
    watching.use(range(49, 51), 5.0, 1, home.meter)
    assert home.id in watching.meters.board.homes
    assert np.isfinite(watching.meters.board.window([home.id], {}).litres[0, -1])


def test_the_messages_of_a_worry_are_sent_with_its_code(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching)
    watching.use(range(49, 73), 0.0)
    carrier = Carrier()
    post(store, carrier, at(72))
    (text,) = carrier.to(street.guardian)
    alert: Alert = the_alert(store)
    assert alert.code in text
