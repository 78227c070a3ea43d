"""How an alert moves: each promise of the escalation, one by one."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meterwatch.domain.alert import Act, Alert, Circle, Condition, Move, NotAllowed, State, advance
from meterwatch.domain.alert import give_up_step as give_up
from meterwatch.domain.escalation import BELL_POLICY, EscalationPolicy, Step
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import Channel, MessageKind
from meterwatch.domain.signal import BELL, FLAT_FLOW, METER_SILENT, NO_USE
from tests.domain.worries import (
    COMMUNITY,
    DISTRICT,
    GUARDIAN,
    NEIGHBOUR,
    NOBODY,
    NOW,
    PEOPLE,
    STREET,
    an_alert,
    circle,
    ladder,
    minutes,
    opened,
    said,
    told,
)

G, N = f"contact:{GUARDIAN}", f"contact:{NEIGHBOUR}"
OPERATOR = "user:2"


def due(alert: Alert, around: Circle | None = None) -> Move:
    """Let the alert's time come."""
    assert alert.next_due_at is not None
    return advance(alert, Act.DUE, "system", around or circle(), alert.next_due_at)


def act(
    alert: Alert, what: Act, by: str = G, at: datetime = NOW, around: Circle | None = None
) -> Move:
    return advance(alert, what, by, around or circle(GUARDIAN, COMMUNITY), at)


# Opening and climbing


def test_guardian_and_community_contact_are_told_together_and_at_once() -> None:
    move = opened()
    assert told(move) == [GUARDIAN, COMMUNITY]
    assert move.alert.next_due_at == NOW + minutes(15)
    assert said(move) == ["opened", "step"]


def test_without_an_answer_the_neighbour_is_told_and_then_the_duty_officers() -> None:
    second = due(opened().alert)
    assert told(second) == [NEIGHBOUR, GUARDIAN, COMMUNITY]
    third = due(second.alert)
    assert told(third) == [STREET, DISTRICT]
    assert (third.alert.round, third.alert.step) == (0, 2)


def test_a_bell_tells_everybody_at_once_every_three_minutes() -> None:
    move = opened(BELL)
    assert sorted(told(move)) == [GUARDIAN, COMMUNITY, NEIGHBOUR, STREET, DISTRICT]
    assert move.alert.next_due_at == NOW + minutes(3)
    again = due(move.alert)
    assert sorted(told(again)) == [GUARDIAN, COMMUNITY, NEIGHBOUR, STREET, DISTRICT]


@pytest.mark.parametrize("kind", [NO_USE, FLAT_FLOW, BELL])
def test_a_red_home_waits_half_as_long_and_leaves_no_step_out(kind: str) -> None:
    green, red = opened(kind).alert, opened(kind, Grade.RED).alert
    assert green.next_due_at is not None
    assert red.next_due_at is not None
    assert red.next_due_at - NOW == (green.next_due_at - NOW) / 2
    assert [s.roles for s in red.policy.steps] == [s.roles for s in green.policy.steps]


def test_an_upkeep_worry_starts_on_the_console_and_texts_nobody() -> None:
    move = opened(METER_SILENT)
    assert move.notifications == ()
    assert move.alert.next_due_at == NOW + timedelta(hours=24)
    assert told(due(move.alert)) == [COMMUNITY, STREET]


def test_a_step_with_nobody_is_skipped_at_once_and_the_timeline_says_so() -> None:
    around = circle(without=(Role.GUARDIAN, Role.COMMUNITY))
    move = opened(around=around)
    assert told(move) == [NEIGHBOUR]
    assert said(move) == ["opened", "skipped", "step"]
    assert move.alert.next_due_at == NOW + minutes(15)


def test_with_nobody_to_tell_it_is_still_due() -> None:
    move = opened(around=NOBODY)
    assert move.notifications == ()
    assert said(move) == ["opened", "skipped", "skipped", "skipped", "nobody_to_tell"]
    assert move.alert.next_due_at == NOW + minutes(15)
    later = due(move.alert)
    assert told(later) == [GUARDIAN, COMMUNITY]


