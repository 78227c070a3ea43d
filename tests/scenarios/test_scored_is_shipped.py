"""What is scored is what ships: a replay and the harness raise the same alarms, row for row."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from meterwatch.app import replaying
from meterwatch.app.house import House
from meterwatch.config import Settings
from meterwatch.config.sections import Deployment
from meterwatch.detectors import DETECTORS
from meterwatch.domain.household import Grade
from meterwatch.domain.register import THIN
from meterwatch.domain.signal import CONCERN_KINDS, FLAT_FLOW, SLOW_LEAK, Origin, SubjectKind
from meterwatch.evaluation import Candidate, alarms, read_records
from meterwatch.evaluation.homes import HISTORY_DAYS
from meterwatch.evaluation.records import COLUMNS, Record
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people

Alarm = tuple[str, str, int, int]  # home, kind, when the worry began, the reading that raised it

HOUR, DAY = 3_600, 86_400
CELL = THIN * HOUR
DETECTOR_OF = {SLOW_LEAK: FLAT_FLOW}  # one detector, two kinds of worry
ZONE = "Europe/Madrid"
BEGAN = 1_456_786_800  # 2016-03-01 in Madrid; the clocks go forward on the 27th
LENGTH = 112  # days: a home enters with 2,500 readings
RECORDED = ("05be51c3", "0da96e4d", "1c71ebe5", "1e3dc2f3")
RECORDED_UNTIL = "2016-06-22"


class Life:
    """An invented home: what it draws each hour, and when its meter speaks."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.offset = self.random.randrange(HOUR)

    def litres(self, day: int, hour: int) -> float:
        """Draw water on most mornings, noons and evenings, a few hours sooner or later."""
        often = {6: 0.3, 7: 0.9, 8: 0.6, 12: 0.7, 13: 0.5, 18: 0.5, 19: 0.8, 20: 0.6, 22: 0.4}
        return (
            self.random.choice([4.0, 9.0, 30.0])
            if self.random.random() < often.get(hour, 0.04)
            else 0.0
        )

    def readings(self) -> Iterator[tuple[int, float]]:
        """Give moment and register of every reading."""
        register = 1_000.0
        for hour in range(24 * LENGTH):
            register += self.litres(*divmod(hour, 24))
            yield BEGAN + hour * HOUR + self.offset, round(register)


class Absent(Life):
    """Away for a night, a day and a half, four days, and for one noon on most Saturdays."""

    def litres(self, day: int, hour: int) -> float:
        drawn = super().litres(day, hour)
        away = {(40, 18, 60), (55, 12, 40), (70, 9, 110), (83, 20, 22), (97, 3, 15)}
        since = {24 * first + at: lasts for first, at, lasts in away}
        now = 24 * day + hour
        return 0.0 if any(0 <= now - begin < lasts for begin, lasts in since.items()) else drawn


class Leaking(Life):
    """A tap left on, a burst, and a leak of five weeks in which small uses hide."""

    def litres(self, day: int, hour: int) -> float:
        drawn = super().litres(day, hour)
        if day == 45 and 13 <= hour < 21:
            return drawn + 220.0
        if day == 60 and hour >= 5:
            return drawn + 900.0
        return drawn + (9.0 if 70 <= day < 105 else 0.0)


class Ill(Life):
    """For some days only a little is drawn; then, for a week, also at night."""

    def litres(self, day: int, hour: int) -> float:
        drawn = super().litres(day, hour)
        if 62 <= day < 71:
            return 4.0 if hour in {8, 14, 20} else 0.0
        return 6.0 if 90 <= day < 97 and hour in {1, 2, 3} else drawn


class Patchy(Absent):
    """Readings get lost, some come twice within minutes, and the meter is exchanged unannounced."""

    def readings(self) -> Iterator[tuple[int, float]]:
        lost = 0
        for number, (at, register) in enumerate(super().readings()):
            begins = self.random.choice([3, 9, 30]) if self.random.random() < 0.003 else 0
            lost = lost - 1 if lost else begins
            if lost:
                continue
            shown = register if number < 24 * 50 else register - 3_000.0
            yield at + self.random.randrange(240), max(shown, 0.0)
            if self.random.random() < 0.02:
                yield at + 600, max(shown, 0.0)


INVENTED: Mapping[str, Life] = {
    "absent": Absent(1),
    "ill": Ill(2),
    "leaking": Leaking(3),
    "patchy": Patchy(4),
    "steady": Life(5),
}


def moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def written(file: Path, rows: Iterable[tuple[str | float, ...]]) -> Path:
    with file.open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(COLUMNS)
        table.writerows(rows)
    return file


