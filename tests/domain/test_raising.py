"""Signals find their standing alert, or open one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.alert import (
    Alert,
    Circle,
    Condition,
    Raised,
    State,
    Surroundings,
    raise_alerts,
    rests,
)
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade
from meterwatch.domain.notification import MessageKind
from meterwatch.domain.signal import (
    BELL,
    FLAT_FLOW,
    METER_SILENT,
    NO_USE,
    SLOW_LEAK,
    Origin,
    Signal,
    SubjectKind,
)
from tests.domain.worries import COMMUNITY, GUARDIAN, NOW, circle, opened, told, worry

Standing = Mapping[tuple[SubjectKind, int, str], Alert]


def around(grade: Grade = Grade.GREEN) -> Surroundings:
    def grade_of(_subject: tuple[SubjectKind, int]) -> Grade:
        return grade

    def people(_subject: tuple[SubjectKind, int], alert_id: int) -> Circle:
        return circle(GUARDIAN, COMMUNITY) if alert_id else circle()

    return Surroundings(grade_of, people, Policies())


def standing(*alerts: Alert) -> Standing:
    return {alert.subject: alert for alert in alerts}


def raised(*signals: Signal, on: Standing | None = None) -> tuple[Raised, ...]:
    return raise_alerts(signals, on or {}, around(), NOW)


def test_a_worry_that_stands_nowhere_opens_an_alert() -> None:
    (one,) = raised(worry())
    assert one.new
    assert one.move.alert.subject == (SubjectKind.HOUSEHOLD, 7, NO_USE)
    assert one.move.alert.began_at == NOW - timedelta(hours=25)
    assert told(one.move) == [GUARDIAN, COMMUNITY]


def test_the_grade_of_the_home_chooses_the_waits() -> None:
    (one,) = raise_alerts([worry()], {}, around(Grade.RED), NOW)
    assert one.move.alert.next_due_at == NOW + timedelta(minutes=7.5)


def test_the_same_worry_seen_again_says_nothing_new() -> None:
    assert raised(worry(), on=standing(opened().alert)) == ()


def test_two_kinds_and_two_homes_are_worries_of_their_own() -> None:
    found = raised(worry(), worry(FLAT_FLOW), worry(home=8))
    assert [one.new for one in found] == [True, True, True]


def test_two_signals_of_one_worry_in_one_batch_open_one_alert() -> None:
    presses = [worry(BELL, at=NOW + timedelta(seconds=s), origin=Origin.HEARD) for s in (0, 5)]
    first, second = raised(*presses)
    assert (first.new, second.new) == (True, False)
    assert second.move.notifications == ()
    assert [line.what for line in second.move.lines] == ["signal"]


def test_a_bell_pressed_again_is_written_down_and_tells_nobody_twice() -> None:
    later = NOW + timedelta(minutes=1)
    again = worry(BELL, at=later, origin=Origin.HEARD, as_of=later)
    (one,) = raised(again, on=standing(opened(BELL).alert))
    assert not one.new
    assert one.move.notifications == ()
    assert one.move.alert.as_of == later
    assert one.move.alert.state is State.OPEN


def test_an_older_press_that_comes_late_does_not_turn_the_clock_back() -> None:
    earlier = NOW - timedelta(minutes=9)
    late = worry(BELL, at=earlier, origin=Origin.HEARD, as_of=earlier)
    (one,) = raised(late, on=standing(opened(BELL).alert))
    assert one.move.alert.as_of == NOW


def test_what_is_over_or_unknown_opens_nothing() -> None:
    over = worry(condition=Condition.CLEARED)
    assert raised(over, replace(over, condition=Condition.UNKNOWN)) == ()


def test_the_end_of_a_worry_reaches_its_alert() -> None:
    (one,) = raised(worry(condition=Condition.CLEARED), on=standing(opened().alert))
    assert one.move.alert.condition is Condition.CLEARED
    assert told(one.move, MessageKind.GOOD_NEWS) == [GUARDIAN, COMMUNITY]


def test_a_worry_that_returns_in_the_batch_that_ended_it_opens_anew() -> None:
    silent = opened(METER_SILENT).alert
    over, anew = worry(METER_SILENT, condition=Condition.CLEARED), worry(METER_SILENT, at=NOW)
    closed, fresh = raised(over, anew, on=standing(silent))
    assert closed.move.alert.state is State.CLOSED
    assert fresh.new
    assert fresh.move.alert.state is State.OPEN


def test_what_was_standing_is_left_as_it_was() -> None:
    before = standing(opened().alert)
    copy = dict(before)
    raised(worry(condition=Condition.CLEARED), worry(home=9), on=before)
    assert before == copy


signals = st.builds(
    worry,
    st.sampled_from([NO_USE, BELL, METER_SILENT]),
    st.integers(1, 3),
    condition=st.sampled_from(Condition),
    origin=st.sampled_from(Origin),
)


@given(st.lists(signals, max_size=12))
def test_at_any_moment_at_most_one_alert_of_a_kind_stands_for_a_home(found: list[Signal]) -> None:
    open_now: set[tuple[SubjectKind, int, str]] = set()
    for one in raised(*found):
        subject = one.move.alert.subject
        assert subject == one.signal.subject
        assert one.new == (subject not in open_now)
        open_now.add(subject)
        if one.move.alert.state is State.CLOSED:
            open_now.remove(subject)


# An answered worry rests


def test_a_silence_that_somebody_looked_into_is_not_raised_again_within_the_hour() -> None:
    answered = NOW - timedelta(hours=1)
    assert rests(worry(), answered)


def test_a_silence_that_began_after_the_visit_is_raised_at_once() -> None:
    answered = NOW - timedelta(hours=30)
    assert not rests(worry(at=NOW - timedelta(hours=25)), answered)


def test_a_silence_that_goes_on_for_a_day_after_the_visit_is_raised_again() -> None:
    answered = NOW - timedelta(hours=24)
    assert not rests(worry(at=NOW - timedelta(hours=50)), answered)


def test_a_leak_that_people_left_rests_until_it_is_learnt() -> None:
    answered = NOW - timedelta(hours=70)
    assert rests(worry(SLOW_LEAK, at=NOW - timedelta(hours=90)), answered)
    assert not rests(worry(FLAT_FLOW, at=NOW - timedelta(hours=90)), answered)
    assert not rests(worry(SLOW_LEAK, at=NOW - timedelta(hours=90)), answered - timedelta(hours=3))


def test_what_nobody_answered_does_not_rest() -> None:
    assert not rests(worry(), None)


def test_a_bell_never_rests() -> None:
    assert not rests(worry(BELL, at=NOW, origin=Origin.HEARD), NOW)