def test_somebody_who_comes_later_is_told_however_long_nobody_was_there() -> None:
    alert = opened(around=NOBODY).alert
    for _ in range(9):
        alert = due(alert, NOBODY).alert
    assert alert.exhausted
    assert told(due(alert, circle())) == [STREET, DISTRICT]


def test_once_every_round_was_climbed_the_last_step_repeats_for_ever() -> None:
    alert = opened(policy=ladder(Role.GUARDIAN, Role.STREET_DUTY, rounds=2)).alert
    heard = []
    for _ in range(10):
        move = due(alert)
        heard += told(move)
        alert = move.alert
    assert heard == [STREET, GUARDIAN, STREET, *[STREET] * 7]
    assert alert.exhausted
    assert alert.next_due_at is not None


def test_an_exhausted_ladder_whose_last_rung_is_empty_goes_on_with_the_rung_below() -> None:
    alert = opened(policy=ladder(Role.GUARDIAN, Role.STREET_DUTY, rounds=1)).alert
    around = circle(without=(Role.STREET_DUTY,))
    for _ in range(4):
        move = due(alert, around)
        alert = move.alert
        assert told(move) == [GUARDIAN]
        assert alert.exhausted


@pytest.mark.parametrize(
    ("waits", "rounds"),
    [
        ((0, 15, 20, 60), 2),
        ((1, 0, 20, 60), 2),
        ((1, 15, -1, 60), 2),
        ((1, 15, 20, 0), 2),
        ((1, 15, 20, 60), 0),
    ],
)
def test_a_policy_that_could_stand_still_cannot_be_made(
    waits: tuple[int, ...], rounds: int
) -> None:
    step, exhausted, acknowledged, visiting = (minutes(count) for count in waits)
    rungs = (Step((Role.GUARDIAN,), step),)
    with pytest.raises(ValueError, match="escalation policy"):
        EscalationPolicy(rungs, rounds, exhausted, acknowledged, visiting)


def test_a_policy_without_a_step_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        EscalationPolicy(())


# An acknowledgement is not a visit


def test_an_acknowledgement_lasts_twenty_minutes_and_a_bells_five() -> None:
    for kind, wait in ((NO_USE, 20), (BELL, 5)):
        had = act(opened(kind).alert, Act.ACKNOWLEDGE).alert
        assert (had.state, had.owner) == (State.ACKNOWLEDGED, G)
        assert had.next_due_at == NOW + minutes(wait)


def test_a_visit_lasts_an_hour_and_a_bells_twenty_minutes() -> None:
    for kind, wait in ((NO_USE, 60), (BELL, 20)):
        going = act(opened(kind).alert, Act.GO).alert
        assert (going.state, going.owner) == (State.VISITING, G)
        assert going.next_due_at == NOW + minutes(wait)


def test_an_acknowledgement_that_became_no_visit_comes_back_one_step_wider() -> None:
    had = act(opened().alert, Act.ACKNOWLEDGE).alert
    back = due(had)
    assert back.alert.state is State.OPEN
    assert back.alert.owner == ""
    assert back.alert.step == 1
    assert back.alert.reason == "no_report"
    assert NEIGHBOUR in told(back)
    assert back.lines[0].what == "lapsed"
    assert back.lines[0].actor == G


def test_each_person_buys_time_once() -> None:
    back = due(act(opened().alert, Act.ACKNOWLEDGE).alert).alert
    with pytest.raises(NotAllowed) as refused:
        act(back, Act.ACKNOWLEDGE)
    assert refused.value.why == "had_it"
    assert act(back, Act.ACKNOWLEDGE, N).alert.owner == N
    assert act(back, Act.GO).alert.state is State.VISITING


def test_saying_safe_without_how_buys_time_once_too() -> None:
    alert = opened(BELL).alert
    asked = act(alert, Act.SAY_SAFE).alert
    assert asked.next_due_at == NOW + minutes(5)
    assert (asked.state, asked.owner, asked.said_safe_by) == (State.ACKNOWLEDGED, G, G)
    back = due(asked).alert
    assert back.said_safe_by == ""
    again = act(back, Act.SAY_SAFE, at=NOW + minutes(6)).alert
    assert again.next_due_at == back.next_due_at
    with pytest.raises(NotAllowed):
        act(back, Act.ACKNOWLEDGE)


