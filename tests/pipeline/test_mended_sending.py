"""Sending through bad hours: carriers down, dead numbers, two senders, alerts that are stuck."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from meterwatch.domain.notification import Delivery
from meterwatch.domain.signal import BELL
from meterwatch.notify.provider import Failed, Fault, Outgoing
from meterwatch.pipeline.deliver import Carriage, deliver
from meterwatch.pipeline.escalate import Stuck, escalate
from meterwatch.store import Store
from tests.parts.street import Street, build_street, phone
from tests.pipeline.acting import (
    NOW,
    Answer,
    Carrier,
    a_press,
    alerts,
    climb,
    minutes,
    outbox,
    post,
    press,
    seconds,
    states,
    the_alert,
)
from tests.store.rows import keep_alert

DOWN = Failed(Fault.UNREACHABLE, permanent=False)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


@dataclass
class Weather(Carrier):
    """A carrier that can be down."""

    down: bool = False

    def send(self, outgoing: Outgoing) -> Answer:
        if not self.down:
            return super().send(outgoing)
        self.tried.append(outgoing)
        return DOWN


def live(store: Store, carrier: Carrier, since: datetime, until: datetime, step: timedelta) -> None:
    """Let the minutes pass: whatever is due moves, whatever is awake is sent."""
    while since < until:
        climb(store, since)
        post(store, carrier, since)
        since += step


def test_a_carrier_that_is_down_for_long_delays_a_message_and_loses_none(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))  # family first, after 5 minutes the near ones and family
    carrier = Weather(down=True)
    live(store, carrier, NOW, NOW + minutes(4), seconds(15))
    assert len(carrier.tried) > 2 * 5
    assert set(states(store)) == {"pending"}
    carrier.down = False
    post(store, carrier, NOW + minutes(4.5))
    assert sorted(carrier.phones()) == [phone(street.guardian), phone(street.community)]


def test_however_long_it_was_down_it_is_asked_again_within_half_a_minute(
    store: Store, street: Street
) -> None:
    press(store, a_press())
    carrier = Weather(down=True)
    live(store, carrier, NOW, NOW + minutes(2.9), seconds(10))
    carrier.down = False
    post(store, carrier, NOW + minutes(2.9) + seconds(30))
    assert len(carrier.phones()) == 5


def test_after_hours_without_a_carrier_nobody_gets_the_same_alert_twice(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))
    carrier = Weather(down=True)
    live(store, carrier, NOW, NOW + minutes(120), minutes(5))
    assert len(outbox(store, "alert")) > 20
    carrier.down = False
    live(store, carrier, NOW + minutes(120), NOW + minutes(121), seconds(30))
    assert sorted(carrier.phones()) == sorted(phone(contact) for contact in street.everybody)
    errors = {row["error"] for row in outbox(store) if row["state"] == Delivery.SUPPRESSED}
    assert errors == {"superseded"}
    assert "rejected" not in states(store)


def test_where_the_last_ones_of_the_ladder_cannot_be_reached_those_below_are_asked_on(
    store: Store, street: Street
) -> None:
    dead = {phone(street.street_duty), phone(street.district_duty)}
    carrier = Carrier(bad_numbers=dead)
    press(store, a_press(cached=True))
    live(store, carrier, NOW, NOW + minutes(60), minutes(2))
    assert the_alert(store).exhausted
    before = len(carrier.to(street.neighbour))
    live(store, carrier, NOW + minutes(60), NOW + minutes(180), minutes(2.5))
    assert len(carrier.to(street.neighbour)) >= before + 7  # every quarter of an hour
    assert len(carrier.tried) < 400  # and no more often than that


@dataclass
class Shared(Carrier):
    """A slow carrier with another sender beside: every answer takes 20 of the 60 seconds."""

    store: Store | None = None
    clock: datetime = NOW
    inside: bool = field(default=False)

    def send(self, outgoing: Outgoing) -> Answer:
        self.clock += seconds(20)
        if not self.inside and self.store is not None:
            self.inside = True
            self.once(self.store)
            self.inside = False
        return super().send(outgoing)

    def once(self, store: Store) -> int:
        return deliver(store, Carriage(self, UTC), lambda: self.clock, lambda: self.clock)


def test_two_senders_on_a_slow_carrier_send_nothing_twice(store: Store, street: Street) -> None:
    press(store, a_press())
    carrier = Shared(store=store)
    while carrier.once(store):
        pass
    assert sorted(carrier.phones()) == sorted(phone(contact) for contact in street.everybody)
    assert carrier.asked == []  # none was ever in doubt


def test_an_alert_that_cannot_be_moved_holds_up_no_other_and_is_told_of(store: Store) -> None:
    street = build_street(store)
    keep_alert(store, BELL, 999)  # about a home that is not there
    keep_alert(store, BELL, street.home.id)
    late = NOW + minutes(60)
    assert escalate(store, late) == 1
    stuck, moved = alerts(store)
    assert (stuck.round, moved.round) == (0, 1)
    with pytest.raises(Stuck, match=str(stuck.id)):
        escalate(store, late)
    assert alerts(store)[0] == stuck  # it stays due
