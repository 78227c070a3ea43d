"""What is asked of every message and every fact, whatever the gateway: asked here, once.

A reading or a status that fails is refused. A press that fails is still a press wherever it is
known whose it is: a bell with a clock in 1970 rang now, and says so in `suspect`.
"""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refusal, Refused
from meterwatch.gateways.base import Message
from meterwatch.gateways.wire import press_ref

MAX_PAYLOAD_BYTES = 256 * 1024
MAX_TOPIC_BYTES = 65_535
MAX_WORD_CHARACTERS = 64
MAX_FLAGS = 32
MAX_LITRES = 1e9
MAX_PERCENT = 100.0
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
CLOCK_LEAD = timedelta(minutes=10)


def check_topic(topic: str) -> None:
    """Refuse a topic that nobody can publish to."""
    if not topic:
        raise Refused(Refusal.TOPIC, "The topic is empty.")
    if any(mark in topic for mark in "+#\0"):
        raise Refused(Refusal.TOPIC, "A topic to publish to has no +, # or NUL in it.")
    try:
        size = len(topic.encode())
    except UnicodeEncodeError as error:
        raise Refused(Refusal.TOPIC, "The topic is not valid Unicode text.") from error
    if size > MAX_TOPIC_BYTES:
        raise Refused(Refusal.TOPIC, f"The topic has {size} bytes; {MAX_TOPIC_BYTES} is the most.")


def check_size(payload: bytes) -> None:
    """Refuse a payload that no gateway of ours has reason to send."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Refused(
            Refusal.TOO_LARGE,
            f"The payload has {len(payload)} bytes; {MAX_PAYLOAD_BYTES} is the most. "
            "Send fewer readings in one message.",
        )


def checked(fact: Fact, message: Message) -> Fact:
    """Give the fact back as it may be taken in, or refuse it."""
    if not is_word(fact.device):
        raise Refused(
            Refusal.SHAPE,
            "The device address is empty, has unprintable characters or is longer than "
            f"{MAX_WORD_CHARACTERS} characters.",
        )
    if isinstance(fact, ButtonPress):
        return _press(fact, message)
    if not _clock_is_plausible(fact.measured_at, message.received_at):
        raise Refused(Refusal.CLOCK, _clock_sentence(fact))
    if isinstance(fact, Reading):
        _check_litres(fact)
    else:
        _check_status(fact)
    return fact


def is_word(word: str) -> bool:
    """Tell whether a text can stand as an address, a number or a flag."""
    return 0 < len(word) <= MAX_WORD_CHARACTERS and word.isprintable() and not word.isspace()


def _clock_is_plausible(measured_at: datetime, received_at: datetime) -> bool:
    return EARLIEST <= measured_at <= received_at + CLOCK_LEAD


def _clock_sentence(fact: Fact) -> str:
    way = "before 2015" if fact.measured_at < EARLIEST else "in the future"
    return (
        f"The clock of {fact.device} says {fact.measured_at:%Y-%m-%d %H:%M} UTC, which is {way}; "
        "set the clock of the device or of the gateway that stamps its telegrams."
    )


def _press(press: ButtonPress, message: Message) -> ButtonPress:
    measured_at, suspect = press.measured_at, press.suspect
    if not _clock_is_plausible(measured_at, message.received_at):
        measured_at = message.received_at
        suspect = f"{suspect}; clock {press.measured_at:%Y-%m-%d}".removeprefix("; ")
    ref = press.ref if is_word(press.ref) else press_ref(measured_at)
    cached = press.cached or message.retained
    return replace(press, measured_at=measured_at, ref=ref, cached=cached, suspect=suspect)


def _check_litres(reading: Reading) -> None:
    if not (math.isfinite(reading.litres) and 0 <= reading.litres <= MAX_LITRES):
        raise Refused(
            Refusal.VALUE,
            f"The register of {reading.device} shows {reading.litres:.6g} litres; it must be "
            f"between 0 and {MAX_LITRES:.0f}. Check the unit and the factor.",
        )


def _check_status(status: DeviceStatus) -> None:
    battery = status.battery_percent
    if battery is not None and not 0 <= battery <= MAX_PERCENT:
        raise Refused(
            Refusal.VALUE,
            f"The battery of {status.device} is {battery:.6g} percent; it must be 0 to 100.",
        )
    if len(status.flags) > MAX_FLAGS or not all(is_word(flag) for flag in status.flags):
        raise Refused(
            Refusal.SHAPE,
            f"The flags of {status.device} are more than {MAX_FLAGS}, or one is empty, unprintable "
            f"or longer than {MAX_WORD_CHARACTERS} characters.",
        )