def test_whoever_says_safe_twice_is_asked_how() -> None:
    asked = act(opened(BELL).alert, Act.SAY_SAFE).alert
    with pytest.raises(NotAllowed) as refused:
        act(asked, Act.SAY_SAFE)
    assert refused.value.why == "say_how"


def test_safe_closes_an_upkeep_worry_even_of_a_red_home() -> None:
    assert act(opened(METER_SILENT, Grade.RED).alert, Act.SAY_SAFE).alert.state is State.CLOSED


def test_declining_moves_on_at_once() -> None:
    move = act(opened().alert, Act.DECLINE)
    assert move.alert.step == 1
    assert move.alert.reason == "declined"
    assert NEIGHBOUR in told(move)
    assert move.alert.next_due_at == NOW + minutes(15)


def test_only_the_owner_can_give_it_back() -> None:
    had = act(opened().alert, Act.ACKNOWLEDGE).alert
    with pytest.raises(NotAllowed) as refused:
        act(had, Act.DECLINE, N)
    assert refused.value.why == "taken"
    assert act(had, Act.DECLINE, G).alert.step == 1


def test_an_outcome_that_did_not_reach_the_person_reopens_one_step_wider() -> None:
    going = act(opened().alert, Act.GO).alert
    move = act(going, Act.UNREACHED)
    assert (move.alert.state, move.alert.step, move.alert.owner) == (State.OPEN, 1, "")
    assert move.alert.reason == "not_reached"
    assert told(move) == [NEIGHBOUR, GUARDIAN, COMMUNITY]


def test_an_outcome_that_reached_the_person_closes() -> None:
    move = act(opened().alert, Act.REACHED, N)
    closed = move.alert
    assert (closed.state, closed.next_due_at) == (State.CLOSED, None)
    assert (closed.closed_at, closed.closed_by) == (NOW, N)


# Who hears of it


def test_that_somebody_goes_is_told_to_those_told_and_not_to_who_goes() -> None:
    move = act(opened().alert, Act.GO)
    assert told(move, MessageKind.GOING) == [COMMUNITY]
    assert told(act(opened().alert, Act.ACKNOWLEDGE), MessageKind.GOING) == []


def test_that_it_is_over_is_told_to_those_told_and_nobody_else() -> None:
    around = circle(GUARDIAN, COMMUNITY, NEIGHBOUR)
    by_neighbour = act(opened().alert, Act.REACHED, N, around=around)
    assert told(by_neighbour, MessageKind.CLOSED) == [GUARDIAN, COMMUNITY]
    by_operator = act(opened().alert, Act.REACHED, OPERATOR, around=around)
    assert told(by_operator, MessageKind.CLOSED) == [GUARDIAN, COMMUNITY, NEIGHBOUR]


def test_an_upkeep_worry_ends_without_a_word() -> None:
    texted = due(opened(METER_SILENT).alert).alert
    move = act(texted, Act.CLEAR, "system")
    assert move.alert.state is State.CLOSED
    assert move.notifications == ()


# What the sensor says


def test_water_coming_back_is_good_news_and_no_reason_to_close() -> None:
    move = act(opened().alert, Act.CLEAR, "system")
    assert move.alert.state is State.OPEN
    assert move.alert.condition is Condition.CLEARED
    assert told(move, MessageKind.GOOD_NEWS) == [GUARDIAN, COMMUNITY]
    assert move.alert.next_due_at == opened().alert.next_due_at


def test_a_life_worry_of_which_nobody_was_told_ends_with_its_condition() -> None:
    move = advance(opened(around=NOBODY).alert, Act.CLEAR, "system", NOBODY, NOW)
    assert move.alert.state is State.CLOSED
    assert move.alert.closed_by == "system"


def test_a_life_worry_that_an_operator_took_is_not_closed_by_water() -> None:
    had = advance(opened(around=NOBODY).alert, Act.ACKNOWLEDGE, OPERATOR, NOBODY, NOW).alert
    cleared = advance(had, Act.CLEAR, "system", NOBODY, NOW).alert
    assert cleared.state is State.ACKNOWLEDGED
    lapsed = due(cleared, NOBODY).alert
    assert lapsed.state is State.OPEN


