"""Coming back: who was told that somebody had left hears once that water is used again."""

from datetime import timedelta

import pytest

from meterwatch.domain.alert import Condition, State
from meterwatch.domain.household import VACANT, Grade
from meterwatch.domain.signal import NO_USE
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.respond import correct, declare_absence, report
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people
from tests.parts.street import Street, build_street
from tests.pipeline.acting import (
    Carrier,
    alerts,
    outbox,
    post,
    rows_of,
    states,
    text,
    the_alert,
    timeline,
    told,
)
from tests.pipeline.test_meters import WATCH, Watching, at, lived_in


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


@pytest.fixture
def watching(store: Store, street: Street) -> Watching:
    return Watching(store, Meters(store, WATCH))


def found(street: Street, hour: float, outcome: Outcome, seen: Seen = Seen.NOT_HOME) -> Visit:
    now = at(hour)
    return Visit(street.home.id, f"contact:{street.guardian}", "", Mode.HOME, outcome, seen, now)


def visited(store: Store, street: Street, hour: float, outcome: Outcome) -> int:
    """Let the taps have been shut, people be told, and somebody go and say what was found."""
    return report(store, found(street, hour, outcome), at(hour))


def silent_and_told(store: Store, watching: Watching) -> Carrier:
    lived_in(watching)
    watching.use(range(49, 74), 0.0)
    carrier = Carrier()
    post(store, carrier, at(73.1))
    return carrier


def test_the_first_use_after_a_hospital_is_told_once_to_those_who_were_told(
    store: Store, watching: Watching, street: Street
) -> None:
    carrier = silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.AWAY_HOSPITAL)
    watching.use(range(74, 90), 0.0)
    assert told(store, "coming_back") == []
    watching.live(range(90, 100))
    assert told(store, "coming_back") == [street.guardian, street.community]
    post(store, carrier, at(91))
    assert set(states(store, "coming_back")) == {"accepted"}
    assert "又有用水" in carrier.to(street.guardian)[-1]
    alert = the_alert(store)
    assert (alert.state, alert.condition) == (State.CLOSED, Condition.CLEARED)
    assert timeline(store, alert.id)[-1] == "came_back"
    assert rows_of(store, t.awaited) == []


def test_the_water_of_those_who_came_to_look_is_not_hers(
    store: Store, watching: Watching, street: Street
) -> None:
    silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.FALL)
    watching.use(range(74, 75), 10.0)
    watching.use(range(75, 90), 0.0)
    assert told(store, "coming_back") == []
    watching.use(range(90, 91), 10.0)
    assert told(store, "coming_back") == [street.guardian, street.community]


def test_who_was_found_well_at_home_is_no_news(
    store: Store, watching: Watching, street: Street
) -> None:
    silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.SAFE)
    watching.live(range(74, 90))
    assert told(store, "coming_back") == []


def test_a_correction_counts(store: Store, watching: Watching, street: Street) -> None:
    silent_and_told(store, watching)
    line = visited(store, street, 73.5, Outcome.AWAY_HOSPITAL)
    correct(store, line, found(street, 74, Outcome.SAFE, Seen.WELL), at(74))
    watching.live(range(74, 90))
    assert told(store, "coming_back") == []


def test_who_hears_that_the_absence_is_over_hears_it_once(
    store: Store, watching: Watching, street: Street
) -> None:
    silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.AWAY_FAMILY)
    home = street.home.id
    declare_absence(store, home, at(400), "family", f"contact:{street.guardian}", at(73.6))
    watching.use(range(74, 90), 0.0)
    watching.live(range(90, 100))
    assert sorted(told(store, "coming_back")) == sorted(street.everybody)
    assert rows_of(store, t.awaited) == []


def test_two_answered_alerts_of_one_silence_are_one_message(
    store: Store, watching: Watching, street: Street
) -> None:
    carrier = silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.AWAY_TRAVEL)
    watching.use(range(74, 100), 0.0)  # a day later it is asked again
    post(store, carrier, at(99.1))
    assert len(alerts(store, NO_USE)) == 2
    visited(store, street, 99.5, Outcome.AWAY_TRAVEL)
    watching.use(range(100, 110), 0.0)
    watching.use(range(110, 111), 10.0)
    assert sorted(told(store, "coming_back")) == [street.guardian, street.community]
    assert {alert.condition for alert in alerts(store, NO_USE)} == {Condition.CLEARED}


