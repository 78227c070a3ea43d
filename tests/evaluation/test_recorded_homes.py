"""The harness on recorded homes, against a count that shares no code with it."""

import csv
import gzip
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from meterwatch.detectors import Detector, FlatFlow, NoUse
from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation import evaluate, read_records
from meterwatch.evaluation.alarms import alarms_of
from meterwatch.evaluation.homes import enter
from meterwatch.evaluation.records import Record

MADRID = ZoneInfo("Europe/Madrid")
DAILY = NoUse(default_limit_hours=24.0, min_limit_hours=24.0, max_limit_hours=24.0)
PLAIN = ("00248e83", "1f7b2064", "7b183b97", "9b721922", "e3b4516c")  # no register steps back


@pytest.fixture(scope="module")
def file(shared_data: Path) -> Path:
    return shared_data / "daiad" / "daiad-readings.csv.gz"


@pytest.fixture(scope="module")
def records(file: Path) -> list[Record]:
    return read_records(file)


@pytest.fixture(scope="module")
def registers(file: Path) -> dict[str, dict[float, float]]:
    """Read the registers of the plain homes, the first of each moment."""
    series: dict[str, dict[float, float]] = {home: {} for home in PLAIN}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["household"] in series:
                at = datetime.fromisoformat(row["at"]).timestamp()
                series[row["household"]].setdefault(at, float(row["register_litres"]))
    return series


def counted_plainly(series: dict[float, float]) -> int:
    """Count the silences of a day and more after the first four weeks, with plain loops.

    For homes without a leak: a use is three litres between readings, or any litre across a gap.
    """
    times = sorted(series)
    opens = times[0] + 28 * 86_400
    began, alarms, raised = times[0], 0, False
    for before, at in pairwise(times):
        drawn = series[at] - series[before]
        assert drawn >= 0
        gap = at - before > 1.6 * 3600
        if drawn >= 3 or (gap and drawn > 0):
            began, raised = at, False
        elif at > opens and at - began >= 86_400 and not raised:
            alarms, raised = alarms + 1, True
    return alarms


@pytest.mark.parametrize("home", PLAIN)
def test_silences_of_a_day_agree_with_a_plain_count(
    registers: dict[str, dict[float, float]], records: list[Record], home: str
) -> None:
    (record,) = [each for each in records if each.home == home]
    entered = enter(record, LocalTime.of(MADRID), 3.0)
    assert entered is not None
    assert len(alarms_of(entered, DAILY).lasted_hours) == counted_plainly(registers[home])


def test_the_homes_that_enter_are_those_of_the_written_rules(records: list[Record]) -> None:
    local = LocalTime.of(MADRID)
    homes = [home for record in records if (home := enter(record, local, 3.0)) is not None]
    assert (len(records), len(homes)) == (52, 42)
    assert sum(home.years for home in homes) == pytest.approx(45.6, abs=0.05)


def test_a_part_of_the_homes_scores_as_all_of_them_are_known_to(records: list[Record]) -> None:
    rules: dict[str, Detector] = {"no_use": NoUse(), "no_use 24 h": DAILY, "flat_flow": FlatFlow()}
    report = evaluate(records[:16], MADRID, rules, collapses=25)
    learnt, daily, flat = report.rows
    assert learnt.delay is not None
    assert daily.delay is not None
    assert daily.delay.median.value == pytest.approx(24.0, abs=0.6)
    assert daily.delay.p90.value < 28.0
    assert learnt.delay.median.value < daily.delay.median.value
    assert learnt.alarms["undeclared"].mean.value < 5.0
    assert daily.alarms["undeclared"].mean.value < 5.0
    assert daily.delay.missed_72h.value < 0.02
    assert flat.alarms["all"].mean.value < 2.0
