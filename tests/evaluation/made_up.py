"""Made-up records for the tests of the harness. They set no threshold and are quoted nowhere."""

from datetime import UTC, datetime

from meterwatch.evaluation.records import Record, as_record

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
HOUR = 3_600.0
DAYS = 120


def record(
    silences: tuple[tuple[int, int], ...] = (),
    *,
    name: str = "home",
    days: int = DAYS,
    leak: float = 0.0,
    lost: tuple[tuple[int, int], ...] = (),
) -> Record:
    """A home that draws ten litres at 7, 12 and 19 h, but for some hours (from, until).

    Readings come at each whole hour; those of the `lost` hours do not.
    """
    register, readings = 1_000.0, []
    for hour in range(days * 24 + 1):
        in_use = (hour - 1) % 24 in {7, 12, 19}
        silent = any(start <= hour - 1 < stop for start, stop in silences)
        if hour:
            register += leak + (10.0 if in_use and not silent else 0.0)
        if not any(start <= hour < stop for start, stop in lost):
            readings.append((START + hour * HOUR, register))
    return as_record(name, readings)
