"""What arrives is kept, and what people told us is acted on in the same breath."""

from dataclasses import replace
from typing import Any

import pytest

from meterwatch.domain.alert import State
from meterwatch.domain.fact import DeviceStatus
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import BELL, BELL_MISSED
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.ingest import Directory, ingest
from meterwatch.pipeline.respond import report
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house, people
from tests.parts.street import Street, add_home, build_street
from tests.pipeline.acting import (
    NOW,
    POLICIES,
    a_press,
    a_reading,
    alerts,
    minutes,
    outbox,
    press,
    rows_of,
    seconds,
    the_alert,
    timeline,
    told,
)


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def readings(store: Store) -> list[float]:
    litres: list[float] = store.telemetry.series(None, 10**9, 2 * 10**9).litres.tolist()
    return litres


def test_a_press_is_an_alert_and_a_message_to_everybody_in_one_transaction(
    store: Store, street: Street
) -> None:
    assert press(store, a_press()).alerts == 1
    alert = the_alert(store)
    assert (alert.kind, alert.subject_id, alert.state) == (BELL, street.home.id, State.OPEN)
    assert sorted(told(store)) == sorted(street.everybody)
    assert {row["alert_id"] for row in outbox(store)} == {alert.id}
    assert timeline(store, alert.id) == ["opened", "step"]


def test_a_press_that_cannot_be_kept_whole_is_not_kept_at_all(
    sqlite_store: Store,
) -> None:
    build_street(sqlite_store)
    with sqlite_store.transaction(read_only=True) as tx:
        directory = Directory.of(tx.homes.watched())
    homeless = {
        address: replace(one, device=replace(one.device, household_id=999))
        for address, one in directory.by_address.items()
    }
    with pytest.raises(Exception, match="No row was found"):
        ingest(sqlite_store, Directory(homeless), POLICIES, [a_press()], NOW)
    assert alerts(sqlite_store) == []
    assert outbox(sqlite_store) == []


@pytest.mark.parametrize("batches", [[1, 1], [2]])
def test_the_same_press_twice_is_one_press(
    store: Store, street: Street, batches: list[int]
) -> None:
    for count in batches:
        press(store, *[a_press()] * count)
    assert timeline(store, the_alert(store).id) == ["opened", "step"]
    assert len(rows_of(store, t.signals)) == 1
    assert len(outbox(store)) == 5


def test_a_bell_pressed_again_is_written_to_its_alert_and_texts_nobody_again(
    store: Store, street: Street
) -> None:
    press(store, a_press(ref="1"))
    later = NOW + seconds(20)
    assert press(store, a_press(ref="2", at=later), now=later).alerts == 0
    alert = the_alert(store)
    assert timeline(store, alert.id) == ["opened", "step", "signal"]
    assert alert.as_of == later
    assert len(outbox(store)) == 5
    assert len(rows_of(store, t.signals)) == 2


def test_two_presses_of_one_home_in_one_batch_open_one_alert(store: Store, street: Street) -> None:
    assert press(store, a_press(ref="1"), a_press(ref="2")).alerts == 1
    assert timeline(store, the_alert(store).id) == ["opened", "step", "signal"]


def test_a_press_after_its_alert_was_closed_rings_again(store: Store, street: Street) -> None:
    press(store, a_press(ref="1"))
    visit = Visit(
        street.home.id, "user:1", "", Mode.HOME, Outcome.BUTTON_ACCIDENTAL, Seen.WELL, NOW
    )
    report(store, visit, NOW)
    later = NOW + minutes(2)
    assert press(store, a_press(ref="2", at=later), now=later).alerts == 1
    assert [alert.state for alert in alerts(store)] == [State.CLOSED, State.OPEN]


def test_a_cached_press_is_a_possible_missed_press_with_a_ladder_of_its_own(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))
    alert = the_alert(store)
    assert alert.kind == BELL_MISSED
    assert sorted(told(store)) == sorted([street.guardian, street.community])


def test_a_press_of_a_meter_is_odd_and_is_never_judged_away(store: Store, street: Street) -> None:
    assert press(store, a_press("meter-H1")).alerts == 1


def test_a_press_of_an_unknown_device_is_refused_and_shown(store: Store, street: Street) -> None:
    assert press(store, a_press("bell-H9")).refused == 1
    (row,) = rows_of(store, house.refused)
    assert row["reason"] == "unknown_device"
    assert "bell-H9" in row["detail"]
    assert row["topic"] == "bell-H9"
    assert the_alert(store).kind == "unknown_bell:bell-H9"


def test_a_button_that_sends_registers_is_refused_as_what_it_is(
    store: Store, street: Street
) -> None:
    press(store, a_reading(5.0, device="bell-H1"))
    (row,) = rows_of(store, house.refused)
    assert row["reason"] == "wrong_kind"
    assert readings(store) == []


def test_one_bad_fact_takes_nothing_from_the_good_ones_of_its_batch(
    store: Store, street: Street
) -> None:
    found = press(store, a_reading(10.0, device="nobody"), a_press(), a_reading(12.0))
    assert (len(found.rows), found.alerts, found.refused) == (1, 1, 1)
    assert readings(store) == [12.0]


def test_readings_alone_open_no_transaction_on_the_people(sqlite_store: Store) -> None:
    build_street(sqlite_store)
    with sqlite_store.transaction(read_only=True) as tx:
        directory = Directory.of(tx.homes.watched())
    with sqlite_store.transaction():  # somebody writes: a press would have to wait
        found = ingest(sqlite_store, directory, POLICIES, [a_reading(12.0)], NOW)
    assert len(found.rows) == 1


def test_a_batch_taken_twice_changes_nothing(store: Store, street: Street) -> None:
    batch = (a_reading(12.0), a_press(), a_reading(15.0, NOW + minutes(60)))
    press(store, *batch)
    before = (readings(store), alerts(store), [r | {"ref": ""} for r in outbox(store)])
    press(store, *batch)
    assert (readings(store), alerts(store), [r | {"ref": ""} for r in outbox(store)]) == before


def test_the_rows_are_given_on_in_the_order_in_which_they_came(
    store: Store, street: Street
) -> None:
    late = a_reading(9.0, NOW - minutes(60))
    found = press(store, a_reading(12.0), late)
    assert [row[3] for row in found.rows] == [12.0, 9.0]
    assert {row[0] for row in found.rows} == {street.home.meter}


def test_a_red_home_is_in_a_greater_hurry(store: Store) -> None:
    street = build_street(store)
    with store.transaction() as tx:
        add_home(tx, street.area, "H2", Grade.RED)
    press(store, a_press("bell-H2"))
    alert = the_alert(store)
    assert alert.grade is Grade.RED
    assert alert.next_due_at == NOW + seconds(90)


def test_the_newest_word_of_a_device_about_itself_stands(store: Store, street: Street) -> None:
    def status(battery: float, at: Any) -> DeviceStatus:
        return DeviceStatus("bell-H1", at, at, battery, ("low",))

    press(store, status(40.0, NOW))
    press(store, status(90.0, NOW - minutes(5)), status(35.0, NOW + minutes(5)))
    (row,) = rows_of(store, people.device_states)
    assert (row["battery_percent"], row["flags"]) == (35.0, ["low"])
