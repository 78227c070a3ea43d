"""A broker that misbehaves costs a connection at the most, never the client."""

from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from meterwatch.daemon.mqtt import BrokerSettings, NotPublished, Publisher, Source
from tests.daemon.cable import PUBACK, PUBLISH, SOON, Packet
from tests.daemon.crooked import (
    ACCEPTED,
    CONNACK,
    CONNECT,
    SUBSCRIBE,
    CrookedBroker,
    packet,
    publish,
    suback,
)
from tests.daemon.taking import NOON, Taker

Answer = Callable[[int, Packet], bytes | None]
Make = Callable[[Answer], CrookedBroker]


@pytest.fixture
def crooked() -> Iterator[Make]:
    brokers: list[CrookedBroker] = []

    def make(answer: Answer) -> CrookedBroker:
        brokers.append(CrookedBroker(answer))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.close()


def listening(broker: CrookedBroker, take: Taker) -> Source:
    settings = BrokerSettings(broker.host, broker.port, "crooked")
    source = Source(settings, ["a"], lambda: NOON, take, batch_seconds=0.0)
    source.start()
    return source


def test_a_topic_that_is_not_text_is_handed_over_and_the_next_message_too(crooked: Make) -> None:
    def answer(_call: int, said: Packet) -> bytes:
        if said.kind == SUBSCRIBE:
            messages = publish(b"\xff\xfe", 1, b"x") + publish(b"a", 2, b"\xff")
            return suback(said, 1) + messages
        return ACCEPTED if said.kind == CONNECT else b""

    broker, take = crooked(answer), Taker()
    source = listening(broker, take)
    take.wait_for(2)
    assert [message.topic for message in take.taken] == ["\ufffd\ufffd", "a"]
    assert source.stop(SOON)
    assert broker.acknowledged() == [1, 2]


@pytest.mark.parametrize(
    "nonsense",
    [
        packet(15, b""),
        packet(0, b"abc"),
        packet(PUBLISH, b"\0", flags=2),
        packet(PUBLISH, b"\x7f\xff" + b"a", flags=2),
        packet(PUBLISH, b"\0\1a\0\1\x05\xff\xff\xff\xff\xff", flags=2),
        packet(PUBACK, b""),
        b"\x30\xff\xff\xff\xff\xff\xff",
        None,
    ],
)
def test_after_nonsense_the_source_comes_back(crooked: Make, nonsense: bytes | None) -> None:
    def answer(call: int, said: Packet) -> bytes | None:
        if said.kind == SUBSCRIBE:
            good = suback(said, 1) + publish(b"a", 7, b"good")
            return good if call else nonsense
        return ACCEPTED if said.kind == CONNECT else b""

    broker, take = crooked(answer), Taker()
    source = listening(broker, take)
    take.wait_for(1)
    assert take.payloads == [b"good"]
    assert source.stop(SOON)


def test_a_refused_connection_is_named_and_tried_again(crooked: Make) -> None:
    def answer(call: int, said: Packet) -> bytes:
        if said.kind == SUBSCRIBE:
            return suback(said, 1)
        if said.kind != CONNECT:
            return b""
        return ACCEPTED if call else packet(CONNACK, b"\0\x86\0")

    broker = crooked(answer)
    with capture_logs() as logs:
        source = listening(broker, Taker())
        assert source.wait_connected(SOON)
    problems = [line["problem"] for line in logs if line["event"] == "broker_problem"]
    assert problems == ["refused: Bad user name or password"]
    assert not source.state.problem
    assert source.stop(SOON)


def test_a_refused_subscription_is_named(crooked: Make) -> None:
    def answer(_call: int, said: Packet) -> bytes:
        if said.kind == SUBSCRIBE:
            return suback(said, 0x87) + publish(b"a", 1, b"x")
        return ACCEPTED if said.kind == CONNECT else b""

    broker, take = crooked(answer), Taker()
    source = listening(broker, take)
    take.wait_for(1)
    assert not source.connected
    assert source.state.problem == "not allowed to read a"
    assert source.stop(SOON)


def refusing(_call: int, said: Packet) -> bytes:
    """Allow two unconfirmed messages of 64 bytes, and refuse what is called x."""
    if said.kind == CONNECT:
        return packet(CONNACK, b"\0\0\x08\x21\0\2\x27\0\0\0\x40")
    if said.kind == PUBLISH:
        reason = b"\x97" if said.body.endswith(b"x") else b"\0"
        return packet(PUBACK, said.number.to_bytes(2) + reason + b"\0")
    return b""


def test_a_message_that_the_broker_refuses_is_told_and_the_next_one_goes_out(crooked: Make) -> None:
    broker = crooked(refusing)
    publisher = Publisher(BrokerSettings(broker.host, broker.port, "crooked-sender"))
    publisher.start()
    refused = publisher.publish("a", b"x")
    assert publisher.publish("a", b"y").result(SOON) is None
    with pytest.raises(NotPublished, match="Quota exceeded"):
        refused.result(SOON)
    assert publisher.stop(SOON)


def test_a_message_larger_than_the_broker_takes_is_not_sent(crooked: Make) -> None:
    broker = crooked(refusing)
    publisher = Publisher(BrokerSettings(broker.host, broker.port, "crooked-sender"))
    publisher.start()
    with pytest.raises(NotPublished, match="81 bytes; the broker takes 64 at most"):
        publisher.publish("a", bytes(64)).result(SOON)
    assert publisher.stop(SOON)
    assert not any(said.kind == PUBLISH for said in broker.said)


def test_no_more_is_unconfirmed_than_the_broker_allows(crooked: Make) -> None:
    def silent(_call: int, said: Packet) -> bytes:
        return refusing(0, said) if said.kind == CONNECT else b""

    broker = crooked(silent)
    publisher = Publisher(BrokerSettings(broker.host, broker.port, "crooked-sender"), in_flight=9)
    publisher.start()
    with pytest.raises(NotPublished):  # answered once connected: from here the limit is known
        publisher.publish("a", bytes(64)).result(SOON)
    unconfirmed = [publisher.publish("a", b"1"), publisher.publish("a", b"2")]
    with pytest.raises(TimeoutError, match="2 messages unconfirmed"):
        publisher.publish("a", b"3", timeout=0.0)
    assert not publisher.stop(0.0)
    for confirmed in unconfirmed:
        with pytest.raises(NotPublished, match="stopped before"):
            confirmed.result(SOON)
