"""A publisher tells for each message when the broker has it, and sends again what was lost."""

from collections.abc import Iterator

import pytest

from meterwatch.daemon.mqtt import NotPublished, Publisher
from tests.daemon.cable import PUBLISH, SOON, Cable
from tests.daemon.taking import Taker, listen, numbered, settings_for
from tests.parts.broker import Broker


def sender(broker: Broker | Cable, client_id: str, **more: int | str) -> Publisher:
    publisher = Publisher(settings_for(broker, client_id, session_expiry_seconds=0, **more))
    publisher.start()
    return publisher


@pytest.fixture
def cable(broker: Broker) -> Iterator[Cable]:
    between = Cable(broker.port)
    yield between
    between.close()


def test_the_result_is_there_when_the_broker_has_it(broker: Broker) -> None:
    publisher = sender(broker, "publisher-one")
    assert publisher.publish("publisher/one", b"1").result(SOON) is None
    assert not publisher.problem
    assert publisher.stop(SOON)


def test_what_is_published_while_the_broker_is_away_goes_out_when_it_is_back(
    broker: Broker,
) -> None:
    take = Taker()
    source = listen(broker, "publisher-two-heard", "publisher/two", take)
    broker.stop()
    publisher = sender(broker, "publisher-two")
    confirmed = [publisher.publish("publisher/two", payload) for payload in numbered(10)]
    assert not publisher.flush(0.0)
    broker.start()
    for one in confirmed:
        one.result(SOON)
    take.wait_for(10)
    assert take.payloads == numbered(10)
    assert publisher.stop(SOON)
    assert source.stop(SOON)


def test_what_was_unconfirmed_when_the_connection_broke_is_sent_again(
    broker: Broker, cable: Cable
) -> None:
    take = Taker()
    source = listen(broker, "publisher-three-heard", "publisher/three", take)
    publisher = sender(cable, "publisher-three")
    for payload in numbered(1_000):
        publisher.publish("publisher/three", payload, timeout=SOON)
        if payload == b"500":
            cable.wait_until(
                "a first message", lambda: bool(cable.calls and cable.calls[0].said[1:])
            )
            cable.cut()
    assert publisher.stop(SOON)
    assert len(cable.calls) == 2
    take.wait_until("all", lambda: set(take.payloads) == set(numbered(1_000)))
    assert list(dict.fromkeys(take.payloads)) == numbered(1_000)
    assert source.stop(SOON)


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "a\0b", "a" * 70_000])
def test_a_topic_that_nobody_can_publish_to_is_refused_and_does_not_stop_the_next(
    broker: Broker, topic: str
) -> None:
    publisher = sender(broker, "publisher-four")
    refused = publisher.publish(topic, b"1")
    assert publisher.publish("publisher/four", b"2").result(SOON) is None
    with pytest.raises(NotPublished, match="topic"):
        refused.result(SOON)
    assert publisher.stop(SOON)


def test_the_prefix_stands_before_every_topic(broker: Broker, cable: Cable) -> None:
    publisher = sender(cable, "publisher-five", topic_prefix="site1/")
    publisher.publish("five", b"1", retain=True).result(SOON)
    sent = next(said for said in cable.calls[0].said if said.kind == PUBLISH)
    assert sent.body.startswith(b"\0\x0asite1/five")
    assert sent.flags & 1
    publisher.publish("five", b"", retain=True).result(SOON)
    assert publisher.stop(SOON)
