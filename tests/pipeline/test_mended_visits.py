"""Visits answer what was there when somebody looked, and a mistaken one takes nothing away."""

from datetime import datetime

import pytest

from meterwatch.domain.alert import State
from meterwatch.domain.signal import BELL, FLAT_FLOW, NO_USE
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.respond import correct, go, report
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from tests.parts.street import Street, build_street
from tests.pipeline.acting import (
    NOW,
    a_press,
    alerts,
    minutes,
    outbox,
    press,
    the_alert,
    timeline,
)
from tests.store.rows import keep_alert


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def visit(
    street: Street,
    logged: datetime,
    saw: datetime | None = None,
    outcome: Outcome = Outcome.SAFE,
    arrived: datetime | None = None,
) -> Visit:
    return Visit(
        street.home.id,
        "user:1",
        "",
        Mode.HOME,
        outcome,
        Seen.WELL if outcome is Outcome.SAFE else Seen.NO_ANSWER,
        logged,
        saw_person_at=saw,
        arrived_at=arrived,
    )


def test_who_looked_before_a_silence_was_raised_has_not_answered_it(
    store: Store, street: Street
) -> None:
    keep_alert(store, NO_USE, street.home.id)
    with store.transaction() as tx:  # its worry began a day before it was raised
        tx.connection.execute(t.alerts.update().values(began_at=NOW - minutes(1440)))
    report(store, visit(street, NOW + minutes(60), saw=NOW - minutes(840)), NOW + minutes(60))
    assert the_alert(store).state is State.OPEN
    report(store, visit(street, NOW + minutes(61), saw=NOW), NOW + minutes(61))
    assert the_alert(store).state is State.CLOSED


@pytest.mark.parametrize(("looked", "state"), [(5, State.VISITING), (15, State.CLOSED)])
def test_a_press_after_somebody_looked_is_not_answered_by_that_look(
    store: Store, street: Street, looked: float, state: State
) -> None:
    press(store, a_press())
    go(store, the_alert(store).id, "user:1", NOW + minutes(2))
    again = NOW + minutes(15)
    press(store, a_press(ref="2", at=again), now=again)
    logged = NOW + minutes(18)
    report(store, visit(street, logged, saw=NOW + minutes(looked)), logged)
    assert the_alert(store).state is state


@pytest.mark.parametrize("arrived", [4, None])
def test_without_a_time_of_seeing_the_arrival_counts_and_then_the_writing_down(
    store: Store, street: Street, arrived: float | None
) -> None:
    press(store, a_press())
    press(store, a_press(ref="2", at=NOW + minutes(6)), now=NOW + minutes(6))
    there = None if arrived is None else NOW + minutes(arrived)
    report(store, visit(street, NOW + minutes(9), arrived=there), NOW + minutes(9))
    assert the_alert(store).state is (State.CLOSED if arrived is None else State.OPEN)


# A mistaken "reached"


def test_reached_by_mistake_raises_anew_what_it_closed(store: Store, street: Street) -> None:
    press(store, a_press())
    keep_alert(store, NO_USE, street.home.id)
    at, later = NOW + minutes(9), NOW + minutes(12)
    line = report(store, visit(street, at), at)
    assert {one.state for one in alerts(store)} == {State.CLOSED}
    correct(store, line, visit(street, later, outcome=Outcome.NO_ACCESS), later)
    anew = [one for one in alerts(store) if one.state is State.OPEN]
    assert {one.kind for one in anew} == {BELL, NO_USE}
    bell = next(one for one in anew if one.kind == BELL)
    assert (bell.began_at, bell.opened_at, bell.raised_at) == (NOW, later, later)
    assert bell.next_due_at == later + minutes(3)
    to = [row["contact_id"] for row in outbox(store, "alert") if row["alert_id"] == bell.id]
    assert sorted(to) == sorted(street.everybody)
    assert timeline(store, alerts(store)[0].id)[-1] == "corrected"


def test_a_correction_that_says_the_same_twice_raises_once(store: Store, street: Street) -> None:
    press(store, a_press())
    line = report(store, visit(street, NOW + minutes(9)), NOW + minutes(9))
    for later in (NOW + minutes(12), NOW + minutes(13)):
        correct(store, line, visit(street, later, outcome=Outcome.NO_ACCESS), later)
    assert [one.state for one in alerts(store)] == [State.CLOSED, State.OPEN]


def test_a_correction_of_a_correction_still_knows_what_the_line_answered(
    store: Store, street: Street
) -> None:
    press(store, a_press())
    line = report(store, visit(street, NOW + minutes(9)), NOW + minutes(9))
    at = NOW + minutes(12)
    fall = correct(store, line, visit(street, at, outcome=Outcome.FALL), at)
    assert the_alert(store).state is State.CLOSED
    correct(store, fall, visit(street, at, outcome=Outcome.UNKNOWN), at)
    assert [one.state for one in alerts(store)] == [State.CLOSED, State.OPEN]


def test_a_correction_leaves_an_alert_that_stands_already_as_it_is(
    store: Store, street: Street
) -> None:
    press(store, a_press())
    line = report(store, visit(street, NOW + minutes(9)), NOW + minutes(9))
    press(store, a_press(ref="2", at=NOW + minutes(10)), now=NOW + minutes(10))
    before = alerts(store)
    at = NOW + minutes(12)
    correct(store, line, visit(street, at, outcome=Outcome.NO_ACCESS), at)
    assert alerts(store) == before


def test_a_visit_answers_every_worry_about_a_life_that_was_there(
    store: Store, street: Street
) -> None:
    for kind in (NO_USE, FLAT_FLOW):
        keep_alert(store, kind, street.home.id)
    report(store, visit(street, NOW + minutes(9)), NOW + minutes(9))
    assert {one.state for one in alerts(store)} == {State.CLOSED}
