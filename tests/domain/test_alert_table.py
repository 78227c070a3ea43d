"""The table of states and acts: what it has happens as it says, what it has not changes nothing."""

from dataclasses import replace
from itertools import product

import pytest

from meterwatch.domain.alert import (
    SENSOR_ACTS,
    TRANSITIONS,
    Act,
    Alert,
    Condition,
    NotAllowed,
    State,
    advance,
)
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import BELL, METER_SILENT, NO_USE
from tests.domain.worries import GUARDIAN, NEIGHBOUR, NOW, an_alert, circle

GUARDIAN_BY, NEIGHBOUR_BY = f"contact:{GUARDIAN}", f"contact:{NEIGHBOUR}"
PEOPLES_ACTS = [act for act in Act if act not in SENSOR_ACTS]
IN_TABLE = sorted(TRANSITIONS.items())
NOT_IN_TABLE = sorted(
    (state, act) for state, act in product(State, PEOPLES_ACTS) if (state, act) not in TRANSITIONS
)


def alert_in(state: State, kind: str = NO_USE, grade: Grade = Grade.GREEN) -> Alert:
    alert = an_alert(kind, grade)
    if state is State.CLOSED:
        return advance(alert, Act.REACHED, GUARDIAN_BY, circle(), NOW).alert
    owner = "" if state is State.OPEN else GUARDIAN_BY
    return replace(alert, state=state, owner=owner)


@pytest.mark.parametrize(("pair", "target"), IN_TABLE, ids=str)
@pytest.mark.parametrize("kind", [NO_USE, METER_SILENT])
def test_a_pair_in_the_table_leads_where_the_table_says(
    pair: tuple[State, Act], target: State, kind: str
) -> None:
    state, act = pair
    moved = advance(alert_in(state, kind), act, GUARDIAN_BY, circle(GUARDIAN), NOW).alert
    # "Safe" is the one act whose answer depends on the worry: it closes where it needs no proof.
    assert moved.state is (State.CLOSED if act is Act.SAY_SAFE else target)


@pytest.mark.parametrize(("pair", "target"), [p for p in IN_TABLE if p[0][1] is Act.SAY_SAFE])
@pytest.mark.parametrize(("kind", "grade"), [(BELL, Grade.GREEN), (NO_USE, Grade.RED)])
def test_safe_alone_leaves_bells_and_red_homes_standing(
    pair: tuple[State, Act], target: State, kind: str, grade: Grade
) -> None:
    alert = alert_in(pair[0], kind, grade)
    assert advance(alert, Act.SAY_SAFE, GUARDIAN_BY, circle(GUARDIAN), NOW).alert.state is target


@pytest.mark.parametrize(("state", "act"), NOT_IN_TABLE)
def test_a_pair_that_the_table_has_not_is_refused(state: State, act: Act) -> None:
    alert = alert_in(state)
    before = replace(alert)
    with pytest.raises(NotAllowed):
        advance(alert, act, NEIGHBOUR_BY, circle(GUARDIAN), NOW)
    assert alert == before


@pytest.mark.parametrize("act", list(Act))
def test_a_closed_alert_takes_no_act_at_all(act: Act) -> None:
    with pytest.raises(NotAllowed) as refused:
        advance(alert_in(State.CLOSED), act, NEIGHBOUR_BY, circle(GUARDIAN), NOW)
    assert refused.value.why == "closed"


@pytest.mark.parametrize("state", [s for s in State if s is not State.CLOSED])
@pytest.mark.parametrize("condition", list(Condition))
def test_what_the_sensor_says_moves_the_other_axis_only(state: State, condition: Condition) -> None:
    act = next(act for act, said in SENSOR_ACTS.items() if said is condition)
    alert = alert_in(state)
    moved = advance(alert, act, "system", circle(GUARDIAN), NOW).alert
    assert moved == replace(alert, condition=condition)


def test_the_refusal_says_who_has_it() -> None:
    taken = alert_in(State.ACKNOWLEDGED)
    for by, why in ((NEIGHBOUR_BY, "taken"), (GUARDIAN_BY, "yours_already")):
        with pytest.raises(NotAllowed) as refused:
            advance(taken, Act.ACKNOWLEDGE, by, circle(GUARDIAN), NOW)
        assert refused.value.why == why


def test_every_state_but_closed_can_be_left_by_time_and_by_an_outcome() -> None:
    for state in State:
        if state is not State.CLOSED:
            assert TRANSITIONS[state, Act.DUE] is State.OPEN
            assert TRANSITIONS[state, Act.REACHED] is State.CLOSED
            assert TRANSITIONS[state, Act.UNREACHED] is State.OPEN


def test_every_kind_of_worry_has_a_policy_of_its_grade() -> None:
    policies = Policies()
    for kind in (*policies.by_kind, "something_new"):
        for grade in Grade:
            assert policies.of(kind, grade).steps
