"""Replaying: recorded readings through the real path, with the decision clock moved by the data."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from meterwatch.app.house import House
from meterwatch.clock import DataClock
from meterwatch.domain.fact import Reading
from meterwatch.evaluation.records import read_rows, readable
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.store import Store

CHUNK = 2_000  # readings a batch: about two days of forty homes, then people's part has its turn
# A concentrator may send a whole day late; rows that lie further back were not heard like this.
_LATE = timedelta(hours=25).total_seconds()
_TELL_EVERY = 1_000

Row = tuple[str, float, float]  # household, epoch seconds, litres
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of recorded readings, looked over once.

    Attributes
    ----------
    since : datetime
        The first moment in it.
    in_order : bool
        Whether its rows lie as they were heard, and not one household after the other.
    """

    path: Path
    households: tuple[str, ...]
    readings: int
    since: datetime
    in_order: bool

    def rows(self, limit: int | None = None, progress: Progress | None = None) -> Iterator[Row]:
        """Read the first rows in the order in which they were heard.

        `progress` is told the share of them that was taken.
        """
        most = min(limit or self.readings, self.readings)
        with readable(self.path):
            rows = read_rows(self.path, None)
            ordered = rows if self.in_order else iter(sorted(rows, key=lambda row: row[1]))
            for number, row in enumerate(islice(ordered, most)):
                if progress and number % _TELL_EVERY == 0:
                    progress(number / most)
                yield row

    def homes_csv(self) -> bytes:
        """Write its households as the file that an office would import."""
        written = io.StringIO(newline="")
        rows = csv.writer(written, lineterminator="\n")
        rows.writerow(("household", "area_community", "meter"))
        rows.writerows((home, "replay", home) for home in self.households)
        return written.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to."""

    readings: int
    refused: int
    alerts: int
    messages: int


def look_over(path: Path) -> Recording:
    """Look a recording over: whose it is, when it begins, in which order it lies.

    Raises
    ------
    ValueError
        If it cannot be read; the text names the file, the line and what was expected.
    """
    homes, readings, in_order = set(), 0, True
    earliest, latest = math.inf, -math.inf
    with readable(path):
        for home, at, _ in read_rows(path, None):
            homes.add(home)
            readings += 1
            in_order = in_order and at >= latest - _LATE
            earliest, latest = min(earliest, at), max(latest, at)
        if not readings:
            raise ValueError("line 2: there is no reading")
    since = datetime.fromtimestamp(earliest, UTC)
    return Recording(path, tuple(sorted(homes)), readings, since, in_order)


def clock_for(store: Store) -> DataClock:
    """Make the clock of one more recording: it may begin any time after what was heard before."""
    return DataClock(datetime.fromtimestamp(store.telemetry.last_heard() or 0, UTC))


def as_facts(rows: Iterable[Row]) -> list[Reading]:
    """Turn recorded rows into readings of meters that are called like their households."""
    facts = []
    for home, at, litres in rows:
        moment = datetime.fromtimestamp(at, UTC)
        facts.append(Reading(home, moment, moment, litres))
    return facts


def register(house: House, recording: Recording) -> None:
    """Import the households of a recording that are not there yet, as new at its beginning."""
    import_homes(house.store, recording.homes_csv(), recording.since, zone=house.zone)


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
        while house.judge():
            pass
        house.escalate()
        messages += house.deliver()
    house.sweep()
    house.escalate()
    messages += house.deliver()
    return Replayed(readings, refused, meters.alerts, messages)
