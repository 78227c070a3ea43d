"""The outbox: each message once, bells first, and never two hands on one row."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import update

from meterwatch.domain.notification import Delivery, MessageKind, Receipt
from meterwatch.domain.signal import BELL, BELL_MISSED, NO_USE
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from tests.parts.street import Street, build_street
from tests.store.rows import NOW, all_of, awake, keep_alert, note, put, refused_by_the_database


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def test_a_message_with_the_same_key_is_laid_ready_once(store: Store, street: Street) -> None:
    alert = keep_alert(store)
    one = note(alert.id, street.guardian)
    assert put(store, one, one) == 1
    assert put(store, one, note(alert.id, street.guardian, step=1)) == 1
    assert put(store, note(alert.id, street.guardian, kind=MessageKind.CLOSED)) == 1
    assert len(awake(store)) == 3


def test_the_database_holds_the_key_by_itself(store: Store, street: Street) -> None:
    alert = keep_alert(store)
    put(store, note(alert.id, street.guardian), note(alert.id, street.guardian, step=1))
    with refused_by_the_database(store) as tx:
        tx.connection.execute(update(t.notifications).values(step=0))


def test_a_message_about_no_alert_is_laid_ready_once_as_well(store: Store, street: Street) -> None:
    daily = note(None, street.guardian, kind=MessageKind.FIRST_USE, about="first_use:1:2026-03-04")
    other = replace(daily, about="first_use:1:2026-03-05")
    assert [put(store, daily), put(store, daily, other), put(store, other)] == [1, 1, 0]


def test_every_message_has_a_code_of_its_own(store: Store, street: Street) -> None:
    alert = keep_alert(store)
    put(store, *(note(alert.id, street.guardian, on_round=number) for number in range(300)))
    refs = [row["ref"] for row in all_of(store, t.notifications)]
    assert len(set(refs)) == 300
    with refused_by_the_database(store) as tx:
        tx.connection.execute(update(t.notifications).values(ref=refs[0]))


def test_a_message_about_nothing_that_is_there_is_refused(store: Store, street: Street) -> None:
    with refused_by_the_database(store) as tx:
        tx.outbox.put([note(999, street.guardian)], NOW)
    with refused_by_the_database(store) as tx:
        tx.outbox.put([note(None, 999, about="reply:1")], NOW)


def test_bells_are_sent_before_all_else_and_the_rest_as_it_came(
    store: Store, street: Street
) -> None:
    water, bell = keep_alert(store, NO_USE), keep_alert(store, BELL)
    missed = keep_alert(store, BELL_MISSED)
    put(
        store,
        note(None, street.guardian, kind=MessageKind.ANSWER, about="reply:1"),
        note(water.id, street.guardian),
        note(missed.id, street.guardian),
        note(bell.id, street.guardian),
    )
    ids = [parcel.notification.alert_id for parcel in awake(store)]
    assert set(ids[:2]) == {bell.id, missed.id}
    assert set(ids[2:]) == {None, water.id}
    bells = awake(store, bells_only=True)
    assert {parcel.notification.alert_id for parcel in bells} == {bell.id, missed.id}


def test_a_row_wakes_when_its_time_comes_and_not_before(store: Store, street: Street) -> None:
    alert = keep_alert(store)
    put(store, note(alert.id, street.guardian))
    (parcel,) = awake(store)
    later = NOW + timedelta(seconds=60)
    with store.transaction() as tx:
        tx.outbox.mark(parcel.id, Delivery.SUBMITTING, later)
    assert awake(store, NOW) == []
    (again,) = awake(store, later)
    assert again.state is Delivery.SUBMITTING
    with store.transaction() as tx:
        tx.outbox.mark(parcel.id, Delivery.ACCEPTED, None)
    assert awake(store, NOW + timedelta(days=999)) == []


def test_no_more_rows_are_taken_than_asked_for(store: Store, street: Street) -> None:
    alert = keep_alert(store)
    put(store, *(note(alert.id, contact) for contact in street.everybody))
    with store.transaction() as tx:
        assert len(tx.outbox.awake(NOW, 2, bells_only=False)) == 2


def test_rows_in_one_hand_are_passed_over_by_the_other(pg_store: Store) -> None:
    street = build_street(pg_store)
    alert = keep_alert(pg_store)
    put(pg_store, *(note(alert.id, contact) for contact in street.everybody))
    with pg_store.transaction() as one, pg_store.transaction() as other:
        mine = {p.id for p in one.outbox.awake(NOW, 2, bells_only=False)}
        theirs = {p.id for p in other.outbox.awake(NOW, 10, bells_only=False)}
    assert len(mine) == 2
    assert len(theirs) == 3
    assert mine.isdisjoint(theirs)


def test_tries_are_numbered_and_the_database_refuses_one_number_twice(
    store: Store, street: Street
) -> None:
    alert = keep_alert(store)
    put(store, note(alert.id, street.guardian))
    (parcel,) = awake(store)
    with store.transaction() as tx:
        tx.outbox.start_attempt(parcel, "console", NOW)
        tx.outbox.end_attempt(parcel.id, 1, "unclear", "timeout", NOW)
    (attempt,) = all_of(store, t.attempts)
    assert (attempt["ordinal"], attempt["result"], attempt["error"]) == (1, "unclear", "timeout")
    with refused_by_the_database(store) as tx:
        tx.outbox.start_attempt(parcel, "console", NOW)


def test_whoever_holds_a_row_can_see_that_another_took_it(store: Store, street: Street) -> None:
    alert = keep_alert(store)
    put(store, note(alert.id, street.guardian))
    (parcel,) = awake(store)
    with store.transaction() as tx:
        tx.outbox.mark(parcel.id, Delivery.SUBMITTING, NOW, attempts=1)
        assert tx.outbox.stands(parcel.id, Delivery.SUBMITTING, 1)
        tx.outbox.mark(parcel.id, Delivery.SUBMITTING, NOW, attempts=2)
        assert not tx.outbox.stands(parcel.id, Delivery.SUBMITTING, 1)
        assert not tx.outbox.stands(parcel.id, Delivery.UNKNOWN, 2)


def test_a_receipt_is_kept_once_and_finds_its_message_by_the_carriers_number(
    store: Store, street: Street
) -> None:
    alert = keep_alert(store)
    put(store, note(alert.id, street.guardian), note(alert.id, street.community))
    first, _ = awake(store)
    receipt = Receipt("fake", "SM1", Delivery.SENT)
    with store.transaction() as tx:
        tx.outbox.mark(first.id, Delivery.ACCEPTED, None, provider="fake", provider_id="SM1")
        for _ in range(2):
            tx.outbox.keep_receipt(receipt, NOW)
        tx.outbox.keep_receipt(Receipt("fake", "SM1", Delivery.DELIVERED), NOW)
        found = tx.outbox.of_receipt(receipt)
        assert found is not None
        assert found.id == first.id
        assert tx.outbox.of_receipt(Receipt("other", "SM1", Delivery.SENT)) is None
        reported = [one.delivery for one in tx.outbox.receipts_of("fake", "SM1")]
        assert reported == [Delivery.SENT, Delivery.DELIVERED]


def test_a_receipt_before_the_carriers_number_finds_its_message_by_our_own_code(
    store: Store, street: Street
) -> None:
    alert = keep_alert(store)
    put(store, note(alert.id, street.guardian), note(alert.id, street.community))
    first, second = awake(store)
    receipt = Receipt("fake", "SM1", Delivery.SENT, ref=first.ref)
    with store.transaction() as tx:
        found = tx.outbox.of_receipt(receipt)
        assert found is not None
        assert found.id == first.id
        tx.outbox.mark(first.id, Delivery.SENT, None, provider="fake", provider_id="SM1")
        other = Receipt("fake", "SM2", Delivery.SENT, ref=first.ref)
        assert tx.outbox.of_receipt(other) is None  # it has another number already
        assert tx.outbox.of_receipt(Receipt("fake", "SM3", Delivery.SENT)) is None
    assert second.provider_id == ""


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_step_has_failed_when_nothing_of_it_can_arrive_any_more(
    sqlite_store: Store, order: tuple[int, ...]
) -> None:
    street = build_street(sqlite_store)
    alert = keep_alert(sqlite_store)
    mine = [note(alert.id, contact) for contact in street.everybody[:3]]
    put(sqlite_store, *mine, note(alert.id, street.guardian, step=1))
    ends = (Delivery.REJECTED, Delivery.UNDELIVERED, Delivery.SUPPRESSED)
    with sqlite_store.transaction() as tx:
        parcels = tx.outbox.awake(NOW, 9, bells_only=False)
        for number in order:
            assert not tx.outbox.step_failed(mine[0])
            tx.outbox.mark(parcels[number].id, ends[number], None)
        assert tx.outbox.step_failed(mine[0])
        assert not tx.outbox.step_failed(note(alert.id, street.guardian, step=1))
