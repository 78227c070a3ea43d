"""What every gateway is: a name, the topics it listens to, a decoder and its inverse.

A gateway is one file in this folder with `GATEWAY = Gateway(...)` and one vectors file in
`tests/gateways/vectors/`. Its `decode` touches nothing outside its arguments and raises nothing
but `Refused`; `encode` lets simulators speak the real language, and `decode(encode(x)) == x`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from meterwatch.domain.fact import Fact, Refused

LITRES_PER_UNIT: Mapping[str, float] = {"L": 1.0, "m3": 1000.0}
# A millilitre is finer than any meter; rounding to it undoes what 7.704 * 1000 does to a float.
LITRE_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT publication as it reached us."""

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where a device keeps what we want, for devices that do not use the common words.

    Parameters
    ----------
    field : str
        A key of the payload; dots step into nested objects and lists (`water.total`).
    unit : str
        `L` or `m3`: the register is `value * factor` in this unit.
    factor : float
        For pulse counters, the volume of one pulse; greater than zero.
    values : tuple of str
        For buttons, the words in `field` that are a press (`single`, `hold`, `true`).

    Raises
    ------
    ValueError
        If the unit is unknown or the factor is not a number greater than zero.
    """

    field: str
    unit: str = "L"
    factor: float = 1.0
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.field:
            raise ValueError("A field mapping names no field; write the key of the payload.")
        if self.unit not in LITRES_PER_UNIT:
            raise ValueError(f"The unit {self.unit!r} is not known; write L or m3.")
        if not (math.isfinite(self.factor) and self.factor > 0):
            raise ValueError(f"The factor {self.factor!r} must be a number greater than zero.")

    def litres(self, value: float) -> float:
        """Convert what the device shows into litres."""
        return round(value * self.factor * LITRES_PER_UNIT[self.unit], LITRE_DECIMALS)


# Per-device settings by device address; a device without one is read by the gateway's defaults.
FieldMaps = Mapping[str, FieldMap]
# One payload may carry several facts, and a bad one among them does not spoil the rest: it stands
# in the answer as the `Refused` it is. A payload refused as a whole raises `Refused`.
Item = Fact | Refused
Decode = Callable[[Message, FieldMaps], tuple[Item, ...]]
# Raises ValueError for a fact that the protocol has no way to say.
Encode = Callable[[Sequence[Fact]], tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class Gateway:
    """One protocol.

    Parameters
    ----------
    name : str
        The name of the file, and of its vectors.
    topics : tuple of str
        MQTT subscription filters (`+` and `#` allowed).
    decode, encode
        Bytes to facts, and back.
    bells : tuple of str
        Those of `topics` that may bring a press: the bells have a session of their own.
    ignores : tuple of str
        Filters within `topics` whose publications are known to be nobody's fact.
    """

    name: str
    topics: tuple[str, ...]
    decode: Decode
    encode: Encode
    bells: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
