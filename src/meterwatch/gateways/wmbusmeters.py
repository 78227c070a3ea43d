"""Wireless M-Bus water meters, as wmbusmeters publishes their telegrams.

The address is the meter's `id`. `timestamp` is when wmbusmeters heard the telegram (UTC); the
meter's own `meter_datetime` has no zone and is often wrong, so it is not read. A partial telegram
has no total, or a total of exactly zero: neither is a register of zero, both are NO_REGISTER.
Every status word but "OK" becomes a flag, and a telegram whose status is fine clears them.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from meterwatch.domain.fact import DeviceStatus, Fact, Reading, Refusal, Refused
from meterwatch.gateways.base import LITRES_PER_UNIT, FieldMap, FieldMaps, Gateway, Item, Message
from meterwatch.gateways.wire import dig, instant, json_object, number, text

TOTAL = FieldMap(field="total_m3", unit="m3")
STATUS_KEYS = ("current_status", "status", "current_alarms")
FINE = {"OK", "NO_ALARM", "NULL"}
BETWEEN_WORDS = re.compile(r"[\s,;]+")


def decode(message: Message, maps: FieldMaps) -> tuple[Item, ...]:
    """Read one telegram: its register, and what the meter says of itself."""
    telegram = json_object(message.payload)
    device = text(telegram.get("id"), "id")
    mapped = maps.get(device)
    if mapped is None:
        _check_water(telegram)
    at = instant(text(telegram.get("timestamp"), "timestamp"), "timestamp")
    register: Item
    try:
        register = Reading(device, at, message.received_at, _litres(telegram, mapped or TOTAL))
    except Refused as refused:
        register = refused
    flags = _flags(telegram)
    if flags is None:
        return (register,)
    return register, DeviceStatus(device, at, message.received_at, flags=flags)


def _check_water(telegram: Mapping[str, object]) -> None:
    media = telegram.get("media")
    # Not every version says its medium; then only the register decides.
    if isinstance(media, str) and ("water" not in media.lower() or "waste" in media.lower()):
        raise Refused(
            Refusal.SHAPE,
            f"This is a meter for {media[:40]!r}, not for drinking water; leave it out of the "
            "topic, or give its address a field mapping if it counts water after all.",
        )


def _litres(telegram: Mapping[str, object], mapped: FieldMap) -> float:
    value = dig(telegram, mapped.field)
    if value is None:
        raise Refused(
            Refusal.NO_REGISTER,
            f"The telegram has no {mapped.field}: it is a partial one, or this meter needs a "
            "field mapping.",
        )
    shown = number(value, mapped.field)
    if shown == 0:
        raise Refused(
            Refusal.NO_REGISTER,
            f"{mapped.field} is exactly zero, as partial telegrams show it; a register is "
            "taken in from its first litre on.",
        )
    return mapped.litres(shown)


def _flags(telegram: Mapping[str, object]) -> tuple[str, ...] | None:
    values = [telegram[key] for key in STATUS_KEYS if key in telegram]
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return None
    words = (word for value in texts for word in BETWEEN_WORDS.split(value) if word)
    return tuple(dict.fromkeys(word for word in words if word.upper() not in FINE))


def encode(facts: Sequence[Fact]) -> tuple[Message, ...]:
    """Write readings as telegrams; a status rides on the reading of its meter just before it.

    Raises
    ------
    ValueError
        For a press, a register of zero, a battery level, or a status without its reading.
    """
    telegrams: list[tuple[Reading, DeviceStatus | None]] = []
    for fact in facts:
        if isinstance(fact, Reading) and fact.litres > 0:
            telegrams.append((fact, None))
        elif isinstance(fact, DeviceStatus) and _rides_on(fact, telegrams):
            telegrams[-1] = (telegrams[-1][0], fact)
        else:
            raise ValueError(f"A wmbusmeters telegram cannot say {fact!r}.")
    return tuple(_telegram(reading, status) for reading, status in telegrams)


def _rides_on(
    status: DeviceStatus, telegrams: Sequence[tuple[Reading, DeviceStatus | None]]
) -> bool:
    if not telegrams or telegrams[-1][1] is not None or status.battery_percent is not None:
        return False
    reading = telegrams[-1][0]
    return (reading.device, reading.measured_at, reading.received_at) == (
        status.device,
        status.measured_at,
        status.received_at,
    )


def _telegram(reading: Reading, status: DeviceStatus | None) -> Message:
    body: dict[str, object] = {
        "_": "telegram",
        "media": "water",
        "meter": "auto",
        "name": reading.device,
        "id": reading.device,
        "total_m3": reading.litres / LITRES_PER_UNIT["m3"],
        "timestamp": reading.measured_at,
    }
    if status is not None:
        body["status"] = " ".join(status.flags) or "OK"
    topic = f"wmbusmeters/{reading.device}"
    return Message(topic, msgspec.json.encode(body), reading.received_at)


GATEWAY = Gateway(name="wmbusmeters", topics=("wmbusmeters/+",), decode=decode, encode=encode)
