"""The JSON of our own, for whoever can choose: readings, presses and device status.

Described for senders in docs/reference/native-json.md. Readings come singly or as a batch from a
concentrator, and a bad one in a batch is refused alone. Types are strict, but a press is taken in
with a wrong clock or number: it needs nothing but a device.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refusal, Refused
from meterwatch.gateways.base import FieldMap, FieldMaps, Gateway, Item, Message
from meterwatch.gateways.checks import is_word
from meterwatch.gateways.wire import from_epoch, in_utc, instant, json_object, press_ref, text

ROOT = "meterwatch/v1"
MAX_BATCH = 4096
BATCH_WRITTEN = 500  # of the longest addresses, this stays below the largest payload taken
CUBIC_METRES = FieldMap(field="m3", unit="m3")


class _Reading(Struct, gc=False):
    device: str
    at: datetime | float
    litres: float | UnsetType = UNSET
    m3: float | UnsetType = UNSET


class _Batch(Struct):
    # Left raw: a bad reading among them then fails alone.
    readings: list[Raw] | UnsetType = UNSET
    hub: str | UnsetType = UNSET


class _Status(Struct):
    device: str
    at: datetime | float
    battery: float | None = None
    flags: list[str] = []


_read_reading = msgspec.json.Decoder(_Reading).decode
_read_batch = msgspec.json.Decoder(_Batch).decode
_read_status = msgspec.json.Decoder(_Status).decode


def decode(message: Message, maps: FieldMaps) -> tuple[Item, ...]:  # noqa: ARG001  # ours needs no mapping
    """Read one native message."""
    sort = message.topic.split("/")[2]
    if sort == "presses":
        return (_press(message),)
    if sort == "status":
        return (_status(message),)
    return _readings(message)


def _readings(message: Message) -> tuple[Item, ...]:
    try:
        batch = _read_batch(message.payload)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error, "The message") from error
    if isinstance(batch.readings, UnsetType):
        return (_reading(message.payload, message.received_at, "The reading"),)
    if len(batch.readings) > MAX_BATCH:
        raise Refused(
            Refusal.TOO_LARGE,
            f"The batch has {len(batch.readings)} readings; {MAX_BATCH} is the most.",
        )
    return tuple(
        _one_of_batch(raw, message.received_at, f"readings[{place}]")
        for place, raw in enumerate(batch.readings)
    )


def _one_of_batch(raw: Raw, received_at: datetime, place: str) -> Item:
    try:
        return _reading(raw, received_at, place)
    except Refused as refused:
        return refused


def _reading(payload: bytes | Raw, received_at: datetime, place: str) -> Reading:
    try:
        seen = _read_reading(payload)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error, place) from error
    return Reading(seen.device, _at(seen.at, place), received_at, _litres(seen, place))


def _at(at: datetime | float, place: str) -> datetime:
    if isinstance(at, datetime):
        return in_utc(at, f"{place}: at")
    return from_epoch(at, f"{place}: at")


def _litres(seen: _Reading, place: str) -> float:
    if isinstance(seen.m3, UnsetType):
        if isinstance(seen.litres, UnsetType):
            raise Refused(Refusal.NO_REGISTER, f"{place} has neither litres nor m3.")
        return seen.litres
    if isinstance(seen.litres, UnsetType):
        return CUBIC_METRES.litres(seen.m3)
    raise Refused(Refusal.SHAPE, f"{place} has both litres and m3; send one of them.")


def _press(message: Message) -> ButtonPress:
    payload = json_object(message.payload)
    device = text(payload.get("device"), "The press: device")
    suspects = []
    try:
        measured_at = instant(payload.get("at"), "The press: at")
    except Refused:
        measured_at = message.received_at
        suspects.append("clock unreadable")
    ref = payload.get("ref")
    if not (isinstance(ref, str) and is_word(ref)):
        if ref is not None:
            suspects.append("ref unreadable")
        ref = press_ref(measured_at)
    return ButtonPress(device, measured_at, message.received_at, ref, suspect="; ".join(suspects))


def _status(message: Message) -> DeviceStatus:
    try:
        seen = _read_status(message.payload)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error, "The status") from error
    at = _at(seen.at, "The status")
    return DeviceStatus(seen.device, at, message.received_at, seen.battery, tuple(seen.flags))


def _unreadable(error: Exception, place: str) -> Refused:
    if not isinstance(error, msgspec.ValidationError):
        return Refused(Refusal.BROKEN, f"{place} is not readable JSON: {error}.")
    if "out of range" in str(error):
        return Refused(Refusal.VALUE, f"{place} has a number that is too large: {error}.")
    return Refused(Refusal.SHAPE, f"{place} is not as native-json.md describes it: {error}.")


def encode(facts: Sequence[Fact]) -> tuple[Message, ...]:
    """Write facts as native messages; readings received together share one.

    Raises
    ------
    ValueError
        For a press that is already `suspect`: that is said on arrival, never sent.
    """
    return tuple(message for group in _groups(facts) for message in _written(group))


def _groups(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    for _, group in groupby(facts, lambda fact: (type(fact), fact.received_at)):
        yield list(group)


def _written(group: list[Fact]) -> Iterator[Message]:
    readings = [fact for fact in group if isinstance(fact, Reading)]
    for start in range(0, len(readings), BATCH_WRITTEN):
        yield _written_readings(readings[start : start + BATCH_WRITTEN])
    for fact in group:
        if isinstance(fact, ButtonPress):
            yield _written_press(fact)
        elif isinstance(fact, DeviceStatus):
            body: dict[str, object] = {"battery": fact.battery_percent, "flags": fact.flags}
            yield _message("status", fact, body)


def _written_readings(readings: list[Reading]) -> Message:
    first = readings[0]
    if len(readings) == 1:
        return _message("readings", first, {"litres": first.litres})
    rows = [{"device": r.device, "at": r.measured_at, "litres": r.litres} for r in readings]
    payload = msgspec.json.encode({"hub": "hub", "readings": rows})
    return Message(f"{ROOT}/readings/hub", payload, first.received_at)


def _written_press(press: ButtonPress) -> Message:
    if press.suspect:
        raise ValueError("A native press has no room for `suspect`.")
    return _message("presses", press, {"ref": press.ref}, retained=press.cached)


def _message(sort: str, fact: Fact, body: dict[str, object], *, retained: bool = False) -> Message:
    payload = msgspec.json.encode({"device": fact.device, "at": fact.measured_at, **body})
    topic = f"{ROOT}/{sort}/{quote(fact.device, safe='')}"
    return Message(topic, payload, fact.received_at, retained)


GATEWAY = Gateway(
    name="native",
    topics=(f"{ROOT}/readings/+", f"{ROOT}/presses/+", f"{ROOT}/status/+"),
    bells=(f"{ROOT}/presses/+",),
    decode=decode,
    encode=encode,
)
