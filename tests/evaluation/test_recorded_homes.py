"""The harness on recorded homes, against counts that share no code with it."""

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.detectors import NoUse
from meterwatch.domain.usage import Floats, LocalTime
from meterwatch.evaluation import Candidate, Conditions, Report, evaluate, read_records
from meterwatch.evaluation.homes import Home, enter
from meterwatch.evaluation.injections import COLLAPSE, inject
from meterwatch.evaluation.judging import Judge
from meterwatch.evaluation.nights import Nights, learn_nights
from meterwatch.evaluation.plain import Plainly, View, named
from meterwatch.evaluation.records import Record
from meterwatch.evaluation.scenes import untouched
from tests.evaluation.known import PRIOR

MADRID = ZoneInfo("Europe/Madrid")
DAILY = NoUse(default_limit_hours=24.0, min_limit_hours=24.0, max_limit_hours=24.0)
PLAIN = ("00248e83", "1f7b2064", "7b183b97", "9b721922", "e3b4516c")  # no register steps back

# Counted independently, by other code, on the same homes: alarms a household-year with absences of
# 48 h and more declared, and median hours of delay.
COUNTED = {
    "S10": (56.23, 10.7),
    "T10": (26.47, 16.8),
    "F12": (23.66, 11.7),
    "F24": (4.30, 23.8),
    "G1.25": (5.53, 16.6),
    "E1.25": (11.81, 11.9),
    "Z10": (6.72, 15.9),
    "Q1.25": (5.29, 18.7),
    "C10": (7.90, 15.7),
}


@pytest.fixture(scope="module")
def file(shared_data: Path) -> Path:
    return shared_data / "daiad" / "daiad-readings.csv.gz"


@pytest.fixture(scope="module")
def records(file: Path) -> list[Record]:
    return read_records(file)


@pytest.fixture(scope="module")
def plain_rules(records: list[Record]) -> Report:
    return evaluate(records, MADRID, (), rules=tuple(COUNTED), conditions=Conditions(60))


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


def home_of(records: list[Record], name: str) -> Home:
    (record,) = [each for each in records if each.home == name]
    home = enter(record, LocalTime.of(MADRID), 3.0)
    assert home is not None
    return home


def counted_plainly(series: dict[float, float]) -> int:
    """Count the silences of a day and more after the first four weeks, with plain loops.

    For homes without a leak: a use is three litres between readings.
    """
    times = sorted(series)
    opens = times[0] + 28 * 86_400
    began, alarms, raised = times[0], 0, False
    for before, at in pairwise(times):
        drawn = series[at] - series[before]
        assert drawn >= 0
        if drawn >= 3:
            began, raised = at, False
        elif at > opens and at - began >= 86_400 and not raised:
            alarms, raised = alarms + 1, True
    return alarms


def found_plainly(home: Home, view: View) -> Iterator[float]:
    """Follow each collapse reading by reading, for a home without a leak, to a silent day."""
    scene = view.scene
    for row, at in enumerate(scene.struck_at):
        last, found = -np.inf, np.inf
        readings = zip(scene.ends_at[row], scene.drawn[row], strict=True)
        for moment, drawn in readings:
            if drawn >= 3:
                last = moment
            elif moment > at and moment - last >= 86_400 and not np.isfinite(found):
                found = (moment - at) / 3_600
        yield found


@pytest.mark.parametrize("name", PLAIN)
def test_silences_of_a_day_agree_with_a_plain_count(
    registers: dict[str, dict[float, float]], records: list[Record], name: str
) -> None:
    alarms = Plainly(untouched(home_of(records, name))).alarms(named("F24"))
    assert len(alarms.since) == counted_plainly(registers[name])


def test_delays_of_a_silent_day_agree_with_a_plain_count(records: list[Record]) -> None:
    home = home_of(records, PLAIN[0])
    view = View(inject(home, COLLAPSE, 40, 7))
    found = Plainly(untouched(home)).delays(named("F24"), view)
    assert found.tolist() == list(found_plainly(home, view))


def test_a_detector_with_a_fixed_limit_does_what_the_plain_rule_does(
    records: list[Record],
) -> None:
    home = home_of(records, PLAIN[2])
    record, collapses = untouched(home), inject(home, COLLAPSE, 40, 7)
    (learnt,) = learn_nights(Nights.of([home]), [PRIOR], [5.0])[5.0]
    judge, plainly = Judge(DAILY, learnt), Plainly(record)
    same: list[tuple[Floats, Floats]] = [
        (judge.alarms(record).fired_at, plainly.alarms(named("F24")).fired_at),
        (judge.delays(collapses), plainly.delays(named("F24"), View(collapses))),
    ]
    for ours, plain in same:
        assert ours.tolist() == plain.tolist()


def test_the_homes_that_enter_are_those_of_the_written_rules(plain_rules: Report) -> None:
    assert (plain_rules.every.homes, plain_rules.left_out) == (42, 10)
    assert plain_rules.every.household_years == pytest.approx(45.6, abs=0.05)


@pytest.mark.parametrize("rule", COUNTED)
def test_plain_rules_come_out_as_they_were_counted_elsewhere(
    plain_rules: Report, rule: str
) -> None:
    alarms, median = COUNTED[rule]
    row = plain_rules.every.row(rule)
    assert row.headline.mean.value == pytest.approx(alarms, rel=0.10)
    assert row.delay is not None
    assert row.delay.median.value == pytest.approx(median, abs=1.0)


def test_our_limits_are_sooner_than_a_day_and_as_quiet(records: list[Record]) -> None:
    ours = [Candidate("no_use 5", NoUse(), 5.0)]
    report = evaluate(records[:16], MADRID, ours, PRIOR, rules=("F24",), conditions=Conditions(25))
    learnt, daily = report.every.row("no_use 5"), report.every.row("F24")
    assert learnt.delay is not None
    assert daily.delay is not None
    assert learnt.delay.median.value < daily.delay.median.value - 3.0
    assert learnt.headline.mean.value < daily.headline.mean.value + 2.0
    assert learnt.delay.missed.value < 0.02
