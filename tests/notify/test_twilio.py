"""Twilio over real HTTP: what each of its answers means, and that nothing is sent twice."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from meterwatch.domain.notification import Delivery, Receipt, Reply, merge
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Fault,
    Forged,
    Found,
    Hook,
    Sent,
    Unclear,
    Unreadable,
)
from meterwatch.notify.twilio import MOST_LISTED, TwilioProvider
from tests.notify.benches import (
    DAUGHTER,
    LONG_AGO,
    RECEIPTS,
    REPLIES,
    hook,
    outgoing,
    ref_of,
    twilio_at,
)
from tests.notify.listener import Listener
from tests.parts.carrier import ACCOUNT, SENDER, SERVICE, TOKEN, Carrier, Signed, Trouble, sign

FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


def as_hook(signed: Signed) -> Hook:
    return hook(signed.url, signed.form, signed.headers, signed.body)


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (Trouble.BUSY, Failed(Fault.BUSY, permanent=False, code="20429")),
        (Trouble.NOT_A_NUMBER, Failed(Fault.NUMBER, permanent=True, code="21211")),
        (Trouble.NOT_A_MOBILE, Failed(Fault.NUMBER, permanent=True, code="21614")),
        (Trouble.OPTED_OUT, Failed(Fault.OPTED_OUT, permanent=True, code="21610")),
        (Trouble.ERROR_500, Unclear("http_500")),
        (Trouble.TAKE_THEN_500, Unclear("http_500")),
        (Trouble.DROP, Unclear("ConnectionError")),
        (Trouble.TAKE_THEN_DROP, Unclear("ConnectionError")),
        (Trouble.TAKE_THEN_GIBBERISH, Unclear("JSONDecodeError")),
    ],
)
def test_each_trouble_has_its_answer_and_is_met_once(
    carrier: Carrier, trouble: Trouble, expected: Failed | Unclear
) -> None:
    carrier.trouble(trouble)
    assert twilio_at(carrier).send(outgoing()) == expected
    assert carrier.requests == 1


def test_an_answer_that_takes_too_long_is_neither_yes_nor_no(carrier: Carrier) -> None:
    carrier.trouble(Trouble.TAKE_THEN_HANG)
    assert twilio_at(carrier, timeout_seconds=0.2).send(outgoing()) == Unclear("ReadTimeout")
    assert carrier.requests == 1
    assert isinstance(twilio_at(carrier).find(outgoing(), LONG_AGO), Found)


def test_an_answer_that_is_only_slow_is_waited_for(carrier: Carrier) -> None:
    carrier.trouble(Trouble.TAKE_THEN_HANG)
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.append(twilio_at(carrier).send(outgoing())))
    waiting.start()
    carrier.wait_for_request()
    assert answers == []
    carrier.let_go()
    waiting.join()
    assert answers == [Sent(carrier.messages[0].sid, Delivery.ACCEPTED)]


def test_without_a_connection_nothing_was_sent_and_it_may_be_tried_again(
    carrier: Carrier, free_port: Callable[[], int]
) -> None:
    provider = TwilioProvider(
        ACCOUNT, TOKEN, SENDER, base_url=f"http://127.0.0.1:{free_port()}", timeout_seconds=2
    )
    assert provider.send(outgoing()) == Failed(Fault.UNREACHABLE, permanent=False)


def test_a_wrong_token_is_the_account_s_fault_and_not_the_number_s(carrier: Carrier) -> None:
    provider = TwilioProvider(ACCOUNT, "wrong", SENDER, base_url=carrier.url)
    assert provider.send(outgoing()) == Failed(Fault.ACCOUNT, permanent=False, code="20003")
    assert isinstance(provider.find(outgoing(), LONG_AGO), CannotTell)
    assert provider.poll("SM1") is None


def test_a_sender_that_is_not_ours_is_refused_for_good(carrier: Carrier) -> None:
    provider = TwilioProvider(ACCOUNT, TOKEN, "+15005550000", base_url=carrier.url)
    assert provider.send(outgoing()) == Failed(Fault.ROUTE, permanent=True, code="21606")


def test_a_messaging_service_can_be_the_sender(carrier: Carrier) -> None:
    provider = TwilioProvider(ACCOUNT, TOKEN, SERVICE, base_url=carrier.url)
    assert isinstance(provider.send(outgoing()), Sent)


def test_the_text_ends_with_the_message_s_own_code_once(carrier: Carrier) -> None:
    provider = twilio_at(carrier)
    provider.send(outgoing(1, text="一"))
    provider.send(outgoing(1, text=f"一 #{ref_of(1)}"))
    assert carrier.phones[DAUGHTER] == [f"一 #{ref_of(1)}"] * 2


def test_the_sender_s_name_stands_before_the_text(carrier: Carrier) -> None:
    provider = TwilioProvider(ACCOUNT, TOKEN, SENDER, signature="民政", base_url=carrier.url)
    provider.send(outgoing(1, text="一"))
    assert carrier.phones[DAUGHTER] == [f"【民政】一 #{ref_of(1)}"]
    assert isinstance(provider.find(outgoing(1), LONG_AGO), Found)


def test_a_message_that_still_waits_in_the_queue_is_found(carrier: Carrier) -> None:
    provider = twilio_at(carrier)
    provider.send(outgoing())
    waiting = carrier.messages[0]
    assert waiting.as_json()["date_sent"] is None
    assert provider.find(outgoing(), LONG_AGO) == Found(waiting.sid, Delivery.ACCEPTED)


def test_of_two_attempts_the_one_that_came_farther_is_found(carrier: Carrier) -> None:
    provider = twilio_at(carrier)
    provider.send(outgoing())
    provider.send(outgoing())
    carrier.deliver(carrier.messages[0].sid)
    carrier.undeliver(carrier.messages[1].sid)
    found = provider.find(outgoing(), LONG_AGO)
    assert found == Found(carrier.messages[0].sid, Delivery.DELIVERED)


def test_a_text_of_long_before_with_the_same_code_is_another_message(carrier: Carrier) -> None:
    provider = twilio_at(carrier)
    provider.send(outgoing())
    assert provider.find(outgoing(), FAR_AHEAD) == Absent()


def test_what_a_person_wrote_is_not_taken_for_our_own_text(carrier: Carrier) -> None:
    carrier.reply(SENDER, DAUGHTER, f"1 #{ref_of(1)}")
    assert twilio_at(carrier).find(outgoing(), LONG_AGO) == Absent()


def test_a_list_that_was_cut_short_proves_an_absence_only_if_it_reaches_back_far_enough(
    carrier: Carrier,
) -> None:
    for _ in range(MOST_LISTED):
        carrier.take({"To": DAUGHTER, "Body": "another"})
    provider = twilio_at(carrier)
    assert provider.find(outgoing(), LONG_AGO) == CannotTell("list_too_long")
    assert provider.find(outgoing(), FAR_AHEAD) == Absent()


def test_a_message_without_a_code_cannot_be_searched_for(carrier: Carrier) -> None:
    bare = outgoing()
    provider = twilio_at(carrier)
    unmarked = type(bare)(bare.notification_id, "", bare.to, bare.text, bare.template)
    assert provider.find(unmarked, LONG_AGO) == CannotTell("no_ref")


def test_undelivered_is_not_sent_and_keeps_its_reason(carrier: Carrier) -> None:
    provider = twilio_at(carrier, callback=RECEIPTS)
    provider.send(outgoing())
    text = carrier.messages[0]
    text.status, text.error = "undelivered", 30003
    expected = Receipt("twilio", text.sid, Delivery.UNDELIVERED, "30003")
    assert provider.poll(text.sid) == expected
    read = provider.read(as_hook(carrier.callback(text)))
    assert read == (Receipt("twilio", text.sid, Delivery.UNDELIVERED, "30003", ref_of(1)),)
    assert carrier.phones[DAUGHTER] == []


def test_a_receipt_that_comes_before_the_answer_names_our_own_code(
    carrier: Carrier, listener: Listener
) -> None:
    provider = twilio_at(carrier, callback=f"{listener.url}/hooks/twilio/status?a=1")
    carrier.trouble(Trouble.CALL_BACK_FIRST)
    sent = provider.send(outgoing(7))
    assert isinstance(sent, Sent)
    receipts = [said for got in listener.hooks for said in provider.read(got)]
    assert receipts == [
        Receipt("twilio", sent.provider_id, Delivery.SENT, "", ref_of(7)),
        Receipt("twilio", sent.provider_id, Delivery.DELIVERED, "", ref_of(7)),
    ]


def test_receipts_twice_and_in_any_order_come_to_the_same_end(
    carrier: Carrier, listener: Listener
) -> None:
    provider = twilio_at(carrier, callback=f"{listener.url}/hooks/twilio/status")
    provider.send(outgoing())
    carrier.deliver(carrier.messages[0].sid, times=2)
    receipts = [said for got in listener.hooks for said in provider.read(got)]
    assert len(receipts) == 4
    for order in (receipts, receipts[::-1], [*receipts[2:], *receipts[:2]]):
        end = Delivery.ACCEPTED
        for receipt in order:
            assert isinstance(receipt, Receipt)
            end = merge(end, receipt.delivery)
        assert end is Delivery.DELIVERED


def test_a_reply_over_http_is_read_with_its_blanks_and_signs(
    carrier: Carrier, listener: Listener
) -> None:
    carrier.reply_url = f"{listener.url}/hooks/twilio/reply"
    text = carrier.reply(DAUGHTER, SENDER, " 1 收到&=+ 4821 ", times=2)
    provider = twilio_at(carrier)
    first, again = (provider.read(got)[0] for got in listener.hooks)
    assert isinstance(first, Reply)
    assert first == again
    assert (first.ref, first.sender, first.text) == (text.sid, DAUGHTER, " 1 收到&=+ 4821 ")
    assert [status for _, status in carrier.posted] == [204, 204]


def test_a_reply_with_a_nul_in_it_can_still_be_stored(carrier: Carrier) -> None:
    signed = sign(REPLIES, {"MessageSid": "SM1", "From": DAUGHTER, "Body": "1\x00 4821"})
    (reply,) = twilio_at(carrier).read(as_hook(signed))
    assert isinstance(reply, Reply)
    assert reply.text == "1 4821"


def test_while_tokens_are_exchanged_either_of_them_may_sign(carrier: Carrier) -> None:
    form = {"MessageSid": "SM1", "From": DAUGHTER, "Body": "1", "AccountSid": ACCOUNT}
    provider = TwilioProvider(ACCOUNT, TOKEN, SENDER, spare_token="the-next")
    for token in (TOKEN, "the-next"):
        assert provider.read(as_hook(sign(REPLIES, form, token)))
    with pytest.raises(Forged):
        provider.read(as_hook(sign(REPLIES, form, "neither")))
    with pytest.raises(Forged):
        TwilioProvider(ACCOUNT, TOKEN, SENDER).read(as_hook(sign(REPLIES, form, "the-next")))


def test_a_status_that_is_not_known_is_unreadable(carrier: Carrier) -> None:
    signed = sign(RECEIPTS, {"MessageSid": "SM1", "MessageStatus": "teleported"})
    with pytest.raises(Unreadable):
        twilio_at(carrier).read(as_hook(signed))


def test_no_number_and_no_text_is_logged_or_shown(
    carrier: Carrier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    carrier.trouble(Trouble.NOT_A_NUMBER, Trouble.DROP)
    provider = twilio_at(carrier)
    answers = [provider.send(outgoing()) for _ in range(3)]
    answers_shown = repr([*answers, provider.find(outgoing(), LONG_AGO), outgoing()])
    carrier.stop()
    answers_shown += repr(provider.find(outgoing(), LONG_AGO))
    for shown in (caplog.text, answers_shown):
        assert "138001" not in shown
        assert "4821" not in shown


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_any_weather_every_answer_agrees_with_the_phone(carrier: Carrier, seed: int) -> None:
    left_out = {Trouble.TAKE_THEN_HANG, Trouble.CALL_BACK_FIRST}
    shares = {trouble: 0.07 for trouble in Trouble if trouble not in left_out}
    carrier.weather(seed, shares)
    provider = twilio_at(carrier)
    met = set()
    for number in range(60):
        message = outgoing(number, text=f"text {number}")
        answer = provider.send(message)
        reached = sum(ref_of(number) in text for text in carrier.phones[DAUGHTER])
        found = isinstance(provider.find(message, LONG_AGO), Found)
        met.add(type(answer))
        assert reached <= 1
        assert found == (reached == 1)
        assert not (isinstance(answer, Sent) and reached == 0)
        assert not (isinstance(answer, Failed) and reached == 1)
    assert met == {Sent, Failed, Unclear}
