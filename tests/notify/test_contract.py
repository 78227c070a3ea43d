"""What every provider promises, whatever carrier is behind it."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.notification import TOLD, Receipt, Reply
from meterwatch.notify import PROVIDERS
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Forged,
    Found,
    Hook,
    Provider,
    Sent,
    Unclear,
    Unreadable,
)
from tests.notify.benches import (
    DAUGHTER,
    LONG_AGO,
    NOON,
    Bench,
    ConsoleBench,
    TwilioBench,
    outgoing,
)
from tests.parts.carrier import Carrier


def test_every_provider_stands_on_a_bench_and_under_its_own_name(carrier: Carrier) -> None:
    benches: list[Bench] = [ConsoleBench(), TwilioBench(carrier)]
    assert {bench.provider.name for bench in benches} == set(PROVIDERS)


def test_an_accepted_message_reaches_the_phone_once(bench: Bench) -> None:
    sent = bench.provider.send(outgoing())
    assert isinstance(sent, Sent)
    assert sent.delivery in TOLD
    assert len(bench.arrived()) == 1
    assert outgoing().text in bench.arrived()[0]


def test_an_accepted_message_is_found_under_the_same_id(bench: Bench) -> None:
    sent = bench.provider.send(outgoing())
    found = bench.provider.find(outgoing(), LONG_AGO)
    assert isinstance(sent, Sent)
    assert isinstance(found, Found)
    assert found.provider_id == sent.provider_id


def test_what_became_of_an_accepted_message_can_be_asked(bench: Bench) -> None:
    sent = bench.provider.send(outgoing())
    assert isinstance(sent, Sent)
    receipt = bench.provider.poll(sent.provider_id)
    assert receipt is not None
    assert (receipt.provider, receipt.provider_id) == (bench.provider.name, sent.provider_id)
    assert receipt.delivery in TOLD


def test_a_number_that_cannot_be_reached_is_refused_for_good(bench: Bench) -> None:
    failed = bench.provider.send(outgoing(to=bench.refuse(DAUGHTER)))
    assert isinstance(failed, Failed)
    assert failed.permanent
    assert bench.arrived() == []


def test_when_the_answer_gets_lost_the_message_is_found_and_not_sent_again(bench: Bench) -> None:
    bench.lose_answer()
    assert isinstance(bench.provider.send(outgoing()), Unclear)
    assert isinstance(bench.provider.find(outgoing(), LONG_AGO), Found)
    assert len(bench.arrived()) == 1


def test_when_the_request_gets_lost_the_message_is_absent_and_may_go_again(bench: Bench) -> None:
    bench.lose_request()
    assert isinstance(bench.provider.send(outgoing()), Unclear)
    assert bench.provider.find(outgoing(), LONG_AGO) == Absent()
    assert isinstance(bench.provider.send(outgoing()), Sent)
    assert len(bench.arrived()) == 1


def test_another_message_to_the_same_number_is_not_taken_for_this_one(bench: Bench) -> None:
    bench.provider.send(outgoing(1))
    assert bench.provider.find(outgoing(2), LONG_AGO) == Absent()


def test_a_carrier_that_does_not_answer_proves_nothing(bench: Bench) -> None:
    bench.fall_silent()
    assert isinstance(bench.provider.find(outgoing(), LONG_AGO), CannotTell)


def test_a_hook_the_carrier_signed_is_read(bench: Bench) -> None:
    hook, expected = bench.good_hook()
    assert bench.provider.read(hook) == (expected,)


def test_a_hook_is_read_alike_whatever_the_case_of_its_headers(bench: Bench) -> None:
    hook, expected = bench.good_hook()
    shouted = {name.upper(): value for name, value in hook.headers.items()}
    assert bench.provider.read(dataclasses.replace(hook, headers=shouted)) == (expected,)


def test_a_forged_hook_is_refused(bench: Bench) -> None:
    good, _ = bench.good_hook()
    reversed_headers = {name: value[::-1] for name, value in good.headers.items()}
    name, value = next(iter(good.form.items()))
    forged = [
        dataclasses.replace(good, headers={}),
        dataclasses.replace(good, headers=reversed_headers),
        dataclasses.replace(good, form={**good.form, name: value + "0"}),
        dataclasses.replace(good, form={**good.form, "more": "1"}),
        dataclasses.replace(good, url=good.url.replace("watch.example", "elsewhere.example")),
    ]
    for hook in forged:
        with pytest.raises(Forged):
            bench.provider.read(hook)


def test_a_signed_hook_that_says_nothing_is_unreadable(bench: Bench) -> None:
    with pytest.raises(Unreadable):
        bench.provider.read(bench.sign({"AccountSid": "AC1"}))


_NAMES = st.sampled_from(
    ["MessageSid", "SmsSid", "MessageStatus", "ErrorCode", "From", "Body", "id", "from", "text"]
)
_FORMS = st.dictionaries(_NAMES | st.text(max_size=8), st.text(max_size=30), max_size=8)
_HOSTILE = st.characters()  # with halves of surrogate pairs
_URLS = st.text(_HOSTILE, max_size=40) | st.sampled_from(["http://[", "https://a:b/", "//@:99999"])
_HOOKS = st.builds(
    Hook,
    path=st.text(max_size=20),
    url=_URLS,
    headers=st.dictionaries(
        st.sampled_from(["X-Twilio-Signature", "X-Meterwatch-Signature"]) | st.text(max_size=9),
        st.text(_HOSTILE, max_size=40),
        max_size=4,
    ),
    form=st.dictionaries(st.text(_HOSTILE, max_size=9), st.text(_HOSTILE, max_size=40), max_size=6),
    body=st.binary(max_size=100),
    received_at=st.just(NOON),
)
_SILENT_CARRIER = Carrier().start()
_SILENT_CARRIER.stop()
_BENCHES: list[Bench] = [ConsoleBench(), TwilioBench(_SILENT_CARRIER)]


def _read(provider: Provider, hook: Hook) -> tuple[Receipt | Reply, ...]:
    try:
        return provider.read(hook)
    except Unreadable:
        return ()


@pytest.mark.parametrize("bench", _BENCHES, ids=lambda bench: bench.provider.name)
@given(hook=_HOOKS)
def test_a_hostile_hook_is_forged_and_nothing_else(bench: Bench, hook: Hook) -> None:
    with pytest.raises(Forged):
        bench.provider.read(hook)


@pytest.mark.parametrize("bench", _BENCHES, ids=lambda bench: bench.provider.name)
@given(form=_FORMS)
def test_a_signed_hook_of_any_form_is_read_or_unreadable(
    bench: Bench, form: dict[str, str]
) -> None:
    assert all(
        isinstance(said, Receipt | Reply) for said in _read(bench.provider, bench.sign(form))
    )
