"""The whole ladder, climbed by a clock that is moved by hand."""

from datetime import datetime

import pytest

from meterwatch.domain.alert import NotAllowed, State
from meterwatch.domain.signal import BELL
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.escalate import escalate
from meterwatch.pipeline.respond import acknowledge, decline, go, report
from meterwatch.store import Store
from tests.parts.street import Street, add_home, build_street, erase_contact
from tests.pipeline.acting import (
    NOW,
    a_press,
    alerts,
    climb,
    minutes,
    outbox,
    press,
    the_alert,
    timeline,
    told,
)
from tests.store.rows import keep_alert


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def heard_at(store: Store, now: datetime) -> list[int]:
    """Move on whatever is due and name the contacts of the new messages."""
    before = len(outbox(store))
    climb(store, now)
    return told(store)[before:]


def visit(street: Street, by: str, outcome: Outcome, at: datetime) -> Visit:
    return Visit(street.home.id, by, "", Mode.HOME, outcome, Seen.WELL, at)


def test_the_ladder_is_climbed_step_by_step_as_time_goes_on(store: Store, street: Street) -> None:
    press(store, a_press(cached=True))  # its ladder: 5 minutes a step, two rounds
    near, duty = [street.neighbour, street.guardian, street.community], list(street.everybody[3:])
    assert heard_at(store, NOW + minutes(4)) == []
    assert heard_at(store, NOW + minutes(5)) == near
    assert heard_at(store, NOW + minutes(10)) == duty
    assert heard_at(store, NOW + minutes(15)) == [street.guardian, street.community]
    assert heard_at(store, NOW + minutes(20)) == near
    assert heard_at(store, NOW + minutes(25)) == duty
    assert heard_at(store, NOW + minutes(30)) == duty  # every round was climbed: the last repeats
    assert heard_at(store, NOW + minutes(44)) == []
    assert heard_at(store, NOW + minutes(45)) == duty


def test_a_bell_asks_everybody_every_three_minutes(store: Store, street: Street) -> None:
    press(store, a_press())
    for count in range(1, 5):
        assert sorted(heard_at(store, NOW + minutes(3 * count))) == sorted(street.everybody)


def test_what_is_not_due_is_left_alone(store: Store, street: Street) -> None:
    press(store, a_press())
    before = alerts(store)
    assert escalate(store, NOW + minutes(2.9)) == 0
    assert alerts(store) == before


def test_no_more_alerts_move_at_once_than_asked_and_none_is_forgotten(store: Store) -> None:
    street = build_street(store)
    with store.transaction() as tx:
        homes = [street.home.id, *(add_home(tx, street.area, f"H{n}").id for n in range(2, 6))]
    for home in homes:
        keep_alert(store, BELL, home)
    assert escalate(store, NOW + minutes(60), limit=2) == 2
    assert climb(store, NOW + minutes(60)) == 3
    assert climb(store, NOW + minutes(60)) == 0


def test_an_acknowledgement_stops_the_ladder_and_without_a_visit_it_goes_on(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))
    acknowledge(store, the_alert(store).id, f"contact:{street.guardian}", NOW + minutes(1))
    assert heard_at(store, NOW + minutes(5.9)) == []
    widened = heard_at(store, NOW + minutes(6))
    assert street.neighbour in widened
    assert the_alert(store).state is State.OPEN
    assert the_alert(store).reason == "no_report"


def test_a_visit_without_an_outcome_comes_back(store: Store, street: Street) -> None:
    press(store, a_press())
    go(store, the_alert(store).id, "user:1", NOW)
    assert heard_at(store, NOW + minutes(19)) == []
    assert sorted(heard_at(store, NOW + minutes(20))) == sorted(street.everybody)


def test_declining_tells_the_next_ones_at_once(store: Store, street: Street) -> None:
    press(store, a_press(cached=True))
    decline(store, the_alert(store).id, f"contact:{street.guardian}", NOW + minutes(1))
    assert street.neighbour in told(store)
    assert the_alert(store).reason == "declined"


def test_nobody_opened_reopens_it_one_step_wider(store: Store, street: Street) -> None:
    press(store, a_press(cached=True))
    by = f"contact:{street.guardian}"
    go(store, the_alert(store).id, by, NOW)
    report(store, visit(street, by, Outcome.NO_ACCESS, NOW + minutes(9)), NOW + minutes(9))
    alert = the_alert(store)
    assert (alert.state, alert.step, alert.reason) == (State.OPEN, 1, "not_reached")
    assert street.neighbour in told(store)


def test_a_closed_alert_is_never_due_again(store: Store, street: Street) -> None:
    press(store, a_press())
    report(store, visit(street, "user:1", Outcome.FALL, NOW + minutes(1)), NOW + minutes(1))
    assert heard_at(store, NOW + minutes(999)) == []
    with pytest.raises(NotAllowed):
        acknowledge(store, the_alert(store).id, "user:1", NOW + minutes(999))


def test_an_act_that_is_refused_leaves_no_trace(store: Store, street: Street) -> None:
    press(store, a_press())
    number = the_alert(store).id
    acknowledge(store, number, "user:1", NOW)
    before, lines = the_alert(store), timeline(store, number)
    with pytest.raises(NotAllowed):
        acknowledge(store, number, "user:2", NOW)
    assert (the_alert(store), timeline(store, number)) == (before, lines)


def test_an_act_on_an_alert_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(NotAllowed):
        go(store, 999, "user:1", NOW)


def test_whoever_was_erased_is_told_nothing_more_and_an_empty_step_is_skipped(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))
    erase_contact(store, street.neighbour)
    erase_contact(store, street.guardian)
    erase_contact(store, street.community)
    assert heard_at(store, NOW + minutes(5)) == list(street.everybody[3:])
    assert "skipped" in timeline(store, the_alert(store).id)


def test_an_alert_that_was_missed_for_hours_is_taken_one_step_at_a_time(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))
    late = NOW + minutes(600)
    assert escalate(store, late) == 1
    assert escalate(store, late) == 0
    assert the_alert(store).step == 1