@pytest.fixture
def house(sqlite_store: Store) -> House:
    """An installation in which every detector is on, also those that must be asked for."""
    every = {"odd_hours": {"enabled": True}}
    settings = Settings(deployment=Deployment(zone=ZONE), detectors=every)
    return House(settings, sqlite_store, replaying.clock_for(sqlite_store))


def shipped(house: House, file: Path) -> set[Alarm]:
    """Give the alarms of a replay: worries that began, and not those that were lost and found."""
    recording = replaying.look_over(file)
    replaying.register(house, recording)
    with house.store.transaction() as tx:  # only red homes are looked at so closely as that
        tx.connection.execute(people.households.update().values(grade=Grade.RED))
    replaying.replay(house, recording.rows())
    with house.store.transaction(read_only=True) as tx:
        codes = {row.id: row.code for row in tx.connection.execute(people.households.select())}
        signals = tx.connection.execute(
            t.signals.select().where(
                t.signals.c.origin == Origin.SEEN, t.signals.c.subject_kind == SubjectKind.HOUSEHOLD
            )
        ).all()
        lines = tx.connection.execute(t.alert_lines.select().order_by(t.alert_lines.c.id)).all()
    condition, found_again = dict[int, str](), set[tuple[int, datetime]]()
    for line in lines:
        if line.what == "signal" and condition[line.alert_id] == "unknown":
            found_again.add((line.alert_id, line.at))
        if line.what.startswith("condition_") and line.what != "condition_active":
            condition[line.alert_id] = line.what.removeprefix("condition_")
    return {
        (
            codes[one.subject_id],
            DETECTOR_OF.get(one.kind, one.kind),
            int(one.at.timestamp()),
            int(one.as_of.timestamp()),
        )
        for one in signals
        if not one.key.endswith(":over") and (one.alert_id, one.stored_at) not in found_again
    }


def scored(house: House, records: list[Record]) -> set[Alarm]:
    """Give the alarms of the harness."""
    budget = house.settings.budget().false_alarms_per_home_year
    judges = [Candidate(each.name, each, budget) for each in house.watch.detectors]
    raised = alarms(records, ZoneInfo(ZONE), judges, house.settings.prior())
    return {(home, kind, int(since), int(at)) for home, kind, since, at in raised}


def at_kept_readings(found: set[Alarm], records: list[Record]) -> set[Alarm]:
    """Say by which reading that the harness keeps an alarm was raised.

    Of readings within 27 minutes the last one stands. The house has looked at the first one when
    the second comes; the harness sees the second alone.
    """
    kept = {(one.home, at // CELL): int(at) for one in records for at in one.ends_at.tolist()}
    return {(home, kind, since, kept[home, at // CELL]) for home, kind, since, at in found}


def compared(house: House, file: Path) -> tuple[set[Alarm], set[Alarm]]:
    """Give both, of what began after the history of each home."""
    records = read_records(file)
    ours, theirs = at_kept_readings(shipped(house, file), records), scored(house, records)
    opens = {record.home: record.began_at + HISTORY_DAYS * DAY for record in records}

    def stands(one: Alarm) -> bool:
        """Tell whether it is a concern that waits for a visit already, and is raised no more."""
        return one[1] in CONCERN_KINDS and any(
            earlier[:2] == one[:2] and earlier[3] < one[3] for earlier in ours
        )

    def after(found: set[Alarm]) -> set[Alarm]:
        return {one for one in found if one[2] > opens[one[0]] and not stands(one)}

    return after(ours), after(theirs)


def test_on_invented_homes_the_house_raises_what_the_harness_counts(
    house: House, tmp_path: Path
) -> None:
    rows = (
        (name, moment(at), litres)
        for name, life in INVENTED.items()
        for at, litres in life.readings()
    )
    raised, counted = compared(house, written(tmp_path / "invented.csv", rows))
    assert raised == counted
    assert {kind for _, kind, _, _ in counted} == set(DETECTORS)
    assert {home for home, _, _, _ in counted} >= {"absent", "ill", "leaking", "patchy"}


def test_on_recorded_homes_the_house_raises_what_the_harness_counts(
    house: House, tmp_path: Path, shared_data: Path
) -> None:
    with gzip.open(shared_data / "daiad" / "daiad-readings.csv.gz", "rt") as lines:
        rows = [tuple(row) for row in csv.reader(lines) if row[0] in RECORDED]
    some = [row for row in rows if row[1] < RECORDED_UNTIL]
    raised, counted = compared(house, written(tmp_path / "recorded.csv", some))
    assert raised == counted
    assert len(counted) > 5
