"""Readings as they arrive in life: with gaps, repeated, late, stale, wild, too often, exchanged."""

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from meterwatch.domain.household import Device, DeviceKind, Swap
from meterwatch.store.homes import Watched
from meterwatch.store.telemetry import Row

START = 1_772_400_000  # a full hour
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Trouble:
    """How often what goes wrong; each a chance a reading."""

    missing: float = 0.0
    long_gap: float = 0.0
    repeated: float = 0.0
    late: float = 0.0
    stale: float = 0.0
    wild: float = 0.0
    too_often: float = 0.0
    exchanged: float = 0.0
    same_instant: float = 0.0
    floods: float = 0.0


def watched(device: int, home: int, interval: int = 60) -> Watched:
    """A meter in service since long ago."""
    one = Device(device, home, DeviceKind.METER, f"m{device}", interval_minutes=interval)
    return Watched(one, 1, datetime(2025, 1, 1, tzinfo=UTC), None)


def stream(dice: Random, meter: Device, hours: int, trouble: Trouble) -> list[tuple[int, float]]:
    """Tell what one meter measures, in order of time: epoch seconds and litres."""
    at, litres, readings = START, float(dice.randrange(1_000)), []
    step = meter.interval_minutes * (7 if dice.random() < trouble.floods else 60)
    while at < START + hours * HOUR:
        at += step
        if dice.random() < trouble.long_gap:
            at += dice.randrange(2, 60) * HOUR
        if dice.random() < 0.4:
            litres += dice.randrange(40)
        if dice.random() < trouble.exchanged:
            litres = float(dice.randrange(500))
        if dice.random() < trouble.missing:
            continue
        readings.append((at, _shown(dice, litres, trouble)))
        if dice.random() < trouble.too_often:
            readings += [(at + 60 * extra, litres) for extra in range(1, dice.randrange(2, 40), 7)]
    return readings


def _shown(dice: Random, litres: float, trouble: Trouble) -> float:
    if dice.random() < trouble.stale:
        return max(0.0, litres - dice.randrange(1, 200))
    return litres + 90_000.0 if dice.random() < trouble.wild else litres


def arrivals(dice: Random, meters: list[Device], hours: int, trouble: Trouble) -> list[Row]:
    """Give the readings of all meters in the order in which they are heard."""
    heard: list[tuple[float, int, int, float]] = []
    for meter in meters:
        for at, litres in stream(dice, meter, hours, trouble):
            delay = dice.randrange(1, 30 * HOUR) if dice.random() < trouble.late else 3
            heard.append((at + delay, meter.id, at, litres))
            if dice.random() < trouble.repeated:
                heard.append((at + delay + dice.randrange(9 * HOUR), meter.id, at, litres))
            if dice.random() < trouble.same_instant:
                heard.append((at + delay + 1, meter.id, at, litres + 1.0))
    return [(device, at, int(when), litres) for when, device, at, litres in sorted(heard)]


def cut(dice: Random, rows: list[Row]) -> list[list[Row]]:
    """Cut rows into batches of any size."""
    batches: list[list[Row]] = []
    while rows:
        size = dice.choice([1, 2, 5, 30, 200])
        batches.append(rows[:size])
        rows = rows[size:]
    return batches


def a_swap(dice: Random, device: int, hours: int) -> Swap:
    at = START + dice.randrange(hours) * HOUR + dice.choice([0, 1_800])
    return Swap(device, datetime.fromtimestamp(at, UTC), 500.0, 0.0)
