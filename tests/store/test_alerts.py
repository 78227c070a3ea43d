"""Alerts in the database: what it holds by itself, and what it answers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from meterwatch.domain.alert import Act, Alert, Circle, Condition, Line, State, advance
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import Delivery
from meterwatch.domain.signal import BELL, BELL_MISSED, FLAT_FLOW, NO_USE, Signal, SubjectKind
from meterwatch.store import Store
from meterwatch.store.rows import alert_values
from meterwatch.store.tables import alerts as t
from tests.parts.street import Street, build_street
from tests.store.rows import (
    NOW,
    SOON,
    all_of,
    fresh_alert,
    keep_alert,
    note,
    put,
    refused_by_the_database,
    signal,
)

HOME = (SubjectKind.HOUSEHOLD, 1, NO_USE)


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def close(store: Store, alert: Alert, *, cleared: bool = False) -> Alert:
    closed = advance(alert, Act.REACHED, "user:1", Circle({}), NOW).alert
    condition = Condition.CLEARED if cleared else Condition.ACTIVE
    with store.transaction() as tx:
        tx.alerts.save(replace(closed, condition=condition))
    return closed


def test_an_alert_comes_back_as_it_was_kept(store: Store) -> None:
    rich = replace(
        fresh_alert(),
        had_it=("contact:3", "user:1"),
        owner="contact:3",
        state=State.ACKNOWLEDGED,
        said_safe_by="contact:3",
        evidence={"silence_hours": 25.5, "device": "m1", "as_of": 3},
    )
    with store.transaction() as tx:
        kept = tx.alerts.add(rich, NOW)
    with store.transaction() as tx:
        assert tx.alerts.get(kept.id) == kept == replace(rich, id=kept.id, code=kept.code)


def test_the_database_refuses_an_open_alert_that_is_never_due(store: Store) -> None:
    kept = keep_alert(store)
    with refused_by_the_database(store) as tx:
        tx.connection.execute(update(t.alerts).values(next_due_at=None))
    with store.transaction() as tx:
        assert tx.alerts.get(kept.id) == kept


def test_the_database_refuses_a_closed_alert_that_is_due(store: Store) -> None:
    keep_alert(store)
    with refused_by_the_database(store) as tx:
        tx.connection.execute(update(t.alerts).values(state="closed"))


def test_the_database_refuses_a_second_standing_alert_of_one_kind_about_one_home(
    store: Store,
) -> None:
    keep_alert(store)
    with refused_by_the_database(store) as tx:
        tx.alerts.add(fresh_alert(), NOW)


def test_another_kind_another_home_and_a_closed_one_stand_beside_it(store: Store) -> None:
    close(store, keep_alert(store))
    for kind, home in ((NO_USE, 1), (FLAT_FLOW, 1), (NO_USE, 2)):
        keep_alert(store, kind, home)
    with store.transaction() as tx:
        assert len(tx.alerts.standing()) == 3


@pytest.mark.parametrize(
    ("column", "word"), [("state", "gone"), ("condition", "?"), ("grade", "blue")]
)
def test_the_database_refuses_words_that_mean_nothing(store: Store, column: str, word: str) -> None:
    keep_alert(store)
    with refused_by_the_database(store) as tx:
        tx.connection.execute(update(t.alerts).values({column: word}))


def test_a_moment_without_a_zone_is_refused_before_it_reaches_the_database(store: Store) -> None:
    with pytest.raises(Exception, match="without a zone"), store.transaction() as tx:
        tx.alerts.add(replace(fresh_alert(), began_at=NOW.replace(tzinfo=None)), NOW)


def test_what_is_due_comes_the_longest_overdue_first_and_no_more_than_asked(store: Store) -> None:
    late, later, not_yet = (keep_alert(store, NO_USE, home) for home in (1, 2, 3))
    times = ((late, 1), (later, 2), (not_yet, 30))
    with store.transaction() as tx:
        for alert, minutes in times:
            tx.alerts.save(replace(alert, next_due_at=NOW + timedelta(minutes=minutes)))
        due = tx.alerts.due(NOW + timedelta(minutes=5), 10)
        assert due == (late.id, later.id)
        assert len(tx.alerts.due(NOW + timedelta(minutes=5), 1)) == 1
        assert tx.alerts.due(NOW, 10) == ()


def test_standing_alerts_are_found_by_exactly_their_subjects(store: Store) -> None:
    first = keep_alert(store)
    keep_alert(store, FLAT_FLOW)
    keep_alert(store, NO_USE, 2)
    close(store, keep_alert(store, NO_USE, 3))
    third = (SubjectKind.HOUSEHOLD, 3, NO_USE)
    with store.transaction() as tx:
        assert tx.alerts.standing_of([HOME, third]) == {HOME: first}
        assert tx.alerts.standing_of([]) == {}
        assert [a.id for a in tx.alerts.standing_of_home(1)] == [first.id, first.id + 1]


def test_a_question_about_a_whole_province_is_answered(store: Store) -> None:
    first = keep_alert(store)
    subjects = [(SubjectKind.HOUSEHOLD, home, NO_USE) for home in range(1, 22_001)]
    with store.transaction() as tx:
        assert tx.alerts.standing_of(subjects) == {HOME: first}
        assert tx.alerts.answered(subjects) == {}
        asked = [signal(home=home) for home in range(1, 22_001)]
        assert len(tx.alerts.unheard(asked)) == 22_000


def test_it_is_remembered_when_people_answered_a_worry_and_not_when_it_ended_itself(
    store: Store,
) -> None:
    close(store, keep_alert(store))
    close(store, keep_alert(store, home=2), cleared=True)
    keep_alert(store, home=3)
    subjects = [(SubjectKind.HOUSEHOLD, home, NO_USE) for home in (1, 2, 3)]
    with store.transaction() as tx:
        assert tx.alerts.answered(subjects) == {HOME: NOW}


def test_a_signal_is_stored_once(store: Store) -> None:
    kept = keep_alert(store)
    one, other = signal(), signal(at=SOON + timedelta(hours=1))
    with store.transaction() as tx:
        assert tx.alerts.unheard([one, other, one]) == (one, other)
        tx.alerts.add_signal(one, kept.id, NOW)
        tx.alerts.add_signal(one, kept.id, SOON)
        assert tx.alerts.unheard([one, other]) == (other,)
    assert [row["stored_at"] for row in all_of(store, t.signals)] == [NOW]


def a_press(hours: float, *, copy: bool = False, ref: str = "b1:7") -> Signal:
    """A press of always the same name, heard so many hours after the first."""
    at, kind = NOW + timedelta(hours=hours), BELL_MISSED if copy else BELL
    return replace(signal(kind, at=at), key=f"{kind}:{ref}")


@pytest.mark.parametrize(
    ("copy", "hours"), [(False, 0.1), (False, 24), (True, 0.1), (True, 100), (True, 7 * 24)]
)
def test_a_press_heard_again_soon_repeats_the_stored_one(
    store: Store, copy: bool, hours: float
) -> None:
    kept = keep_alert(store, BELL)
    with store.transaction() as tx:
        tx.alerts.add_signal(a_press(0), kept.id, NOW)
        assert tx.alerts.unheard([a_press(hours, copy=copy)]) == ()


@pytest.mark.parametrize(("copy", "hours"), [(False, 24.1), (False, 900), (True, 7 * 24 + 0.1)])
def test_the_same_name_after_a_while_is_another_press_and_repeats_itself_no_less(
    store: Store, copy: bool, hours: float
) -> None:
    kept = keep_alert(store, BELL)
    with store.transaction() as tx:
        tx.alerts.add_signal(a_press(0), kept.id, NOW)
        (new,) = tx.alerts.unheard([a_press(hours, copy=copy)])
        tx.alerts.add_signal(new, kept.id, NOW)
        assert tx.alerts.unheard([a_press(hours + 23.9, copy=copy)]) == ()
        (third,) = tx.alerts.unheard([a_press(hours + 24 * 8, copy=copy)])
        assert len({a_press(0).key, new.key, third.key}) == 3


def test_a_stored_copy_does_not_hide_the_press_nor_one_name_another_that_it_begins(
    store: Store,
) -> None:
    kept = keep_alert(store, BELL)
    longer = a_press(1, ref="b1:77")
    with store.transaction() as tx:
        tx.alerts.add_signal(a_press(0, copy=True), kept.id, NOW)
        assert tx.alerts.unheard([a_press(1), longer]) == (a_press(1), longer)


def test_a_press_and_its_copy_in_one_batch_are_the_press(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.alerts.unheard([a_press(0), a_press(0, copy=True)]) == (a_press(0),)


def test_codes_of_four_digits_are_not_shared_by_what_stands_or_rested_less_than_a_day(
    store: Store,
) -> None:
    codes = [keep_alert(store, NO_USE, home).code for home in range(1, 200)]
    assert len(set(codes)) == len(codes)
    assert all(len(code) == 4 and code.isdecimal() and code[0] != "0" for code in codes)


def test_where_every_code_of_four_digits_is_taken_the_next_has_six(sqlite_store: Store) -> None:
    values = alert_values(fresh_alert())
    taken = [values | {"subject_id": n, "code": str(n)} for n in range(1_000, 10_000)]
    with sqlite_store.transaction() as tx:
        tx.connection.execute(t.alerts.insert(), taken)
    assert len(keep_alert(sqlite_store).code) == 6


def test_an_alert_is_found_by_its_code_and_the_newest_of_two_counts(store: Store) -> None:
    old = close(store, keep_alert(store))
    new = keep_alert(store)
    with store.transaction() as tx:
        tx.alerts.save(replace(new, code=old.code))
        found = tx.alerts.by_code(old.code)
        assert found is not None
        assert found.id == new.id
        assert tx.alerts.by_code("0000") is None


def test_who_was_told_are_those_whom_a_message_may_have_reached(
    store: Store, street: Street
) -> None:
    alert = keep_alert(store)
    put(store, *(note(alert.id, contact) for contact in street.everybody))
    states = (Delivery.DELIVERED, Delivery.REJECTED, Delivery.UNKNOWN, Delivery.SUPPRESSED)
    with store.transaction() as tx:
        for parcel, state in zip(tx.outbox.awake(NOW, 9, bells_only=False), states, strict=False):
            tx.outbox.mark(parcel.id, state, None)
        told = {street.guardian, street.neighbour, street.district_duty}
        assert tx.alerts.told(alert.id) == told
        assert tx.outbox.went_out(alert.id, street.guardian)
        assert not tx.outbox.went_out(alert.id, street.community)
        assert not tx.outbox.went_out(alert.id, street.district_duty)  # still lies there
        assert [a.id for a in tx.alerts.open_for_contact(street.guardian)] == [alert.id]
        assert tx.alerts.open_for_contact(street.community) == ()


def test_the_timeline_keeps_its_lines_in_order(store: Store) -> None:
    alert = keep_alert(store)
    with store.transaction() as tx:
        tx.alerts.write(alert.id, [Line("opened"), Line("step", detail={"step": 0})], NOW)
        tx.alerts.write(alert.id, [], NOW)
        tx.alerts.write(alert.id, [Line("acknowledged", "contact:3")], SOON)
    lines = all_of(store, t.alert_lines)
    assert [(row["what"], row["actor"], row["at"]) for row in lines] == [
        ("opened", "system", NOW),
        ("step", "system", NOW),
        ("acknowledged", "contact:3", SOON),
    ]


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with refused_by_the_database(store) as tx:
        tx.alerts.add(fresh_alert(BELL), NOW)
        tx.outbox.put([note(999, 999)], NOW)
    assert all_of(store, t.alerts) == []


def test_who_comes_to_an_alert_that_somebody_is_moving_sees_what_became_of_it(
    pg_store: Store,
) -> None:
    held = keep_alert(pg_store)
    moved = replace(held, next_due_at=NOW + timedelta(days=2))
    with ThreadPoolExecutor(1) as other:
        with pg_store.transaction() as tx:
            assert tx.alerts.get(held.id) == held
            late = other.submit(lambda: read_alone(pg_store, held.id))
            tx.alerts.save(moved)
        assert late.result(10) == moved


def read_alone(store: Store, alert: int) -> Alert | None:
    with store.transaction() as tx:
        return tx.alerts.get(alert)


def test_a_policy_that_cannot_be_read_any_more_is_replaced(store: Store) -> None:
    kept = keep_alert(store)
    aunt = {"steps": [{"roles": ["aunt"], "wait": 1, "channel": "sms"}]}
    odds: tuple[object, ...] = ({}, {"steps": 7}, [], aunt)
    for odd in odds:
        with store.transaction() as tx:
            tx.connection.execute(update(t.alerts).values(policy=odd, step=9))
            read = tx.alerts.get(kept.id)
        assert read is not None
        assert read.policy == Policies().of(NO_USE, Grade.GREEN)
        assert read.step == len(read.policy.steps) - 1


def test_roles_are_words_that_the_database_knows(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        circle = tx.homes.circle((SubjectKind.HOUSEHOLD, street.home.id))
    assert circle.by_role[Role.GUARDIAN] == (street.guardian,)
