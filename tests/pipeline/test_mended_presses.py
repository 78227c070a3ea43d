"""Presses that were once lost, doubled or kept from people: named twice, repeated, of nobody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from meterwatch.daemon.intake import by_halves
from meterwatch.domain.alert import State, raise_alerts
from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact
from meterwatch.domain.signal import BELL, UNKNOWN_BELL, SubjectKind, heard
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.gateways.wire import press_ref
from meterwatch.pipeline.ingest import Directory, Ingested, ingest
from meterwatch.pipeline.moves import keep_raised, surroundings
from meterwatch.pipeline.respond import acknowledge, go, report
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house, people
from tests.parts.street import Street, build_street
from tests.pipeline.acting import (
    NOW,
    POLICIES,
    Carrier,
    a_press,
    alerts,
    climb,
    minutes,
    outbox,
    post,
    rows_of,
    seconds,
    the_alert,
    timeline,
    told,
)

DAY = timedelta(days=1)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def hear(store: Store, *facts: Fact, now: datetime = NOW) -> Ingested:
    with store.transaction(read_only=True) as tx:
        directory = Directory.of(tx.homes.watched(), tx.homes.retired())
    return ingest(store, directory, POLICIES, facts, now)


def pressed(store: Store, at: datetime, ref: str = "1", *, cached: bool = False) -> int:
    return hear(store, a_press(ref=ref, at=at, cached=cached), now=at).alerts


def found_well(store: Store, street: Street, at: datetime) -> None:
    report(store, Visit(street.home.id, "user:1", "", Mode.HOME, Outcome.SAFE, Seen.WELL, at), at)


# Names that come again


def test_a_bell_that_counts_from_one_again_rings_as_loud_as_ever(
    store: Store, street: Street
) -> None:
    for at in (NOW, NOW + 30 * DAY, NOW + 60 * DAY):
        assert pressed(store, at, "1") == 1
        found_well(store, street, at + minutes(9))
    assert len(alerts(store)) == 3


def test_what_a_broker_brings_again_after_a_restarted_count_is_still_one_press(
    store: Store, street: Street
) -> None:
    pressed(store, NOW)
    again = NOW + 30 * DAY
    pressed(store, again)
    found_well(store, street, again + minutes(9))
    for later in (minutes(10), minutes(23 * 60)):
        assert pressed(store, again + later) == 0
    assert timeline(store, the_alert(store).id).count("signal") == 1


def test_a_bell_whose_clock_stands_is_heard_each_time(store: Store, street: Street) -> None:
    stands = datetime(2016, 1, 1, tzinfo=UTC)
    for at in (NOW, NOW + minutes(40), NOW + 10 * DAY):
        press = ButtonPress("bell-H1", stands, at, press_ref(stands))
        assert hear(store, press, now=at).alerts == 1
        found_well(store, street, at + minutes(9))


def test_the_kept_copy_of_an_answered_press_is_no_news_for_a_week(
    store: Store, street: Street
) -> None:
    pressed(store, NOW)
    found_well(store, street, NOW + minutes(9))
    for days in (0.5, 1, 3, 6.9):
        assert pressed(store, NOW + days * DAY, cached=True) == 0
    assert len(alerts(store)) == 1
    assert pressed(store, NOW + 8 * DAY, cached=True) == 1


def test_a_kept_copy_beside_its_own_press_is_no_second_alert(store: Store, street: Street) -> None:
    batch = (a_press(), a_press(cached=True))
    assert hear(store, *batch).alerts == 1
    assert the_alert(store).kind == BELL


def test_a_copy_that_came_first_does_not_hide_the_press_itself(
    store: Store, street: Street
) -> None:
    assert pressed(store, NOW, cached=True) == 1
    assert pressed(store, NOW + seconds(1)) == 1


# Who has it, and a press after that


@pytest.mark.parametrize(("act", "press_at", "due"), [(acknowledge, 3, 6), (go, 9, 12)])
def test_who_presses_again_while_somebody_has_it_waits_no_longer_than_a_step(
    store: Store, street: Street, act: Callable[..., object], press_at: int, due: int
) -> None:
    pressed(store, NOW)
    post(store, Carrier(), NOW)
    act(store, the_alert(store).id, "user:1", NOW + minutes(2))
    pressed(store, NOW + minutes(press_at), "2")
    assert the_alert(store).next_due_at == NOW + minutes(due)
    climb(store, NOW + minutes(due))
    assert len(told(store, "alert")) == 10
    assert the_alert(store).state is State.OPEN


def test_a_second_press_never_puts_off_what_is_due_earlier(store: Store, street: Street) -> None:
    pressed(store, NOW)
    acknowledge(store, the_alert(store).id, "user:1", NOW)  # due at five minutes
    pressed(store, NOW + minutes(4), "2")
    assert the_alert(store).next_due_at == NOW + minutes(5)


# Bells of nobody, and out of service


def test_the_bell_of_a_device_out_of_service_still_calls_for_its_home(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        bell = people.devices.update().where(people.devices.c.address == "bell-H1")
        tx.connection.execute(bell.values(retired_at=NOW - DAY))
    found = hear(store, a_press())
    assert (found.alerts, found.refused) == (1, 0)
    assert the_alert(store).subject == (SubjectKind.HOUSEHOLD, street.home.id, BELL)
    assert sorted(told(store)) == sorted(street.everybody)


def test_a_bell_of_nobody_is_refused_and_shown_to_the_duty_officer(
    store: Store, street: Street
) -> None:
    assert hear(store, a_press("bell-H9")).refused == 1
    (refused,) = rows_of(store, house.refused)
    assert refused["reason"] == "unknown_device"
    alert = the_alert(store)
    assert alert.kind == f"{UNKNOWN_BELL}:bell-H9"
    (top,) = (row for row in rows_of(store, people.areas) if row["parent_id"] is None)
    assert (alert.subject_kind, alert.subject_id) == (SubjectKind.AREA, top["id"])
    assert not alert.life


def test_a_bell_of_nobody_pressed_again_is_a_line_more(store: Store, street: Street) -> None:
    for ref in ("1", "2", "2"):
        hear(store, a_press("bell-H9", ref))
    assert timeline(store, the_alert(store).id).count("signal") == 1


def test_a_bell_of_nobody_is_settled_once_it_is_somebodys_and_speaks(
    store: Store, street: Street
) -> None:
    hear(store, a_press("bell-H9"))
    with store.transaction() as tx:
        bell = people.devices.update().where(people.devices.c.address == "bell-H1")
        tx.connection.execute(bell.values(address="bell-H9"))
    hear(store, DeviceStatus("bell-H9", NOW, NOW, 80.0, ()), now=NOW + minutes(30))
    assert the_alert(store).state is State.CLOSED


def test_a_stranger_who_invents_bells_does_not_fill_the_console(
    store: Store, street: Street
) -> None:
    for number in range(30):
        hear(store, a_press(f"made-up-{number}"))
    assert len(alerts(store)) == 20
    assert len(rows_of(store, house.refused)) == 30
    assert hear(store, a_press()).alerts == 1  # a real bell is heard as ever


def test_the_memory_of_a_gateway_about_bells_of_nobody_raises_nothing(
    store: Store, street: Street
) -> None:
    assert hear(store, a_press("bell-H9", cached=True)).refused == 1
    assert alerts(store) == []


def test_a_house_without_areas_refuses_a_bell_of_nobody_and_goes_on(sqlite_store: Store) -> None:
    assert hear(sqlite_store, a_press("bell-H9")) == Ingested((), 0, 1)


# Races and alerts that cannot be read


def test_a_press_that_lost_a_race_finds_the_alert_of_the_one_that_won(pg_store: Store) -> None:
    """Two listeners hear two bells of one home at once; each opened an alert of its own."""
    street = build_street(pg_store)
    raced: list[bool] = []

    def act(facts: object) -> None:
        with pg_store.transaction() as tx:
            raised = raise_alerts(
                heard([(street.home.id, a_press(ref="2"))]), {}, surroundings(tx, POLICIES), NOW
            )
            if not raced:
                raced.append(True)
                hear(pg_store, a_press(ref="1"))  # the other one, in a transaction of its own
                keep_raised(tx, raised, NOW)
        hear(pg_store, a_press(ref="2"))

    assert by_halves([a_press(ref="2")], act) == []
    assert timeline(pg_store, the_alert(pg_store).id) == ["opened", "step", "signal"]


def test_a_press_reaches_an_alert_whose_policy_cannot_be_read_any_more(
    store: Store, street: Street
) -> None:
    pressed(store, NOW)
    with store.transaction() as tx:
        tx.connection.execute(t.alerts.update().values(policy={"steps": 7}))
    pressed(store, NOW + minutes(1), "2")
    assert timeline(store, the_alert(store).id)[-1] == "signal"
    climb(store, NOW + minutes(3))
    assert len(outbox(store, "alert")) == 10
