"""Alerts that come back earlier, or on another step, because of what happened meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from meterwatch.domain.alert import (
    Act,
    Alert,
    Condition,
    Raised,
    State,
    Surroundings,
    advance,
    give_up_step,
    raise_alerts,
)
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.signal import BELL, NO_USE, Origin, Signal
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from tests.domain.worries import (
    COMMUNITY,
    GUARDIAN,
    NOW,
    circle,
    ladder,
    minutes,
    opened,
    said,
    told,
    worry,
)

LATER = NOW + minutes(7)
TOLD = circle(GUARDIAN, COMMUNITY)
AROUND = Surroundings(lambda _subject: Grade.GREEN, lambda _subject, _alert: TOLD, Policies())


def again(alert: Alert, signal: Signal) -> Alert:
    one: Raised
    (one,) = raise_alerts([signal], {alert.subject: alert}, AROUND, LATER)
    return one.move.alert


def at_ease(alert: Alert) -> Alert:
    return advance(alert, Act.CLEAR, "system", TOLD, NOW).alert


def visit(logged_at_minute: float) -> Visit:
    logged = NOW + minutes(logged_at_minute)
    return Visit(7, "user:1", "", Mode.HOME, Outcome.SAFE, Seen.WELL, logged)


def test_a_silence_that_begins_anew_after_water_was_seen_is_told_at_once() -> None:
    anew = worry(at=NOW + minutes(5), as_of=LATER)
    alert = again(at_ease(opened().alert), anew)
    assert alert.condition is Condition.ACTIVE
    assert (alert.began_at, alert.next_due_at) == (anew.at, LATER)


def test_a_look_before_a_silence_began_anew_does_not_answer_it() -> None:
    alert = again(at_ease(opened().alert), worry(at=NOW + minutes(5), as_of=LATER))
    assert not visit(3).answers(alert.raised_at)
    assert visit(5).answers(alert.raised_at)


def test_a_silence_that_begins_anew_leaves_time_to_who_is_on_the_way() -> None:
    going = advance(at_ease(opened().alert), Act.GO, "user:1", TOLD, NOW).alert
    alert = again(going, worry(at=NOW + minutes(5), as_of=LATER))
    assert alert.next_due_at == going.next_due_at
    assert alert.state is State.VISITING
    assert alert.began_at == NOW + minutes(5)


def test_a_meter_that_is_heard_again_shows_the_same_silence_and_hurries_nobody() -> None:
    before = opened().alert
    lost = advance(before, Act.LOSE, "system", TOLD, NOW).alert
    alert = again(lost, worry(as_of=LATER))
    assert (alert.began_at, alert.next_due_at) == (before.began_at, before.next_due_at)


@pytest.mark.parametrize("act", [Act.ACKNOWLEDGE, Act.GO])
def test_a_press_while_somebody_has_the_alert_brings_it_back_within_a_step(act: Act) -> None:
    had = replace(
        advance(opened(BELL).alert, act, "user:1", TOLD, NOW).alert,
        next_due_at=NOW + minutes(60),
    )
    alert = again(had, worry(BELL, at=LATER, origin=Origin.HEARD, as_of=LATER))
    assert alert.next_due_at == LATER + alert.policy.steps[0].wait
    assert alert.raised_at == LATER


def test_asking_who_knows_already_uses_up_no_round() -> None:
    alert = at_ease(opened(policy=ladder(Role.GUARDIAN, Role.NEIGHBOUR)).alert)
    for _ in range(5):
        assert alert.next_due_at is not None
        move = advance(alert, Act.DUE, "system", circle(GUARDIAN), alert.next_due_at)
        alert = move.alert
        assert (alert.step, told(move)) == (0, [GUARDIAN])
    assert not alert.exhausted
    assert alert.policy.rounds - alert.round == 2


def climbed_in_vain() -> Alert:
    alert = opened(policy=ladder(Role.GUARDIAN, Role.NEIGHBOUR, Role.STREET_DUTY)).alert
    while not alert.exhausted:
        alert = advance(alert, Act.DUE, "system", circle(), alert.next_due_at or NOW).alert
    return alert


def test_after_the_last_round_a_step_that_reaches_nobody_gives_way_to_those_below() -> None:
    alert, steps = climbed_in_vain(), []
    due = alert.next_due_at
    assert due is not None
    while (failed := give_up_step(alert, alert.round, alert.step, NOW)) != alert:
        alert = advance(failed, Act.DUE, "system", circle(), NOW).alert
        steps.append(alert.step)
    assert steps == [1, 0]
    assert alert.next_due_at == NOW + alert.policy.exhausted_wait  # all dead: then it waits


def test_a_step_below_that_reached_somebody_is_followed_by_the_last_one_again() -> None:
    alert = climbed_in_vain()
    failed = give_up_step(alert, alert.round, alert.step, NOW)
    below = advance(failed, Act.DUE, "system", circle(), NOW).alert
    after = advance(below, Act.DUE, "system", circle(), NOW + timedelta(hours=1)).alert
    assert (below.step, after.step) == (1, 2)
    assert after.round > below.round > alert.round


def test_who_declines_an_open_alert_twice_moves_it_once_and_another_moves_it_again() -> None:
    alert = opened().alert
    first = advance(alert, Act.DECLINE, "contact:1", TOLD, NOW)
    second = advance(first.alert, Act.DECLINE, "contact:1", TOLD, NOW)
    other = advance(first.alert, Act.DECLINE, "contact:2", TOLD, NOW)
    assert (first.alert.step, second.alert.step, other.alert.step) == (1, 1, 2)
    assert (second.notifications, said(second)) == ((), ["declined"])


def test_who_went_in_vain_may_still_take_it_and_buy_time_once() -> None:
    alert = opened().alert
    wider = advance(alert, Act.UNREACHED, "contact:1", TOLD, NOW).alert
    taken = advance(wider, Act.ACKNOWLEDGE, "contact:1", TOLD, NOW).alert
    assert taken.state is State.ACKNOWLEDGED


def test_a_visit_is_held_against_when_an_alert_was_raised_not_against_when_its_worry_began() -> (
    None
):
    alert = opened(NO_USE).alert
    assert alert.began_at < NOW
    assert alert.raised_at == NOW
    assert not visit(-1).answers(alert.raised_at)
    assert visit(-0.5).answers(alert.raised_at)  # within the same minute
