from datetime import UTC

import pytest

from meterwatch.detectors import FlatFlow, NoUse
from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation.alarms import Alarms, alarms_of
from meterwatch.evaluation.homes import enter
from meterwatch.evaluation.records import Record
from tests.evaluation.made_up import record

DAY = 24


def fixed(hours: float) -> NoUse:
    return NoUse(default_limit_hours=hours, min_limit_hours=hours, max_limit_hours=hours)


def raised(of: Record, detector: NoUse | FlatFlow) -> Alarms:
    home = enter(of, LocalTime.of(UTC), 3.0)
    assert home is not None
    return alarms_of(home, detector)


def test_ordinary_days_raise_nothing() -> None:
    assert raised(record(), fixed(24.0)).counts.tolist() == [0, 0, 0]


def test_each_silence_raises_one_alarm_however_long_it_lasts() -> None:
    silences = ((40 * DAY, 41 * DAY), (50 * DAY, 53 * DAY), (60 * DAY, 60 * DAY + 13))
    alarms = raised(record(silences), fixed(14.0))
    assert alarms.lasted_hours.tolist() == [35.0, 83.0, 23.0]
    assert alarms.counts.tolist() == [3, 2, 1]


def test_a_silence_in_the_history_raises_nothing() -> None:
    assert raised(record(((10 * DAY, 12 * DAY),)), fixed(24.0)).counts.tolist() == [0, 0, 0]


def test_a_gap_that_hides_a_use_is_no_silence() -> None:
    lost = ((40 * DAY + 1, 43 * DAY),)
    assert raised(record(lost=lost), fixed(24.0)).counts.tolist() == [0, 0, 0]


def test_a_gap_in_which_the_register_stood_still_is_part_of_a_silence() -> None:
    silence, lost = (40 * DAY, 42 * DAY), (40 * DAY + 1, 41 * DAY + 12)
    alarms = raised(record((silence,), lost=(lost,)), fixed(24.0))
    assert alarms.lasted_hours.tolist() == [59.0]


def test_years_are_those_of_the_covered_time_that_is_judged() -> None:
    assert raised(record(), fixed(24.0)).years == pytest.approx(92 / 365.25)


def test_a_standing_flow_is_one_alarm_of_flat_flow() -> None:
    assert len(raised(record(leak=12.0), FlatFlow()).lasted_hours) == 1
    assert len(raised(record(), FlatFlow()).lasted_hours) == 0
