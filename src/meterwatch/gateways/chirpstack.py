"""Water meters on LoRaWAN, as ChirpStack v4 publishes their uplinks and battery levels.

The address is the device EUI in lower case. The register comes from `object`, which a codec in
ChirpStack's device profile fills in: by the device's field mapping, else by a key that names both
a running total and its unit. A bare `water` or `volume` is not guessed at: on some devices it is
litres since yesterday, on others cubic metres since ever.
"""

import uuid
from collections.abc import Mapping, Sequence

import msgspec

from meterwatch.domain.fact import DeviceStatus, Fact, Reading, Refusal, Refused
from meterwatch.gateways.base import FieldMap, FieldMaps, Gateway, Item, Message
from meterwatch.gateways.wire import dig, instant, json_object, number, text

TOTALS = (
    FieldMap("total_litres"),
    FieldMap("total_liters"),
    FieldMap("total_l"),
    FieldMap("total_volume_l"),
    FieldMap("total_m3", unit="m3"),
    FieldMap("total_volume_m3", unit="m3"),
)
APPLICATION = "00000000-0000-0000-0000-000000000000"


def decode(message: Message, maps: FieldMaps) -> tuple[Item, ...]:
    """Read one uplink or one status event."""
    event = json_object(message.payload)
    device = _device(event)
    # ChirpStack stamps every event; one without a time could be hours old.
    at = instant(text(event.get("time"), "time"), "time")
    if message.topic.endswith("/status"):
        return (DeviceStatus(device, at, message.received_at, _battery(event)),)
    return (Reading(device, at, message.received_at, _litres(event, maps.get(device))),)


def _device(event: Mapping[str, object]) -> str:
    if "devEUI" in event:
        raise Refused(Refusal.SHAPE, "This event is ChirpStack v3's; version 4 is read here.")
    return text(dig(event, "deviceInfo.devEui"), "deviceInfo.devEui").lower()


def _battery(event: Mapping[str, object]) -> float | None:
    level = event.get("batteryLevel")
    # Older servers leave out what is zero, and zero here means mains power: no level either way.
    if level is None or event.get("batteryLevelUnavailable") is True:
        return None
    return number(level, "batteryLevel")


def _litres(event: Mapping[str, object], mapped: FieldMap | None) -> float:
    tree = event.get("object")
    if not isinstance(tree, dict):
        raise Refused(Refusal.NO_REGISTER, _without_object(event))
    for total in (mapped,) if mapped else TOTALS:
        value = dig(tree, total.field)
        if value is not None:
            return total.litres(number(value, f"object.{total.field}"))
    raise Refused(Refusal.NO_REGISTER, _without_register(tree, mapped))


def _without_object(event: Mapping[str, object]) -> str:
    if "data" in event:
        return (
            "The uplink has only raw bytes (data) and no object; choose a codec in the device "
            "profile of ChirpStack."
        )
    return "The uplink has neither object nor data: the device sent no payload."


def _without_register(tree: Mapping[str, object], mapped: FieldMap | None) -> str:
    if mapped:
        return f"object has no {mapped.field}, which the field mapping of this device names."
    keys = ", ".join(sorted(tree)[:8]) or "nothing"
    return (
        f"object has no running total with its unit in the name, only {keys[:120]}; give the "
        "device a field mapping."
    )


def encode(facts: Sequence[Fact]) -> tuple[Message, ...]:
    """Write readings as uplinks and battery levels as status events.

    Raises
    ------
    ValueError
        For a press, or a status with flags.
    """
    return tuple(_event(fact) for fact in facts)


def _event(fact: Fact) -> Message:
    body: dict[str, object]
    if isinstance(fact, Reading):
        kind, body = "up", {"fPort": 1, "object": {"total_litres": fact.litres}}
    elif isinstance(fact, DeviceStatus) and not fact.flags:
        level = fact.battery_percent
        kind = "status"
        body = {"batteryLevelUnavailable": True} if level is None else {"batteryLevel": level}
    else:
        raise ValueError(f"A ChirpStack event cannot say {fact!r}.")
    payload = {**_head(fact), **body}
    topic = f"application/{APPLICATION}/device/{fact.device}/event/{kind}"
    return Message(topic, msgspec.json.encode(payload), fact.received_at)


def _head(fact: Fact) -> dict[str, object]:
    same = uuid.uuid5(uuid.NAMESPACE_OID, f"{fact.device} {fact.measured_at.isoformat()}")
    return {
        "deduplicationId": str(same),
        "time": fact.measured_at,
        "deviceInfo": {"applicationId": APPLICATION, "devEui": fact.device},
    }


GATEWAY = Gateway(
    name="chirpstack",
    topics=("application/+/device/+/event/up", "application/+/device/+/event/status"),
    decode=decode,
    encode=encode,
)
