"""Replaying: recorded readings through the real path, with the decision clock moved by the data."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from meterwatch.app.house import House
from meterwatch.domain.fact import Reading
from meterwatch.evaluation.records import read_rows
from meterwatch.pipeline.import_homes import import_homes

CHUNK = 2_000  # readings a batch: about two days of forty homes, then people's part has its turn
_DISORDER = timedelta(days=31).total_seconds()

Row = tuple[str, float, float]  # household, epoch seconds, litres
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to."""

    readings: int
    refused: int
    alerts: int
    messages: int


def recorded(path: Path, progress: Progress | None = None) -> Iterator[Row]:
    """Read a recording in the order in which it was heard.

    Rows of one household after the other are no such order: they are sorted by time then.

    Raises
    ------
    ValueError
        If a row cannot be read; the text names the line and what was expected.
    """
    if _one_home_after_the_other(path):
        yield from sorted(read_rows(path, progress), key=lambda row: row[1])
    else:
        yield from read_rows(path, progress)


def households(path: Path) -> tuple[str, ...]:
    """Name the households of a recording."""
    return tuple(sorted({row[0] for row in read_rows(path, None)}))


def as_facts(rows: Iterable[Row]) -> list[Reading]:
    """Turn recorded rows into readings of meters that are called like their households."""
    facts = []
    for home, at, litres in rows:
        moment = datetime.fromtimestamp(at, UTC)
        facts.append(Reading(home, moment, moment, litres))
    return facts


def as_homes_csv(path: Path) -> bytes:
    """Write the households of a recording as the file that an office would import."""
    lines = ["household,area_community,meter", *(f"{h},replay,{h}" for h in households(path))]
    return ("\n".join(lines) + "\n").encode()


def register(house: House, path: Path) -> None:
    """Import the households of a recording that are not there yet, as new at its beginning."""
    first = min((at for _, at, _ in read_rows(path, None)), default=0.0)
    since = datetime.fromtimestamp(first, UTC)
    import_homes(house.store, as_homes_csv(path), since, zone=house.zone)


def first(rows: Iterator[Row], limit: int | None) -> Iterator[Row]:
    """Give at most so many rows."""
    return islice(rows, limit)


def as_batches(rows: Iterator[Row], size: int) -> Iterator[list[Reading]]:
    """Gather rows as a concentrator would send them: heard together, at the last one's time."""
    while batch := as_facts(islice(rows, size)):
        heard = max(fact.measured_at for fact in batch)
        yield [replace(fact, received_at=heard) for fact in batch]


def replay(house: House, rows: Iterator[Row]) -> Replayed:
    """Let a house live through a recording: every floor has its turn after each batch."""
    meters = house.watch_meters()
    readings = refused = messages = 0
    while batch := list(islice(rows, CHUNK)):
        taken = house.take(as_facts(batch))
        readings += len(taken.rows)
        refused += taken.refused
        house.escalate()
        messages += house.deliver()
    house.sweep()
    house.escalate()
    messages += house.deliver()
    return Replayed(readings, refused, meters.alerts, messages)


def _one_home_after_the_other(path: Path) -> bool:
    latest = 0.0
    for _, at, _ in read_rows(path, None):
        if at < latest - _DISORDER:
            return True
        latest = max(latest, at)
    return False
