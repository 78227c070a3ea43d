"""The laws every gateway keeps, without exemption."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterwatch import gateways
from meterwatch.domain.fact import ButtonPress, Fact, Reading, Refusal, Refused
from meterwatch.gateways import FieldMap, Message
from tests.gateways.carried import CARRIED
from tests.gateways.vectors_on_disk import RECEIVED, Vector, vectors

NAMES = [gateway.name for gateway in gateways.known()]
VECTORS = vectors()
MAPS: Mapping[str, FieldMap] = {
    address: mapped for vector in VECTORS for address, mapped in vector.maps.items()
}
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, 2**64, -(10**30), 1e308, 255])
KEYS = sorted(
    {"id", "timestamp", "total_m3", "media", "status", "device", "at", "litres", "m3", "readings"}
    | {"ref", "battery", "flags", "time", "deviceInfo", "devEui", "object", "water", "total_l"}
    | {"batteryLevel", "action", "sos", "action_transaction", "last_seen", "field", "hub"}
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["2026-03-01T08:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "single", ""]
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | TEXTS, inner, max_size=6)
    ),
    max_leaves=25,
)
EVERY_TOPIC = [
    topic_filter.replace("+", "x")
    for gateway in gateways.known()
    for topic_filter in gateway.topics
]
TOPICS = st.sampled_from(sorted({vector.message.topic for vector in VECTORS} | {*EVERY_TOPIC}))


def judged(message: Message) -> gateways.Decoded:
    """Decode twice, by both doors; anything but Refused ends the test."""
    gateway = gateways.route(message.topic)
    assert gateway is not None
    with suppress(Refused):
        gateway.decode(message, MAPS)
    decoded = gateways.decode(message, MAPS)
    for fact in decoded.facts:
        assert_taken_in(fact, message)
    return decoded


def assert_taken_in(fact: Fact, message: Message) -> None:
    assert fact.received_at == message.received_at
    assert 2015 <= fact.measured_at.year <= 2026
    assert fact.device.isprintable()
    assert 1 <= len(fact.device) <= 64
    if isinstance(fact, Reading):
        assert 0 <= fact.litres <= 1e9
    if isinstance(fact, ButtonPress):
        assert 1 <= len(fact.ref) <= 64


def test_there_are_facts_to_try_each_gateway_with() -> None:
    assert sorted(CARRIED) == NAMES


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_what_was_encoded_is_decoded_to_the_same_facts(name: str, data: st.DataObject) -> None:
    facts = data.draw(CARRIED[name]())

    messages = gateways.by_name(name).encode(facts)

    decoded = [gateways.decode(message, {}) for message in messages]
    assert [fact for one in decoded for fact in one.facts] == facts
    assert not any(one.refused for one in decoded)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_the_gateway_alone_gives_back_what_it_encoded(name: str, data: st.DataObject) -> None:
    gateway = gateways.by_name(name)
    facts = [fact for fact in data.draw(CARRIED[name]()) if not getattr(fact, "cached", False)]

    messages = gateway.encode(facts)

    assert [fact for message in messages for fact in gateway.decode(message, {})] == facts


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_an_encoded_message_is_one_that_its_gateway_hears(name: str, data: st.DataObject) -> None:
    for message in gateways.by_name(name).encode(data.draw(CARRIED[name]())):
        found = gateways.route(message.topic)
        assert found is not None
        assert found.name == name


@pytest.mark.parametrize("name", NAMES)
def test_what_a_gateway_cannot_say_it_refuses_to_encode(name: str) -> None:
    unsayable = ButtonPress("a#b\0", RECEIVED, RECEIVED, "7", suspect="odd")

    with pytest.raises(ValueError, match=r"cannot say|has no room"):
        gateways.by_name(name).encode([unsayable])


@settings(max_examples=300)
@given(TOPICS, st.binary(max_size=300))
def test_no_bytes_raise_anything_but_refused(topic: str, payload: bytes) -> None:
    judged(Message(topic, payload, RECEIVED))


@settings(max_examples=500)
@given(TOPICS, JSON, st.booleans())
def test_no_json_raises_anything_but_refused(topic: str, tree: object, retained: bool) -> None:
    # NaN, infinities, lone surrogates and integers of any size are all written out.
    judged(Message(topic, json.dumps(tree).encode(), RECEIVED, retained))


@st.composite
def mutated(draw: st.DrawFn) -> Message:
    """A good payload with one place in it replaced by anything."""
    vector: Vector = draw(st.sampled_from([v for v in VECTORS if v.facts]))
    tree = json.loads(vector.message.payload)
    places = list(holders(tree))
    holder, key = draw(st.sampled_from(places))
    holder[key] = draw(JSON)
    return Message(vector.message.topic, json.dumps(tree).encode(), RECEIVED)


def holders(tree: object) -> Iterator[tuple[dict[object, object], object]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield tree, key
            yield from holders(value)
    if isinstance(tree, list):
        for value in tree:
            yield from holders(value)


@settings(max_examples=500)
@given(mutated())
def test_no_mutated_payload_raises_anything_but_refused(message: Message) -> None:
    judged(message)


@settings(max_examples=300)
@given(st.data())
def test_no_damaged_payload_raises_anything_but_refused(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from([v for v in VECTORS if len(v.message.payload) > 3]))
    payload = bytearray(vector.message.payload)
    start = data.draw(st.integers(0, len(payload) - 1))
    end = data.draw(st.integers(start, min(len(payload), start + 8)))
    payload[start:end] = data.draw(st.binary(max_size=8))

    judged(Message(vector.message.topic, bytes(payload), RECEIVED))


HOSTILE = {
    "lists in lists": b"[" * 100_000,
    "objects in objects": b'{"object":' * 25_000,
    "a batch of lists in lists": b'{"readings":[' + b"[" * 100_000,
    "a good head and a bottomless tail": b'{"device":"M","at":1,"litres":1,"x":' + b"[" * 100_000,
    "closed lists in lists": b'{"x":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    "a number of 200 kB": b'{"device":"M","at":1,"litres":' + b"9" * 200_000 + b"}",
    "a number of 4300 digits": b'{"last_seen":' + b"9" * 4300 + b',"action":"sos"}',
    "a fraction of 200 kB": b'{"total_m3":0.' + b"9" * 200_000 + b"}",
    "a key twice": b'{"device":"M","device":"N","at":1,"at":2,"litres":1,"litres":2}',
    "half a surrogate pair": b'{"device":"\\ud800","id":"\\udfff","action":"\\ud800"}',
    "a surrogate in UTF-8": b'{"device":"\xed\xa0\x80","id":"\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"device":"M","at":1,"litres":1}',
    "UTF-16": '{"device":"M"}'.encode("utf-16"),
    "GB18030": '{"device":"三号楼"}'.encode("gb18030"),
    "NaN": b'{"device":"M","at":NaN,"litres":NaN}',
    "Infinity": b'{"device":"M","at":-Infinity,"litres":Infinity,"total_m3":Infinity}',
    "NUL": b"\0" * 1000,
    "nothing": b"",
    "a zip bomb's head": b"\x1f\x8b\x08" + b"\0" * 100,
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("topic", EVERY_TOPIC)
def test_no_hostile_payload_raises_anything_but_refused(topic: str, payload: bytes) -> None:
    judged(Message(topic, payload, RECEIVED))


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_decoding_leaves_its_input_alone(vector: Vector) -> None:
    before = bytes(vector.message.payload)
    maps = dict(vector.maps)

    first = gateways.decode(vector.message, maps)
    second = gateways.decode(vector.message, maps)

    assert vector.message.payload == before
    assert maps == vector.maps
    assert first.facts == second.facts


def test_a_retained_press_is_cached_whatever_the_gateway() -> None:
    presses = [v for v in VECTORS if any(isinstance(fact, ButtonPress) for fact in v.facts)]
    assert presses
    for vector in presses:
        message = vector.message
        retained = Message(message.topic, message.payload, message.received_at, retained=True)
        facts = gateways.decode(retained, vector.maps).facts
        assert [fact.cached for fact in facts if isinstance(fact, ButtonPress)] == [True]


def test_a_refusal_does_not_keep_its_payload_in_memory() -> None:
    bad = Message("meterwatch/v1/readings/h", b'{"readings":[{},{"device":3}]}', RECEIVED)

    for refused in gateways.decode(bad, {}).refused:
        assert refused.reason is Refusal.SHAPE
        assert refused.__traceback__ is None
        assert refused.__cause__ is None
        assert refused.__context__ is None
