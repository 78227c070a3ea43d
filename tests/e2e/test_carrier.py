"""The whole house with a carrier over real HTTP: the SDK on our side, hooks into our console.

What reached a phone is the carrier's word (`carrier.phones`); what the house believes is compared
with it. It is the evening of the story: somebody fell at 06:40, and the alert is about to rise.
"""

from datetime import timedelta

import pytest

from meterwatch.domain.alert import State
from meterwatch.domain.household import Role
from meterwatch.domain.notification import Delivery
from tests.e2e.office import REF, REPLY, Office
from tests.parts.carrier import SENDER, Signed, Text, Trouble, sign

SETTLES = timedelta(seconds=36)  # the carrier's own word can be believed after so long
WEATHER = {
    Trouble.TAKE_THEN_500: 0.08,
    Trouble.TAKE_THEN_DROP: 0.08,
    Trouble.TAKE_THEN_GIBBERISH: 0.08,
    Trouble.CALL_BACK_FIRST: 0.08,
    Trouble.DROP: 0.08,
    Trouble.ERROR_500: 0.08,
    Trouble.BUSY: 0.08,
}
# What a message has come to whose text the carrier once took; the others never left.
TAKEN = {Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED, Delivery.UNDELIVERED}


def test_daughter_and_community_contact_are_texted_at_once_and_receipts_move_their_messages(
    office: Office,
) -> None:
    code = office.alert().row.alert.code
    assert set(office.carrier.phones) == {office.phone(Role.GUARDIAN), office.phone(Role.COMMUNITY)}
    (text,) = office.texts_to(Role.GUARDIAN)
    assert text.startswith(f"【示例区】居家安全：编号{code}住户长时间未用水")
    assert REF.search(text)
    assert office.deliveries(Role.GUARDIAN) == [Delivery.ACCEPTED]

    office.carrier.report(office.text_to(Role.GUARDIAN).sid, "sent")
    assert office.deliveries(Role.GUARDIAN) == [Delivery.SENT]
    office.carrier.deliver(office.text_to(Role.GUARDIAN).sid, times=2)
    assert office.deliveries(Role.GUARDIAN) == [Delivery.DELIVERED]
    assert office.deliveries(Role.COMMUNITY) == [Delivery.ACCEPTED]
    assert {status for _, status in office.carrier.posted} == {204}
    assert office.carrier.requests == 2


def test_a_receipt_that_comes_before_the_answer_is_not_lost(office: Office) -> None:
    office.carrier.trouble(Trouble.CALL_BACK_FIRST, Trouble.CALL_BACK_FIRST)
    office.alert()
    assert office.deliveries(Role.GUARDIAN) == [Delivery.DELIVERED]
    assert office.deliveries(Role.COMMUNITY) == [Delivery.DELIVERED]


def test_when_a_text_is_undelivered_the_next_step_waits_only_for_those_it_can_reach(
    office: Office,
) -> None:
    office.alert()
    office.carrier.undeliver(office.text_to(Role.GUARDIAN).sid)
    office.village.turn()
    assert office.texts_to(Role.NEIGHBOUR) == [], "the community contact may still answer"
    office.carrier.undeliver(office.text_to(Role.COMMUNITY).sid)
    office.village.turn()
    assert len(office.texts_to(Role.NEIGHBOUR)) == 1, "at once, without a minute passing"
    assert office.deliveries(Role.GUARDIAN)[0] == Delivery.UNDELIVERED


def test_a_reply_is_taken_once_however_often_it_is_posted_and_answered(office: Office) -> None:
    code = office.alert().row.alert.code
    office.carrier.reply(office.phone(Role.COMMUNITY), SENDER, f"1 {code}", times=3)
    office.village.turn()
    assert office.state() is State.ACKNOWLEDGED
    assert len(office.alert().replies) == 1
    asked, answer = office.texts_to(Role.COMMUNITY)
    assert f"编号{code}已登记：收到" in answer
    assert len(office.texts_to(Role.GUARDIAN)) == 1
    assert [status for _, status in office.carrier.posted] == [204] * 3
    assert asked != answer

    office.village.pass_minutes(20)
    assert office.state() is State.OPEN, "no report"


def forgeries(office: Office) -> list[Signed]:
    """Make posts that the carrier did not sign as they are."""
    code = office.alert().row.alert.code
    text = Text("SMf0", SENDER, office.phone(Role.GUARDIAN), f"1 {code}", "")
    true_reply = office.carrier.inbound(text, f"{office.url}{REPLY}")
    true_status = office.carrier.callback(office.text_to(Role.GUARDIAN))
    failed = {**true_status.form, "MessageStatus": "undelivered"}
    elsewhere = sign(f"http://elsewhere.example{REPLY}", true_reply.form)
    unsigned = {"Content-Type": "application/x-www-form-urlencoded"}
    return [
        sign(true_reply.url, true_reply.form, token="guessed"),
        Signed(true_reply.url, true_reply.form, unsigned, true_reply.body),
        Signed(true_reply.url, elsewhere.form, elsewhere.headers, elsewhere.body),
        sign(true_status.url, failed, token="guessed"),
        Signed(true_status.url, failed, true_status.headers, sign(true_status.url, failed).body),
    ]


