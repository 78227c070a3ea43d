import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch import gateways
from meterwatch.domain.fact import ButtonPress, Refusal
from meterwatch.gateways import Message, matches
from meterwatch.gateways.checks import MAX_PAYLOAD_BYTES
from tests.gateways.vectors_on_disk import RECEIVED, vectors

READING = b'{"device":"M1","at":"2026-03-01T08:00:00Z","litres":1}'


def reasons(topic: str, payload: bytes = READING) -> list[Refusal]:
    decoded = gateways.decode(Message(topic, payload, RECEIVED), {})
    return [refused.reason for refused in decoded.refused]


# The examples of the MQTT standard, section 4.7, and the corners around them.
@pytest.mark.parametrize(
    ("topic_filter", "topic", "covered"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "a/b/c", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/broker/uptime", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor/Clients", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("a/b", "a/b", True),
        ("a/b", "A/b", False),
        ("a/b", "a/b/", False),
        ("a//b", "a//b", True),
        ("a/+/b", "a//b", True),
        ("a/b/c", "a/b", False),
    ],
)
def test_a_filter_covers_what_the_standard_says(
    topic_filter: str, topic: str, covered: bool
) -> None:
    assert matches(topic_filter, topic) is covered


@given(st.lists(st.text(st.characters(exclude_characters="+#/\0$"), max_size=5), min_size=1))
def test_a_topic_matches_itself_and_hash_matches_every_topic(levels: list[str]) -> None:
    topic = "/".join(levels)

    assert matches(topic, topic)
    assert matches("#", topic)
    assert matches("/".join("+" for _ in levels), topic)
    assert not matches("/".join("+" for _ in [*levels, ""]), topic)


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("meterwatch/v1/readings/hub-7", "native"),
        ("meterwatch/v1/presses/B1", "native"),
        ("meterwatch/v1/status/B1", "native"),
        ("wmbusmeters/12345678", "wmbusmeters"),
        ("application/a/device/00f0/event/up", "chirpstack"),
        ("application/a/device/00f0/event/status", "chirpstack"),
        ("zigbee2mqtt/hall bell", "zigbee2mqtt"),
        ("zigbee2mqtt/li/bell", "zigbee2mqtt"),
    ],
)
def test_each_protocol_has_its_own_topics(topic: str, name: str) -> None:
    gateway = gateways.route(topic)

    assert gateway is not None
    assert gateway.name == name


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "+",
        "meterwatch/v1/readings/#",
        "meterwatch/v1/readings/+",
        "wmbusmeters/1\0",
        "wmbusmeters/\ud800",
        "wmbusmeters/" + "x" * 70_000,
        "nobody/listens/here",
        "application/a/device/00f0/event/join",
        "$SYS/broker/uptime",
    ],
    ids=lambda topic: repr(topic[:30]),
)
def test_a_topic_that_cannot_be_or_that_nobody_reads_is_refused(topic: str) -> None:
    assert reasons(topic) == [Refusal.TOPIC]


def test_a_payload_of_one_mebibyte_is_too_large() -> None:
    padded = READING + b" " * (1024 * 1024 - len(READING))

    assert reasons("meterwatch/v1/readings/M1", padded) == [Refusal.TOO_LARGE]


def test_the_largest_payload_that_is_taken_is_256_kibibytes() -> None:
    topic = "meterwatch/v1/readings/M1"

    assert reasons(topic, READING.ljust(MAX_PAYLOAD_BYTES)) == []
    assert reasons(topic, READING.ljust(MAX_PAYLOAD_BYTES + 1)) == [Refusal.TOO_LARGE]


def test_what_a_gateway_ignores_is_neither_a_fact_nor_a_refusal_even_when_large() -> None:
    devices = Message("zigbee2mqtt/bridge/devices", b"[" * 1024 * 1024, RECEIVED, retained=True)

    assert gateways.decode(devices, {}) == gateways.Decoded()


def test_a_good_message_after_a_bad_one_is_read_as_if_nothing_had_been() -> None:
    topic = "meterwatch/v1/readings/M1"
    before = gateways.decode(Message(topic, READING, RECEIVED), {})
    reasons(topic, b'{"device":')

    assert gateways.decode(Message(topic, READING, RECEIVED), {}) == before
    assert len(before.facts) == 1


def test_an_unknown_gateway_is_named_with_those_that_there_are() -> None:
    with pytest.raises(LookupError, match=r"'telex'.*chirpstack, native, wmbusmeters, zigbee2mqtt"):
        gateways.by_name("telex")


def test_every_press_arrives_on_a_topic_that_the_bells_listen_to() -> None:
    for vector in vectors():
        if any(isinstance(fact, ButtonPress) for fact in vector.facts):
            bells = gateways.by_name(vector.gateway).bells
            assert any(matches(bell, vector.message.topic) for bell in bells), vector.says


def test_the_topics_of_bells_are_among_the_topics() -> None:
    for gateway in gateways.known():
        assert set(gateway.bells) <= set(gateway.topics)
