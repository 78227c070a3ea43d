"""Facts: what arrived, unjudged.

A gateway turns somebody's bytes into these and refuses the rest. Three times have three names:
`measured_at` is what the device says, `received_at` is when the bytes reached us, and the moment
of a decision (`now`) is nobody's field here.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Refusal(StrEnum):
    """Why something was not taken in. The console shows one sentence and a mend for each."""

    BROKEN = "broken"  # not JSON, not UTF-8, cut short
    SHAPE = "shape"  # readable, but not what this gateway speaks
    VALUE = "value"  # NaN, infinite, negative, absurdly large
    CLOCK = "clock"  # a device clock in 1970 or 2090
    NO_REGISTER = "no_register"  # a telegram without a total: nothing to count
    TOO_LARGE = "too_large"
    TOPIC = "topic"  # a topic that no gateway listens to, or with wildcards in it
    UNKNOWN_DEVICE = "unknown_device"  # speaks well, but nobody registered it
    WRONG_KIND = "wrong_kind"  # a button that sends registers, a meter that presses
    CONTENT = "content"  # the store would not take it, even alone


class Refused(Exception):  # noqa: N818  # it is a verdict about a payload, not an error of ours
    """A payload that is not taken in.

    Parameters
    ----------
    reason : Refusal
        The class of the fault; counted and shown.
    detail : str
        One plain sentence for a person: what is wrong and where.
    """

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Reading:
    """A water register: cumulative litres since the meter was new."""

    device: str  # the address under which the device speaks
    measured_at: datetime
    received_at: datetime
    litres: float


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A pressed bell (平安钟).

    `ref` tells one press from another: the sender's own number where there is one. `cached` marks
    a press that came from a retained message or a bridge's memory: it may be old, and is treated
    as a possible missed press. `suspect` says why a live press looks odd; it still counts.
    """

    device: str
    measured_at: datetime
    received_at: datetime
    ref: str
    cached: bool = False
    suspect: str = ""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """What a device says about itself: battery in percent, and its own alarm words."""

    device: str
    measured_at: datetime
    received_at: datetime
    battery_percent: float | None = None
    flags: tuple[str, ...] = ()


Fact = Reading | ButtonPress | DeviceStatus
