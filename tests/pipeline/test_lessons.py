"""What visits teach the night: hours left out, limits widened and taken back, a line about it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.domain.alert import open_alert
from meterwatch.domain.escalation import WATER_POLICY
from meterwatch.domain.household import Grade
from meterwatch.domain.lesson import Answered, left_out
from meterwatch.domain.signal import FLAT_FLOW, NO_USE, Origin, Signal, SubjectKind
from meterwatch.domain.usage import LocalTime, UsageProfile
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.excluded import Excluded
from meterwatch.pipeline.lessons import answers, note_widening, widen
from meterwatch.pipeline.respond import correct, report
from meterwatch.store import Store
from meterwatch.store.tables import house
from tests.parts.street import Street, add_home, build_street
from tests.pipeline.acting import rows_of

UTC_TIME = LocalTime.of(UTC)
FIRST = datetime(2026, 3, 2, tzinfo=UTC)
FIRST_DAY = int(FIRST.timestamp()) // 86_400
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = FIRST + 40 * DAY


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def raised(store: Store, home: int, at: datetime, kind: str = NO_USE) -> int:
    """Let an alert stand about a home whose last water ran then."""
    signal = Signal(Origin.SEEN, kind, SubjectKind.HOUSEHOLD, home, at, at, f"{kind}:{home}:{at}")
    with store.transaction() as tx:
        circle = tx.homes.circle((SubjectKind.HOUSEHOLD, home))
        opened = open_alert(signal, Grade.GREEN, WATER_POLICY, circle, at + 14 * HOUR)
        return tx.alerts.add(opened.alert, at + 14 * HOUR).id


def visited(store: Store, home: int, at: datetime, outcome: Outcome, seen: Seen = Seen.WELL) -> int:
    found = Visit(home, "user:1", "", Mode.HOME, outcome, seen, at, saw_person_at=at)
    return report(store, found, at)


def well(store: Store, home: int, days: float) -> int:
    raised(store, home, FIRST + days * DAY)
    return visited(store, home, FIRST + days * DAY + 15 * HOUR, Outcome.SAFE)


def profile(*homes: int) -> UsageProfile:
    made = UsageProfile.unlearnt(homes)
    made.limits_hours[:] = 10.0
    made.returning_hours[:] = 20.0
    return made


def test_the_last_word_about_an_alert_counts(store: Store, street: Street) -> None:
    home = street.home.id
    raised(store, home, FIRST)
    visited(store, home, FIRST + 15 * HOUR, Outcome.NO_ACCESS, Seen.NO_ANSWER)
    visited(store, home, FIRST + 16 * HOUR, Outcome.FALL, Seen.UNWELL)
    (one,) = answers(store, NOW)[home]
    assert (one.outcome, one.began_at) == (Outcome.FALL, FIRST)
    assert one.found_at == FIRST + 16 * HOUR


def test_a_correction_takes_the_lesson_back(store: Store, street: Street) -> None:
    home = street.home.id
    raised(store, home, FIRST)
    line = visited(store, home, FIRST + 15 * HOUR, Outcome.SAFE)
    away = Visit(
        home, "user:1", "", Mode.HOME, Outcome.AWAY_FAMILY, Seen.NOT_HOME, FIRST + 20 * HOUR
    )
    correct(store, line, away, FIRST + 20 * HOUR)
    (one,) = answers(store, NOW)[home]
    assert one.outcome is Outcome.AWAY_FAMILY


def test_homes_that_were_found_well_again_and_again_are_waited_for_longer(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        neighbour = add_home(tx, street.area, "H2").id
    home = street.home.id
    for days in (2, 9, 20):
        well(store, home, days)
    found = answers(store, NOW)
    learnt = widen(profile(home, neighbour), found, NOW)
    assert learnt.widened.tolist() == [pytest.approx(1.21), 1.0]
    assert learnt.limits_hours[0] == pytest.approx(12.1)
    assert learnt.returning_hours.tolist() == [pytest.approx(24.2), 20.0]
    assert (learnt.limits_hours[1] == 10.0).all()  # the visits were not about it
    later = widen(profile(home, neighbour), found, NOW + 60 * DAY)
    assert (later.limits_hours == 10.0).all()


def test_without_visits_no_bit_of_a_limit_changes() -> None:
    limits = UsageProfile.unlearnt((1, 2))
    limits.limits_hours[:] = np.random.default_rng(1).uniform(6, 48, limits.limits_hours.shape)
    assert np.array_equal(widen(limits, {}, NOW).limits_hours, limits.limits_hours)


def test_a_limit_that_moved_is_written_down_once(store: Store, street: Street) -> None:
    home = street.home.id
    well(store, home, 2)
    well(store, home, 9)
    found = answers(store, NOW)
    before, after = profile(home), widen(profile(home), found, NOW)
    note_widening(store, before, after, found, NOW)
    note_widening(store, after, after, found, NOW + DAY)
    note_widening(store, after, before, {}, NOW + 60 * DAY)
    lines = [row for row in rows_of(store, house.audit) if row["act"] == "widen"]
    assert [(row["subject"], row["detail"]) for row in lines] == [
        (f"household:{home}", {"percent": 10, "found_well": 2}),
        (f"household:{home}", {"percent": 0, "found_well": 0}),
    ]


def answered(outcome: Outcome, began: float, found: float, kind: str = NO_USE) -> Answered:
    return Answered(kind, FIRST + began * HOUR, outcome, Mode.HOME, FIRST + found * HOUR)


def marked(
    one: Answered, used: tuple[int, ...] = (), local: LocalTime = UTC_TIME, first: int = FIRST_DAY
) -> list[int]:
    """Which hours of four days one visit takes out."""
    litres = np.zeros((2, 4, 24))
    litres.reshape(2, 96)[:, list(used)] = 20.0
    marks = Excluded({7: left_out([one])}, local, 3.0).marks((7, 8), litres, first)
    assert not marks[1].any()
    return np.flatnonzero(marks[0].ravel()).tolist()


def test_a_stay_in_hospital_is_left_out_from_the_last_water_to_the_first() -> None:
    stay = answered(Outcome.AWAY_HOSPITAL, began=10, found=26)
    assert marked(stay, used=(5, 9, 60, 61)) == list(range(10, 60))


def test_a_stay_that_goes_on_is_left_out_to_the_end() -> None:
    assert marked(answered(Outcome.AWAY_HOSPITAL, 10, 26)) == list(range(10, 96))


def test_the_use_of_those_who_came_in_before_the_visit_was_logged_ends_nothing() -> None:
    fall = answered(Outcome.FALL, began=10, found=26)
    assert marked(fall, used=(25, 40)) == list(range(10, 40))


def test_a_leak_is_left_out_until_it_was_found() -> None:
    assert marked(answered(Outcome.LEAK, 10, 26, FLAT_FLOW)) == list(range(10, 26))


def test_a_silence_that_was_harmless_goes_on_to_teach() -> None:
    assert marked(answered(Outcome.SAFE, 10, 26)) == []


def test_what_lies_before_the_days_that_are_looked_at_marks_none_of_them() -> None:
    assert marked(answered(Outcome.LEAK, -50, -20, FLAT_FLOW)) == []
    assert marked(answered(Outcome.AWAY_TRAVEL, -50, -20), used=(0, 3)) == []
    assert marked(answered(Outcome.AWAY_TRAVEL, -50, -20), used=(3,)) == [0, 1, 2]


def test_hours_are_those_of_the_people() -> None:
    shanghai = LocalTime.of(ZoneInfo("Asia/Shanghai"))
    assert marked(answered(Outcome.LEAK, 10, 12, FLAT_FLOW), (), shanghai) == [18, 19]
