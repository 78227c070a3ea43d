"""Sending: nothing lost, nothing twice, and nobody waits because something is unclear."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from meterwatch.domain.alert import State
from meterwatch.domain.notification import Channel, Delivery, MessageKind, Notification
from meterwatch.domain.signal import NO_USE
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Fault,
    Found,
    Outgoing,
    Sent,
    Unclear,
)
from meterwatch.pipeline.deliver import Carriage, deliver
from meterwatch.pipeline.respond import acknowledge, go, report
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from tests.parts.street import Street, build_street, erase_contact, phone
from tests.pipeline.acting import (
    NOW,
    Carrier,
    Died,
    a_press,
    climb,
    minutes,
    outbox,
    post,
    press,
    rows_of,
    seconds,
    states,
    the_alert,
    timeline,
    told,
)
from tests.store.rows import keep_alert, note, put

BUSY = Failed(Fault.BUSY, permanent=False, code="20429")
BAD = Failed(Fault.NUMBER, permanent=True, code="21211")
TIMEOUT = Unclear("timeout")


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


def one_message(store: Store, street: Street) -> int:
    """Lay ready a single message about a home without water; give the alert."""
    alert = keep_alert(store, NO_USE, street.home.id)
    put(store, note(alert.id, street.guardian))
    return alert.id


def the_row(store: Store) -> dict[str, object]:
    (row,) = outbox(store)
    return row


def results(store: Store) -> list[str]:
    return [row["result"] for row in rows_of(store, t.attempts)]


# Sent


def test_what_is_accepted_is_sent_once_and_its_number_kept(
    store: Store, street: Street, carrier: Carrier
) -> None:
    one_message(store, street)
    assert post(store, carrier, NOW) == 1
    assert post(store, carrier, NOW + minutes(60)) == 0
    assert len(carrier.took) == 1
    row = the_row(store)
    assert (row["state"], row["provider"], row["provider_id"]) == ("accepted", "fake", "SM1")
    assert row["wake_at"] is None
    assert results(store) == ["sent"]


def test_a_press_reaches_all_phones_with_its_code_and_its_minute(
    store: Store, street: Street, carrier: Carrier
) -> None:
    press(store, a_press())
    post(store, carrier, NOW)
    assert sorted(carrier.phones()) == sorted(phone(contact) for contact in street.everybody)
    code = the_alert(store).code
    for outgoing in carrier.took.values():
        assert code in outgoing.text
        assert "06:40" in outgoing.text
        assert outgoing.params["code"] == code


def test_a_text_says_what_is_so_when_it_is_sent(
    store: Store, street: Street, carrier: Carrier
) -> None:
    press(store, a_press(cached=True))
    post(store, carrier, NOW)
    climb(store, NOW + minutes(5))
    post(store, carrier, NOW + minutes(5))
    ordinals = {one.params["ordinal"] for one in carrier.took.values()}
    assert ordinals == {1, 2}
    for contact in (street.guardian, street.community):
        first, second = carrier.to(contact)
        assert first != second


def test_bells_can_be_sent_by_a_sender_of_their_own(
    store: Store, street: Street, carrier: Carrier
) -> None:
    one_message(store, street)
    press(store, a_press())
    carriage = Carriage(carrier, UTC)
    while deliver(store, carriage, lambda: NOW, lambda: NOW, bells_only=True):
        pass
    assert len(carrier.took) == 5
    assert states(store).count("pending") == 1


# Refused


def test_a_refusal_for_good_is_final(store: Store, street: Street, carrier: Carrier) -> None:
    carrier.bad_numbers = {phone(street.guardian)}
    one_message(store, street)
    post(store, carrier, NOW)
    assert post(store, carrier, NOW + minutes(999)) == 0
    row = the_row(store)
    assert (row["state"], row["error"]) == ("rejected", "number:21211")


def test_where_every_number_of_a_step_is_refused_the_next_step_is_taken_at_once(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.bad_numbers = {phone(street.guardian), phone(street.community)}
    press(store, a_press(cached=True))
    post(store, carrier, NOW + seconds(1))
    assert climb(store, NOW + seconds(1)) == 1
    assert told(store)[2] == street.neighbour


def test_while_one_of_a_step_may_still_arrive_the_step_keeps_its_time(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.bad_numbers = {phone(street.guardian)}
    press(store, a_press(cached=True))
    post(store, carrier, NOW)
    assert climb(store, NOW + minutes(4)) == 0


def test_an_account_that_refuses_everything_is_not_stormed(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.bad_numbers = {phone(contact) for contact in street.everybody}
    press(store, a_press(cached=True))
    for second in range(0, 600, 10):
        climb(store, NOW + seconds(second))
        post(store, carrier, NOW + seconds(second))
    assert len(carrier.tried) < 30
    assert the_alert(store).state is State.OPEN


def test_a_refusal_for_the_moment_is_tried_again_a_little_later_each_time(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers = [BUSY, BUSY]
    one_message(store, street)
    post(store, carrier, NOW)
    assert post(store, carrier, NOW, NOW + seconds(1)) == 0
    assert post(store, carrier, NOW, NOW + seconds(2)) == 1
    assert post(store, carrier, NOW, NOW + seconds(5)) == 0
    assert post(store, carrier, NOW, NOW + seconds(6)) == 1
    assert states(store) == ["accepted"]
    assert results(store) == ["failed", "failed", "sent"]
    assert len({one.ref for one in carrier.tried}) == 1


def test_a_carrier_that_is_down_for_long_is_tried_on_and_nobody_is_given_up(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers = [BUSY] * 12
    one_message(store, street)
    for later in range(0, 600, 2):
        post(store, carrier, NOW, NOW + seconds(later))
    assert states(store) == ["accepted"]
    assert len(carrier.tried) == 13
    assert climb(store, NOW) == 0


# Neither yes nor no


def test_an_unclear_send_is_asked_after_and_never_simply_repeated(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers, carrier.swallows = [TIMEOUT], True  # it arrived, the answer did not
    one_message(store, street)
    post(store, carrier, NOW)
    assert states(store) == ["unknown"]
    assert post(store, carrier, NOW, NOW + seconds(34)) == 0
    assert post(store, carrier, NOW, NOW + seconds(35)) == 1
    row = the_row(store)
    assert (row["state"], row["provider_id"]) == ("sent", "SM1")
    assert len(carrier.tried) == 1


def test_only_a_proof_of_absence_given_twice_sends_it_again(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers = [TIMEOUT]
    one_message(store, street)
    post(store, carrier, NOW)
    post(store, carrier, NOW, NOW + seconds(35))
    assert (len(carrier.asked), len(carrier.tried)) == (1, 1)
    post(store, carrier, NOW, NOW + seconds(70))
    assert (len(carrier.asked), len(carrier.tried)) == (2, 2)
    assert states(store) == ["accepted"]
    assert len({one.ref for one in carrier.tried}) == 1
    assert results(store) == ["unclear", "sent"]


def test_an_absence_and_then_a_find_sends_nothing_again(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers = [TIMEOUT]
    carrier.finds = [Absent(), Found("SM9", Delivery.DELIVERED)]
    one_message(store, street)
    for later in (0, 35, 70, 105):
        post(store, carrier, NOW, NOW + seconds(later))
    assert len(carrier.tried) == 1
    assert the_row(store)["state"] == "delivered"


def test_a_carrier_that_cannot_tell_is_asked_for_a_while_and_the_message_never_repeated(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers, carrier.finds = [TIMEOUT], [CannotTell("500")] * 100
    one_message(store, street)
    for later in range(0, 3_600, 35):
        post(store, carrier, NOW, NOW + seconds(later))
    assert len(carrier.tried) == 1
    assert len(carrier.asked) == 20
    row = the_row(store)
    assert (row["state"], row["wake_at"]) == ("unknown", None)


def test_what_is_unclear_does_not_delay_the_next_person(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers, carrier.finds = [TIMEOUT, TIMEOUT], [CannotTell("500")] * 100
    press(store, a_press(cached=True))
    post(store, carrier, NOW)
    climb(store, NOW + minutes(5))
    post(store, carrier, NOW + minutes(5))
    assert phone(street.neighbour) in carrier.phones()


# A sender that died


def test_a_sender_that_died_in_the_middle_is_cleared_up_and_nothing_goes_twice(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers, carrier.swallows = [Died()], True
    one_message(store, street)
    with pytest.raises(Died):
        post(store, carrier, NOW)
    assert states(store) == ["submitting"]
    assert post(store, carrier, NOW, NOW + seconds(59)) == 0  # somebody may still be sending it
    post(store, carrier, NOW, NOW + seconds(60))
    assert states(store) == ["unknown"]
    post(store, carrier, NOW, NOW + seconds(95))
    assert states(store) == ["sent"]
    assert len(carrier.took) == len(carrier.tried) == 1


def test_a_sender_that_died_before_the_socket_opened_loses_nothing(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers = [Died()]
    one_message(store, street)
    with pytest.raises(Died):
        post(store, carrier, NOW)
    for later in (60, 95, 130, 131):
        post(store, carrier, NOW, NOW + seconds(later))
    assert len(carrier.took) == 1
    assert states(store) == ["accepted"]


def test_those_behind_the_one_it_died_on_are_sent_as_well(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers, carrier.swallows = [Sent("SM1"), Died()], True
    press(store, a_press())
    with pytest.raises(Died):
        post(store, carrier, NOW)
    for later in (60, 95, 130, 165, 200):
        post(store, carrier, NOW, NOW + seconds(later))
    assert sorted(carrier.phones()) == sorted(phone(contact) for contact in street.everybody)
    assert not set(states(store)) & {"pending", "submitting", "unknown"}


def test_a_slow_sender_does_not_undo_what_another_cleared_up(
    store: Store, street: Street, carrier: Carrier
) -> None:
    one_message(store, street)

    class Slow(Carrier):
        def send(self, outgoing: Outgoing) -> Failed:
            """Come back with a no long after somebody else found that it had arrived."""
            other = Carrier(finds=[Found("SM1", Delivery.DELIVERED)])
            post(store, other, NOW, NOW + seconds(61))
            post(store, other, NOW, NOW + seconds(97))
            return BUSY

    post(store, Slow(), NOW)
    assert states(store) == ["delivered"]


# Not needed any more


def test_an_alert_that_somebody_has_is_not_sent_to_those_still_waiting_for_it(
    store: Store, street: Street, carrier: Carrier
) -> None:
    press(store, a_press())
    acknowledge(store, the_alert(store).id, "user:1", NOW)
    post(store, carrier, NOW)
    assert carrier.took == {}
    assert {(row["state"], row["error"]) for row in outbox(store)} == {
        ("suppressed", "acknowledged")
    }


def test_after_an_acknowledgement_no_try_begins_not_even_a_second_one(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers = [BUSY] * 5
    press(store, a_press())
    post(store, carrier, NOW)
    go(store, the_alert(store).id, "user:1", NOW + seconds(1))
    post(store, carrier, NOW + seconds(60))
    assert len(carrier.tried) == 5
    assert carrier.took == {}


def test_the_all_clear_goes_to_those_who_were_told_and_to_nobody_else(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.bad_numbers = {phone(street.community)}
    press(store, a_press(cached=True))
    post(store, carrier, NOW)
    climb(store, NOW + minutes(5))  # the neighbour is to be told, and is not yet
    visit = Visit(
        street.home.id, f"contact:{street.guardian}", "", Mode.HOME, Outcome.SAFE, Seen.WELL, NOW
    )
    report(store, replace(visit, logged_at=NOW + minutes(6)), NOW + minutes(6))
    post(store, carrier, NOW + minutes(6))
    assert carrier.to(street.neighbour) == []
    assert carrier.to(street.community) == []
    assert len(carrier.to(street.guardian)) == 1


def test_good_news_is_not_sent_after_the_alert_was_closed(
    store: Store, street: Street, carrier: Carrier
) -> None:
    number = one_message(store, street)
    post(store, carrier, NOW)
    put(store, note(number, street.guardian, kind=MessageKind.GOOD_NEWS))
    visit = Visit(street.home.id, "user:1", "", Mode.PHONE, Outcome.SAFE, Seen.WELL, NOW)
    report(store, visit, NOW)
    post(store, carrier, NOW)
    kinds = [one.template.partition(".")[0] for one in carrier.took.values()]
    assert kinds == ["alert", "closed"]


def test_whoever_was_erased_gets_nothing_and_their_step_is_over_at_once(
    store: Store, street: Street, carrier: Carrier
) -> None:
    press(store, a_press(cached=True))
    erase_contact(store, street.guardian)
    erase_contact(store, street.community)
    post(store, carrier, NOW)
    assert carrier.tried == []
    assert climb(store, NOW) == 1
    post(store, carrier, NOW)
    assert carrier.phones() == [phone(street.neighbour)]


def test_whoever_was_erased_while_their_message_was_unclear_is_asked_about_no_more(
    store: Store, street: Street, carrier: Carrier
) -> None:
    carrier.answers = [TIMEOUT]
    one_message(store, street)
    post(store, carrier, NOW)
    erase_contact(store, street.guardian)
    post(store, carrier, NOW, NOW + seconds(60))
    assert carrier.asked == []
    assert the_row(store)["wake_at"] is None


def test_an_answer_goes_out_whatever_became_of_its_alert(
    store: Store, street: Street, carrier: Carrier
) -> None:
    number = one_message(store, street)
    visit = Visit(street.home.id, "user:1", "", Mode.PHONE, Outcome.SAFE, Seen.WELL, NOW)
    report(store, visit, NOW)
    params: dict[str, str | int] = {"answer": "closed"}
    answer = Notification(
        number, 0, 0, street.guardian, Channel.SMS, MessageKind.ANSWER, params, "reply:1"
    )
    put(store, answer)
    post(store, carrier, NOW)
    assert [one.template for one in carrier.took.values()] == ["answer.closed.zh"]


def test_the_time_of_an_absence_is_said_in_the_zone_of_the_people(
    store: Store, street: Street, carrier: Carrier
) -> None:
    until = (NOW + timedelta(days=1)).isoformat()
    absence = Notification(
        None,
        0,
        0,
        street.guardian,
        Channel.SMS,
        MessageKind.ABSENCE,
        {"until_at": until},
        "absence:1",
    )
    put(store, absence)
    post(store, carrier, NOW)
    (outgoing,) = carrier.took.values()
    assert outgoing.params["until"] == "03-03 06:40"
    assert "03-03 06:40" in outgoing.text


def test_what_was_sent_is_not_written_twice_into_the_timeline(
    store: Store, street: Street, carrier: Carrier
) -> None:
    press(store, a_press())
    post(store, carrier, NOW)
    post(store, carrier, NOW)
    assert timeline(store, the_alert(store).id) == ["opened", "step"]
