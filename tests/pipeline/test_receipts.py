"""What a carrier reports: in any order, any number of times, even before we know its number."""

from itertools import permutations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterwatch.domain.notification import Delivery, Receipt
from meterwatch.notify.provider import Sent, Unclear
from meterwatch.pipeline.respond import acknowledge, take_receipt
from meterwatch.store import Store
from tests.parts.street import Street, build_street
from tests.pipeline.acting import (
    NOW,
    Carrier,
    a_press,
    climb,
    minutes,
    outbox,
    post,
    press,
    seconds,
    states,
    the_alert,
    told,
)
from tests.store.rows import keep_alert, note, put

STORY = (Delivery.SENT, Delivery.DELIVERED, Delivery.UNDELIVERED)


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def report(store: Store, delivery: Delivery, number: str = "SM1", ref: str = "") -> None:
    take_receipt(store, Receipt("fake", number, delivery, "30003", ref), NOW)


def send_one(store: Store, street: Street, carrier: Carrier) -> None:
    alert = keep_alert(store, home=street.home.id)
    put(store, note(alert.id, street.guardian))
    post(store, carrier, NOW)


def test_a_receipt_moves_its_message_and_no_other(store: Store, street: Street) -> None:
    press(store, a_press())
    post(store, Carrier(), NOW)
    report(store, Delivery.DELIVERED, "SM2")
    assert sorted(states(store)) == ["accepted"] * 4 + ["delivered"]


def test_a_receipt_of_a_message_that_nobody_sent_moves_nothing(
    store: Store, street: Street
) -> None:
    send_one(store, street, Carrier())
    report(store, Delivery.UNDELIVERED, "SM999")
    assert states(store) == ["accepted"]


@pytest.mark.parametrize("order", list(permutations(STORY)), ids="-".join)
def test_every_order_of_receipts_ends_alike(sqlite_store: Store, order: tuple[Delivery]) -> None:
    send_one(sqlite_store, build_street(sqlite_store), Carrier())
    for delivery in order:
        report(sqlite_store, delivery)
    assert states(sqlite_store) == ["delivered"]


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(story=st.lists(st.sampled_from(STORY), max_size=5), after=st.integers(0, 5))
def test_receipts_may_come_before_the_answer_to_the_send_and_repeat(
    sqlite_store: Store, story: list[Delivery], after: int
) -> None:
    if not rows_there(sqlite_store):
        build_street(sqlite_store)
    fresh = keep_alert(sqlite_store, f"kind-{len(outbox(sqlite_store))}")
    put(sqlite_store, note(fresh.id, 1))
    number = f"SM-{fresh.id}"

    class Talkative(Carrier):
        def send(self, outgoing: object) -> Sent:
            """Report what became of the message before the answer to the send is read."""
            for delivery in story[:after]:
                report(sqlite_store, delivery, number)
            return Sent(number)

    post(sqlite_store, Talkative(), NOW)
    for delivery in story[after:]:
        report(sqlite_store, delivery, number)
    best = max(story, key=("sent", "undelivered", "delivered").index, default=Delivery.ACCEPTED)
    assert outbox(sqlite_store)[-1]["state"] == best


def rows_there(store: Store) -> bool:
    with store.transaction(read_only=True) as tx:
        return bool(tx.homes.watched())


def test_a_receipt_with_our_own_code_clears_up_an_unclear_send(
    store: Store, street: Street
) -> None:
    carrier = Carrier([Unclear("timeout")])
    send_one(store, street, carrier)
    (row,) = outbox(store)
    report(store, Delivery.DELIVERED, "SM77", row["ref"])
    (row,) = outbox(store)
    assert (row["state"], row["provider_id"], row["wake_at"]) == ("delivered", "SM77", None)
    post(store, carrier, NOW + minutes(60))
    assert carrier.asked == []
    assert len(carrier.tried) == 1


def test_an_unclear_answer_does_not_undo_a_receipt_that_came_first(
    store: Store, street: Street
) -> None:
    class Reporting(Carrier):
        def send(self, outgoing: object) -> Unclear:
            """The message arrives and is reported; only the answer to the send is lost."""
            (row,) = outbox(store)
            report(store, Delivery.DELIVERED, "SM77", row["ref"])
            return Unclear("timeout")

    send_one(store, street, Reporting())
    (row,) = outbox(store)
    assert (row["state"], row["provider_id"], row["wake_at"]) == ("delivered", "SM77", None)


def test_an_undelivered_message_takes_the_next_step_at_once(store: Store, street: Street) -> None:
    press(store, a_press(cached=True))
    post(store, Carrier(), NOW)
    report(store, Delivery.UNDELIVERED, "SM1")
    assert climb(store, NOW) == 0  # the other one of the step may still arrive
    report(store, Delivery.UNDELIVERED, "SM2")
    assert climb(store, NOW) == 1
    assert street.neighbour in told(store)


def test_an_undelivered_message_repeated_takes_no_second_step(store: Store, street: Street) -> None:
    press(store, a_press(cached=True))
    post(store, Carrier(), NOW)
    for number, _ in product(("SM1", "SM2"), range(3)):
        report(store, Delivery.UNDELIVERED, number)
    assert climb(store, NOW) == 1
    report(store, Delivery.UNDELIVERED, "SM1")
    assert climb(store, NOW) == 0


def test_an_undelivered_message_of_an_alert_that_somebody_has_wakes_nobody(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))
    post(store, Carrier(), NOW)
    acknowledge(store, the_alert(store).id, "user:1", NOW + seconds(1))
    for number in ("SM1", "SM2"):
        report(store, Delivery.UNDELIVERED, number)
    assert climb(store, NOW + seconds(2)) == 0
