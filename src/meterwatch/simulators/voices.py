"""When the devices of one home speak, and what they say.

A timetable gives each device its own second within its interval; a meter behind a concentrator is
read some minutes before its hub sends. Facts are turned into payloads by the gateways themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from zlib import crc32

from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact
from meterwatch.domain.household import DeviceKind
from meterwatch.gateways import by_name
from meterwatch.gateways.base import Message
from meterwatch.simulators.district import Home
from meterwatch.simulators.mishaps import FlatBattery, HomeMishap, Press, PressStyle

CONCENTRATED = "native"  # these meters speak through a hub that sends batches
BELLS = "zigbee2mqtt"
NO_PERCENT = {"wmbusmeters"}  # what a protocol cannot say of a battery
NO_FLAGS = {"chirpstack"}
BEAT_SECONDS = 4 * 3_600  # a bell says that it lives
AIR_SECONDS = 2  # from a radio telegram to the broker
ROUND_SECONDS = 300  # how long a hub needs to read all its meters
CACHED_AGE = timedelta(hours=3)
FULL, FLAT = 97.0, 3.0  # percent
TRANSACTIONS = 256  # Zigbee numbers its messages in one byte
TRANSACTION_SECONDS = 600  # within which the gateway takes one number for one press


@dataclass(frozen=True, slots=True)
class Timetable:
    """A device speaks every `every` seconds, `offset` after the full interval.

    What it says is `lag` seconds old by then.
    """

    every: int
    offset: int
    lag: int = 0

    def between(self, since: datetime, until: datetime) -> range:
        """List the epoch seconds from `since` on and before `until` at which it speaks."""
        start, end = ceil(since.timestamp()), ceil(until.timestamp())
        return range(start + (self.offset - start) % self.every, end, self.every)


def meter_timetable(seed: int, home: Home) -> Timetable:
    """Say when the meter of a home is heard."""
    every = home.meter.interval_minutes * 60
    if home.meter.gateway == CONCENTRATED:
        lag = _mixed(seed, home.meter.address) % ROUND_SECONDS
        return Timetable(every, _mixed(seed, home.meter.hub) % every, lag)
    return Timetable(every, _mixed(seed, home.meter.address) % every, AIR_SECONDS)


def bell_timetable(seed: int, home: Home) -> Timetable:
    """Say when the bell of a home tells that it lives."""
    return Timetable(BEAT_SECONDS, _mixed(seed, home.button) % BEAT_SECONDS)


def meter_messages(gateway: str, facts: Sequence[Fact]) -> tuple[Message, ...]:
    """Write what meters of one protocol say as its payloads."""
    return by_name(gateway).encode(facts)


def bell_messages(
    home: Home, mishaps: Iterable[HomeMishap], beats: Timetable, since: datetime, until: datetime
) -> Iterator[Message]:
    """Write what the bell of a home says in this time: presses, and that it lives."""
    known = tuple(mishaps)
    facts = [fact for m in known if isinstance(m, Press) for fact in _press_facts(home, m)]
    flat = [m for m in known if isinstance(m, FlatBattery) and m.device is DeviceKind.BUTTON]
    if home.button:
        for second in beats.between(since, until):
            facts += _beat(home, flat, datetime.fromtimestamp(second, UTC))
    for fact in facts:
        if since <= fact.received_at < until:
            yield from by_name(BELLS).encode((fact,))


def meter_status(
    home: Home, mishaps: Iterable[HomeMishap], measured_at: datetime, received_at: datetime
) -> tuple[DeviceStatus, ...]:
    """Say what a meter tells of its battery: nothing, unless it has once run down."""
    flat = [m for m in mishaps if isinstance(m, FlatBattery) and m.device is DeviceKind.METER]
    begun = [m for m in flat if m.since <= received_at]
    if not begun:
        return ()
    low = any(m.lasts_at(received_at) for m in begun)
    gateway = home.meter.gateway
    percent = None if gateway in NO_PERCENT else FLAT if low else FULL
    flags = ("LOW_BATTERY",) if low and gateway not in NO_FLAGS else ()
    return (DeviceStatus(home.meter.address, measured_at, received_at, percent, flags),)


def _press_facts(home: Home, press: Press) -> Iterator[Fact]:
    """Say a press as its bell does: once, twice, or from somebody's memory."""
    at = press.since + timedelta(seconds=1)
    pressed = at - CACHED_AGE if press.style is PressStyle.CACHED else at
    seconds = int(pressed.timestamp())
    ref = f"t{seconds % TRANSACTIONS}-{seconds // TRANSACTION_SECONDS}"
    cached = press.style is PressStyle.CACHED
    yield ButtonPress(home.button, pressed, at, ref, cached)
    if press.style is PressStyle.DOUBLE:
        yield ButtonPress(home.button, pressed, at + timedelta(seconds=1), ref)
    if not cached:
        # Zigbee2MQTT empties the action after each press.
        after = at + timedelta(seconds=2)
        yield DeviceStatus(home.button, after, after, FULL)


def _beat(home: Home, flat: Sequence[FlatBattery], at: datetime) -> list[Fact]:
    if any(m.silent_at(at) for m in flat):
        return []
    if any(m.lasts_at(at) for m in flat):
        return [DeviceStatus(home.button, at, at, FLAT, ("battery_low",))]
    return [DeviceStatus(home.button, at, at, FULL)]


def _mixed(seed: int, name: str) -> int:
    return crc32(f"{seed}:{name}".encode())