def test_who_is_asked_again_hears_the_good_news_of_that_alert_alone(
    store: Store, watching: Watching, street: Street
) -> None:
    carrier = silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.AWAY_TRAVEL)
    watching.use(range(74, 100), 0.0)  # a day later it is asked again
    post(store, carrier, at(99.1))
    watching.use(range(100, 101), 10.0)
    assert told(store, "good_news") == [street.guardian, street.community]
    assert told(store, "coming_back") == []
    assert rows_of(store, t.awaited) == []


def test_water_that_came_back_before_anybody_went_is_told_by_the_alert_itself(
    store: Store, watching: Watching, street: Street
) -> None:
    silent_and_told(store, watching)
    watching.use(range(74, 75), 10.0)
    assert told(store, "good_news") == [street.guardian, street.community]
    visited(store, street, 75, Outcome.AWAY_FAMILY)
    watching.live(range(76, 90))
    assert told(store, "coming_back") == []
    assert the_alert(store).state is State.CLOSED


def test_a_restart_between_the_visit_and_the_water_forgets_nothing(
    store: Store, watching: Watching, street: Street
) -> None:
    silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.AWAY_HOSPITAL)
    watching.use(range(74, 80), 0.0)
    watching.restart()
    watching.use(range(80, 81), 10.0)
    watching.restart()
    watching.use(range(81, 82), 10.0)
    assert told(store, "coming_back") == [street.guardian, street.community]


# Empty homes


def test_a_home_whose_people_moved_away_raises_nothing_until_water_is_used(
    store: Store, watching: Watching, street: Street
) -> None:
    silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.MOVED)
    with store.transaction(read_only=True) as tx:
        assert tx.homes.vacant(at(74)) == {street.home.id: at(73.5)}
    watching.use(range(74, 300), 0.0)
    assert len(alerts(store)) == 1
    (row,) = [row for row in outbox(store, "absence") if row["contact_id"] == street.community]
    assert row["params"]["of"] == VACANT
    watching.use(range(300, 301), 10.0)
    with store.transaction(read_only=True) as tx:
        assert tx.homes.vacant(at(301)) == {}
    assert {row["params"]["of"] for row in outbox(store, "coming_back")} == {VACANT}
    watching.use(range(301, 326), 0.0)  # and it is watched again
    assert len(alerts(store)) == 2


def test_who_knows_better_says_so_with_the_code_of_the_alert(
    store: Store, watching: Watching, street: Street
) -> None:
    carrier = silent_and_told(store, watching)
    visited(store, street, 73.5, Outcome.MOVED)
    post(store, carrier, at(73.6))
    code = the_alert(store).code
    assert code in carrier.to(street.neighbour)[-1]
    assert text(store, street.neighbour, f"在家 {code}", at(74)) == "home"
    with store.transaction(read_only=True) as tx:
        assert tx.homes.vacant(at(75)) == {}


def test_that_nobody_lives_there_is_no_absence_of_a_red_home_s_resident(store: Store) -> None:
    street = build_street(store, Grade.RED)
    report(store, found(street, 10, Outcome.MOVED), at(10))
    with store.transaction(read_only=True) as tx:
        running = tx.homes.absence_now(street.home.id, at(11))
    assert running is not None
    assert running.vacant
    assert running.until - running.since > timedelta(days=14)


def test_a_home_that_was_called_empty_by_mistake_is_watched_again(
    store: Store, street: Street
) -> None:
    line = report(store, found(street, 10, Outcome.MOVED), at(10))
    correct(store, line, found(street, 11, Outcome.SAFE, Seen.WELL), at(11))
    with store.transaction(read_only=True) as tx:
        assert tx.homes.vacant(at(12)) == {}


def test_a_second_word_that_they_moved_changes_nothing(store: Store, street: Street) -> None:
    for hour in (10, 20):
        report(store, found(street, hour, Outcome.MOVED), at(hour))
    assert len(rows_of(store, people.absences)) == 1
