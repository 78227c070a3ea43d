"""Panic buttons on Zigbee, as Zigbee2MQTT publishes their state.

The address is the friendly name. A press is `action` emergency, panic or sos, or `sos: true`; a
device that has other words for it (single, hold) has them in the `values` of its field mapping.
All else that a button says is its status. `.../action` repeats each press and is not read.
Zigbee2MQTT must publish JSON, and should have `last_seen` on: a state that it repeats after its
own restart then keeps its time, and so its name. docs/reference/gateways.md has the oddities.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refused
from meterwatch.gateways.base import FieldMap, FieldMaps, Gateway, Item, Message
from meterwatch.gateways.wire import dig, from_epoch, instant, json_object, press_ref

ROOT = "zigbee2mqtt"
PANIC = {"emergency", "panic", "sos"}
KEYPAD_KEYS = {"action_transaction", "action_code"}
FLAG_KEYS = ("battery_low", "tamper")
OURS = {"action", "sos", "battery", "voltage", *FLAG_KEYS}
# A Zigbee transaction number runs from 0 to 255 and comes back, so it names a press only
# together with the ten minutes it fell in.
TRANSACTION_SECONDS = 600
TRANSACTIONS = range(256)
FULL_PERCENT = 100
MOST_SLASHES = 2  # zigbee2mqtt/room/name
NUMBERED = re.compile(r"t(\d{1,3})-\d+")


def decode(message: Message, maps: FieldMaps) -> tuple[Item, ...]:
    """Read one publication of one device; those of lamps and the like say nothing to us."""
    device = message.topic.removeprefix(f"{ROOT}/")
    if _is_an_attribute(message):
        return ()
    state = json_object(message.payload)
    at = _seen_at(state, message.received_at)
    mapped = maps.get(device)
    odd = _press(state, mapped)
    if odd is not None:
        return (ButtonPress(device, at, message.received_at, _ref(state, at), suspect=odd),)
    if mapped is None and OURS.isdisjoint(state):
        return ()
    flags = tuple(key for key in FLAG_KEYS if state.get(key) is True)
    return (DeviceStatus(device, at, message.received_at, _battery(state), flags),)


def _is_an_attribute(message: Message) -> bool:
    # A friendly name may have one slash in it; below a name without, Zigbee2MQTT puts
    # availability, commands and single attributes, and those are mostly no objects.
    return message.topic.count("/") > 1 and not message.payload.lstrip().startswith(b"{")


def _press(state: Mapping[str, object], mapped: FieldMap | None) -> str | None:
    """Tell whether this is a press: None, or what is odd about it ("" for nothing)."""
    oddities = ["battery 0"] if _battery(state) == 0 else []
    if state.get("sos") is True or _word(state.get("action")) in PANIC:
        return "; ".join(oddities)
    if mapped is None or not mapped.values:
        return None
    word = _word(dig(state, mapped.field))
    if word not in mapped.values:
        return None
    if not word:
        # A keypad's SOS may arrive without its word (issue 19123), but an empty action also
        # follows each ordinary one (23029). So it counts only where the mapping lists "",
        # and only in the shape that keypads send.
        if KEYPAD_KEYS.isdisjoint(state):
            return None
        oddities.append("no action word")
    return "; ".join(oddities)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""


def _ref(state: Mapping[str, object], at: datetime) -> str:
    number = state.get("action_transaction")
    if isinstance(number, int) and not isinstance(number, bool) and number in TRANSACTIONS:
        return f"t{number}-{int(at.timestamp()) // TRANSACTION_SECONDS}"
    return press_ref(at)


def _seen_at(state: Mapping[str, object], received_at: datetime) -> datetime:
    seen = state.get("last_seen")
    try:
        if isinstance(seen, int | float) and not isinstance(seen, bool):
            return from_epoch(seen / 1000, "last_seen")
        return instant(seen, "last_seen")
    except (Refused, OverflowError):
        return received_at  # off, or unreadable: no reason to lose a press


def _battery(state: Mapping[str, object]) -> float | None:
    level = state.get("battery")
    if isinstance(level, bool) or not isinstance(level, int | float):
        return None
    return float(level) if 0 <= level <= FULL_PERCENT else None


def encode(facts: Sequence[Fact]) -> tuple[Message, ...]:
    """Write presses and status; a `ref` that Zigbee2MQTT has no room for is named anew on arrival.

    Raises
    ------
    ValueError
        For a reading, or a friendly name that cannot be a topic.
    """
    return tuple(_publication(fact) for fact in facts)


def _publication(fact: Fact) -> Message:
    topic = f"{ROOT}/{fact.device}"
    sayable = topic.count("/") <= MOST_SLASHES and not any(mark in topic for mark in "+#\0")
    if isinstance(fact, Reading) or not sayable:
        raise ValueError(f"Zigbee2MQTT cannot say {fact!r}.")
    cached = isinstance(fact, ButtonPress) and fact.cached
    body = _press_body(fact) if isinstance(fact, ButtonPress) else _status_body(fact)
    payload = msgspec.json.encode({**body, "last_seen": fact.measured_at})
    return Message(topic, payload, fact.received_at, retained=cached)


def _press_body(press: ButtonPress) -> dict[str, object]:
    body: dict[str, object] = {"action": "emergency", "linkquality": 144}
    numbered = NUMBERED.fullmatch(press.ref)
    if numbered:
        body["action_transaction"] = int(numbered[1])
    if "battery 0" in press.suspect:
        body["battery"] = 0
    return body


def _status_body(status: DeviceStatus) -> dict[str, object]:
    flags: dict[str, object] = dict.fromkeys(status.flags, True)
    return {"action": None, "battery": status.battery_percent, **flags}


GATEWAY = Gateway(
    name="zigbee2mqtt",
    topics=(f"{ROOT}/+", f"{ROOT}/+/+"),
    bells=(f"{ROOT}/+", f"{ROOT}/+/+"),
    ignores=(
        f"{ROOT}/bridge",
        f"{ROOT}/bridge/+",
        *(f"{ROOT}/+/{below}" for below in ("action", "availability", "set", "get")),
    ),
    decode=decode,
    encode=encode,
)