def test_what_the_carrier_did_not_sign_changes_nothing(office: Office) -> None:
    for forged in forgeries(office):
        assert office.carrier.post(forged) == 403
    office.village.turn()
    page = office.alert()
    assert page.row.alert.state is State.OPEN
    assert page.replies == ()
    assert office.deliveries(Role.GUARDIAN) == [Delivery.ACCEPTED]
    assert office.carrier.requests == 2


@pytest.mark.parametrize("office", ["impatient"], indirect=True)
@pytest.mark.parametrize(
    "trouble",
    [
        Trouble.TAKE_THEN_HANG,
        Trouble.TAKE_THEN_500,
        Trouble.TAKE_THEN_DROP,
        Trouble.TAKE_THEN_GIBBERISH,
    ],
)
def test_a_text_that_was_taken_without_an_answer_is_found_again_and_not_sent_twice(
    office: Office, trouble: Trouble
) -> None:
    office.carrier.trouble(trouble)
    office.alert()
    assert sorted(office.deliveries(Role.GUARDIAN) + office.deliveries(Role.COMMUNITY)) == [
        Delivery.ACCEPTED,
        Delivery.UNKNOWN,
    ]
    office.carrier.let_go()
    office.village.step(SETTLES)
    assert office.deliveries(Role.GUARDIAN) == office.deliveries(Role.COMMUNITY) == ["accepted"]
    office.village.pass_minutes(10)
    assert [len(texts) for texts in office.carrier.phones.values()] == [1, 1]


def test_a_text_that_got_lost_on_the_way_is_sent_again_once_that_is_proved(office: Office) -> None:
    office.carrier.trouble(Trouble.DROP)
    office.alert()
    assert len(office.carrier.phones) == 1
    office.village.step(SETTLES)
    assert len(office.carrier.phones) == 1, "one look proves nothing"
    office.village.step(SETTLES)
    assert [len(texts) for texts in office.carrier.phones.values()] == [1, 1]
    assert office.carrier.requests == 3


def test_a_carrier_that_is_busy_is_asked_again_a_little_later(office: Office) -> None:
    office.carrier.trouble(Trouble.BUSY, Trouble.BUSY)
    office.alert()
    assert office.carrier.phones == {}
    office.village.step(timedelta(seconds=10))
    assert [len(texts) for texts in office.carrier.phones.values()] == [1, 1]
    assert office.carrier.requests == 4


def test_a_landline_is_not_tried_again_and_where_there_are_only_landlines_the_next_are_told(
    office: Office,
) -> None:
    for role in (Role.GUARDIAN, Role.COMMUNITY):
        office.carrier.refuses[office.phone(role)] = Trouble.NOT_A_MOBILE
    office.alert()
    office.village.turn()
    assert office.deliveries(Role.GUARDIAN)[0] == Delivery.REJECTED
    assert len(office.texts_to(Role.NEIGHBOUR)) == 1
    before = office.carrier.requests
    office.village.pass_minutes(10)
    assert office.carrier.requests == before
    errors = {m.error for m in office.alert().messages if m.state == Delivery.REJECTED}
    assert errors == {"number:21614"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_weather_each_message_reaches_the_carrier_once_at_most(
    office: Office, seed: int
) -> None:
    carrier, village = office.carrier, office.village
    village.senders, carrier.walks = 2, True
    carrier.unreachable.add(office.phone(Role.VOLUNTEER))
    carrier.weather(seed, WEATHER)
    code = office.alert().row.alert.code
    number = office.alert().row.alert.id
    for minutes, role, said in (
        (40, Role.NEIGHBOUR, "1"),
        (50, Role.GUARDIAN, "2"),
        (90, Role.STREET_DUTY, "3"),
    ):
        village.pass_minutes(minutes)
        carrier.reply(office.phone(role), SENDER, f"{said} {code}", times=2)
    carrier.weather(seed, {})
    village.pass_minutes(10)  # what is unclear is cleared up

    assert office.page(number).row.alert.state is State.CLOSED
    known = office.outbox()
    arrived = [found[1] for text in carrier.messages if (found := REF.search(text.body))]
    assert len(arrived) == len(carrier.messages)
    assert len(set(arrived)) == len(arrived), "no message twice"
    assert len({known[ref][0] for ref in arrived}) == len(arrived)
    assert {ref for ref, (_, state) in known.items() if state in TAKEN} == set(arrived)
    assert {state for _, state in known.values()} <= {*TAKEN, "suppressed", "rejected"}
    assert carrier.requests > len(arrived) > 20
