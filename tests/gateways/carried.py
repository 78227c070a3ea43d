"""The facts that each gateway can say: a new gateway adds one line to CARRIED."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading
from meterwatch.gateways.wire import press_ref

RECEIVED = datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)
Facts = st.SearchStrategy[list[Fact]]

received = st.sampled_from([RECEIVED, RECEIVED + timedelta(seconds=3)])
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
times = st.timedeltas(timedelta(0), RECEIVED - EARLIEST).map(lambda age: RECEIVED - age)
# Whole millilitres: what a register can show in litres and in cubic metres alike.
registers = st.integers(0, 10**12).map(lambda millilitres: millilitres / 1000)
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=64)
percents = st.none() | st.floats(0, 100)


def listed(*kinds: st.SearchStrategy[Fact]) -> Facts:
    return st.lists(st.one_of(*kinds), max_size=12)


def native() -> Facts:
    flags = st.lists(words, max_size=32).map(tuple)
    return listed(
        st.builds(Reading, words, times, received, st.floats(0, 1e9)),
        st.builds(ButtonPress, words, times, received, words, st.booleans()),
        st.builds(DeviceStatus, words, times, received, percents, flags),
    )


def wmbusmeters() -> Facts:
    flag = st.sampled_from(["DRY", "LEAK", "ERROR_FLAGS_800", "meter_blocked", "POWER_LOW"])
    flags = st.lists(flag, unique=True).map(tuple)
    meter = st.from_regex(r"[0-9a-f]{8}", fullmatch=True)

    def telegram(reading: Reading, said: tuple[str, ...] | None) -> list[Fact]:
        if said is None:
            return [reading]
        status = DeviceStatus(reading.device, reading.measured_at, reading.received_at, flags=said)
        return [reading, status]

    heard = st.builds(Reading, meter, times, received, registers.filter(bool))
    telegrams = st.lists(st.builds(telegram, heard, st.none() | flags), max_size=8)
    return telegrams.map(lambda lists: [fact for facts in lists for fact in facts])


def chirpstack() -> Facts:
    eui = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
    return listed(
        st.builds(Reading, eui, times, received, registers),
        st.builds(DeviceStatus, eui, times, received, percents),
    )


def zigbee2mqtt() -> Facts:
    segment = words.filter(lambda word: not set(word) & set("+#/") and word != "bridge")
    names = segment | st.tuples(segment, st.sampled_from(["bell", "sos"])).map("/".join)
    short = names.filter(lambda name: len(name) <= 64)
    odd = st.sampled_from(["", "battery 0"])

    def named(press: ButtonPress, transaction: int | None) -> ButtonPress:
        if transaction is None:
            return replace(press, ref=press_ref(press.measured_at))
        slot = int(press.measured_at.timestamp()) // 600
        return replace(press, ref=f"t{transaction}-{slot}")

    press = st.builds(ButtonPress, short, times, received, st.just("x"), st.booleans(), odd)
    flags = st.sampled_from([(), ("battery_low",), ("tamper",), ("battery_low", "tamper")])
    return listed(
        st.builds(named, press, st.none() | st.integers(0, 255)),
        st.builds(DeviceStatus, short, times, received, percents, flags),
    )


CARRIED: Mapping[str, Callable[[], Facts]] = {
    "chirpstack": chirpstack,
    "native": native,
    "wmbusmeters": wmbusmeters,
    "zigbee2mqtt": zigbee2mqtt,
}