def test_the_same_word_of_the_sensor_twice_changes_nothing() -> None:
    cleared = act(opened().alert, Act.CLEAR, "system").alert
    again = act(cleared, Act.CLEAR, "system")
    assert again == Move(cleared)


def test_a_silent_sensor_does_not_stop_the_escalation() -> None:
    lost = act(opened().alert, Act.LOSE, "system").alert
    assert lost.condition is Condition.UNKNOWN
    assert told(due(lost)) == [NEIGHBOUR, GUARDIAN, COMMUNITY]


def test_after_good_news_the_same_people_are_asked_again_and_nobody_wider() -> None:
    cleared = act(opened().alert, Act.CLEAR, "system").alert
    again = due(cleared, circle(GUARDIAN, COMMUNITY))
    assert told(again) == [GUARDIAN, COMMUNITY]
    assert again.alert.step == 0
    assert again.alert.next_due_at == NOW + minutes(15) + minutes(60)


def test_after_good_news_others_are_asked_where_none_of_the_same_can_be() -> None:
    cleared = act(opened().alert, Act.CLEAR, "system").alert
    gone = Circle({Role.NEIGHBOUR: (NEIGHBOUR,)}, frozenset({GUARDIAN, COMMUNITY}))
    assert told(due(cleared, gone)) == [NEIGHBOUR]


def test_good_news_does_not_spare_an_acknowledgement_its_report() -> None:
    cleared = act(act(opened().alert, Act.ACKNOWLEDGE).alert, Act.CLEAR, "system").alert
    back = due(cleared)
    assert back.alert.step == 1


# A step that nobody could be reached by


def test_a_step_of_which_every_message_failed_is_over_at_once() -> None:
    alert = opened().alert
    assert give_up(alert, 0, 0, NOW).next_due_at == NOW


def test_a_step_that_is_past_or_an_alert_that_somebody_has_is_not_hurried() -> None:
    second = due(opened().alert).alert
    assert give_up(second, 0, 0, NOW) == second
    had = act(opened().alert, Act.ACKNOWLEDGE).alert
    assert give_up(had, 0, 0, NOW) == had
    closed = act(opened().alert, Act.REACHED).alert
    assert give_up(closed, 0, 0, NOW) == closed


def test_giving_up_never_puts_an_alert_off() -> None:
    alert = opened().alert
    late = NOW + minutes(30)
    assert give_up(alert, 0, 0, late) == alert


def test_where_every_number_fails_the_ladder_is_climbed_once_and_then_waits() -> None:
    alert, now, messages = opened().alert, NOW, 0
    for _ in range(50):
        alert = give_up(alert, alert.round, alert.step, now)
        if alert.next_due_at is None or alert.next_due_at > now:
            break
        move = advance(alert, Act.DUE, "system", circle(), now)
        alert, messages = move.alert, messages + len(move.notifications)
    assert alert.exhausted
    assert alert.next_due_at == now + minutes(15)
    assert messages < 20


def test_a_console_rung_in_a_ladder_of_life_texts_nobody_and_climbs_on() -> None:
    steps = (
        Step((Role.STREET_DUTY,), minutes(1), Channel.CONSOLE),
        Step((Role.GUARDIAN,), minutes(5)),
    )
    move = opened(policy=replace(BELL_POLICY, steps=steps))
    assert move.notifications == ()
    assert told(due(move.alert)) == [GUARDIAN]


def test_a_role_with_two_people_tells_both_and_one_person_with_two_roles_hears_once() -> None:
    people = {**PEOPLE, Role.GUARDIAN: (GUARDIAN, 9), Role.COMMUNITY: (9,)}
    assert told(opened(around=Circle(people))) == [GUARDIAN, 9]


def test_what_happened_before_is_not_changed_by_what_happens_after() -> None:
    first = an_alert()
    copy = replace(first)
    due(first)
    act(first, Act.GO)
    assert first == copy
