import numpy as np
import pytest

from meterwatch.detectors import Detector, FlatFlow, NoUse
from meterwatch.evaluation.alarms import Alarms
from meterwatch.evaluation.arrivals import Arrivals
from meterwatch.evaluation.judging import Judge
from meterwatch.evaluation.nights import Nights, learn_nights
from meterwatch.evaluation.plain import Plainly, named
from meterwatch.evaluation.records import Record
from meterwatch.evaluation.scenes import untouched
from tests.evaluation.known import PRIOR, entered
from tests.evaluation.made_up import HOUR, START, record

DAY = 24
AWAY = ((40 * DAY, 41 * DAY), (50 * DAY, 53 * DAY), (60 * DAY, 60 * DAY + 12))


def fixed(hours: float) -> NoUse:
    return NoUse(default_limit_hours=hours, min_limit_hours=hours, max_limit_hours=hours)


def raised(of: Record, detector: Detector, arrivals: Arrivals | None = None) -> Alarms:
    home = entered(of, arrivals)
    (learnt,) = learn_nights(Nights.of([home]), [PRIOR], [5.0])[5.0]
    return Judge(detector, learnt).alarms(untouched(home))


def plainly(of: Record, rule: str) -> list[float]:
    plain = Plainly(untouched(entered(of)))
    return [float(each) for each in plain.alarms(named(rule)).counts(plain.absences)]


def hours(alarms: Alarms) -> list[tuple[float, float, float]]:
    """Give since, fired and stopped of each alarm in hours of the record."""
    times = (alarms.since, alarms.fired_at, alarms.stopped_at)
    return [tuple((each - START) / HOUR for each in alarm) for alarm in zip(*times, strict=True)]


def test_ordinary_days_raise_nothing() -> None:
    assert hours(raised(record(), fixed(24.0))) == []
    assert plainly(record(), "F24") == [0, 0, 0]


def test_each_silence_raises_one_alarm_however_long_it_lasts() -> None:
    alarms = raised(record(AWAY), fixed(14.0))
    assert hours(alarms) == [
        (40 * DAY - 4, 40 * DAY + 10, 41 * DAY + 8),
        (50 * DAY - 4, 50 * DAY + 10, 53 * DAY + 8),
        (60 * DAY - 4, 60 * DAY + 10, 60 * DAY + 13),
    ]
    absences = Plainly(untouched(entered(record(AWAY)))).absences
    assert alarms.counts(absences).tolist() == [3, 2, 1] == plainly(record(AWAY), "F14")


def test_a_silence_in_the_history_raises_nothing() -> None:
    early = record(((10 * DAY, 12 * DAY),))
    assert hours(raised(early, fixed(24.0))) == []
    assert plainly(early, "F24") == [0, 0, 0]


def test_a_gap_that_hides_a_use_is_no_silence() -> None:
    lossy = record(lost=((40 * DAY + 1, 43 * DAY),))
    assert hours(raised(lossy, fixed(24.0))) == []
    assert plainly(lossy, "F24") == [0, 0, 0]


def test_a_gap_in_which_the_register_stood_still_is_part_of_a_silence() -> None:
    lossy = record(((40 * DAY, 42 * DAY),), lost=((40 * DAY + 1, 41 * DAY + 12),))
    assert hours(raised(lossy, fixed(24.0))) == [(40 * DAY - 4, 41 * DAY + 12, 42 * DAY + 8)]
    assert plainly(lossy, "F24") == [1, 0, 0]


def test_an_absence_excuses_what_began_before_it_ended() -> None:
    away = Alarms(np.array([0.0, 90.0]) * HOUR, np.array([30.0, 95.0]) * HOUR, np.full(2, np.inf))
    plain = Plainly(untouched(entered(record())))
    none = plain.absences.of(48.0)
    assert len(none.began_at) == 0
    assert away.counts(none).tolist() == [2, 2, 2]


def test_what_another_rule_has_told_is_no_further_alarm() -> None:
    def at(fired: list[float], stopped: list[float]) -> Alarms:
        times = np.array(fired) * HOUR
        return Alarms(times, times, np.array(stopped) * HOUR)

    told = at([100.0], [130.0])
    own = at([70.0, 80.0, 120.0, 131.0], [200.0] * 4)
    assert (own.further_to(told).fired_at / HOUR).tolist() == [70.0, 131.0]


def test_what_is_sent_once_a_day_is_judged_once_a_day() -> None:
    alarms = raised(record(AWAY), fixed(14.0), Arrivals(daily_at=6.0))
    assert [at for _, at, _ in hours(alarms)] == [41 * DAY + 6, 51 * DAY + 6]


def test_a_later_transport_raises_the_same_alarms_later() -> None:
    plain = raised(record(AWAY), fixed(14.0))
    late = raised(record(AWAY), fixed(14.0), Arrivals(transport_hours=5.0))
    assert late.since.tolist() == plain.since.tolist()
    assert (late.fired_at - plain.fired_at).tolist() == [5 * HOUR] * 3


def test_a_standing_flow_is_one_alarm_of_flat_flow() -> None:
    assert len(raised(record(), FlatFlow()).since) == 0
    begins = record(((40 * DAY, 40 * DAY),), leak=0.0)
    tap = begins.drawn.copy()
    tap[50 * DAY : 50 * DAY + 20] += 150.0
    running = Record(
        "home", begins.began_at, begins.ends_at, begins.hours, tap, tap, begins.readings
    )
    assert len(raised(running, FlatFlow()).since) == 1


def test_years_are_those_of_the_covered_time_that_is_judged() -> None:
    assert entered(record()).years == pytest.approx(92 / 365.25)
