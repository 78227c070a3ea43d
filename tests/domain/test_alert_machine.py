"""Any sequence of acts on any policy in any circle: what must hold after each of them."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meterwatch.domain.alert import (
    Act,
    Alert,
    Circle,
    Condition,
    Move,
    NotAllowed,
    State,
    advance,
    give_up_step,
    open_alert,
)
from meterwatch.domain.escalation import EscalationPolicy, Step
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import Channel, MessageKind
from meterwatch.domain.signal import BELL, FLAT_FLOW, METER_SILENT, NO_USE
from tests.domain.worries import NOW, worry

SMS = Channel.SMS
waits = st.integers(1, 120).map(lambda count: timedelta(minutes=count))
roles = st.lists(st.sampled_from(Role), min_size=1, max_size=3, unique=True).map(tuple)
steps = st.builds(Step, roles, waits, st.sampled_from([SMS, SMS, SMS, Channel.CONSOLE]))
policies = st.builds(
    EscalationPolicy,
    st.lists(steps, min_size=1, max_size=4).map(tuple),
    st.integers(1, 3),
    waits,
    waits,
    waits,
)
people = st.dictionaries(
    st.sampled_from(Role), st.lists(st.integers(1, 6), max_size=2, unique=True).map(tuple)
)
persons = st.integers(1, 6).map("contact:{}".format) | st.just("user:1")
peoples_acts = st.sampled_from(
    [Act.ACKNOWLEDGE, Act.GO, Act.DECLINE, Act.SAY_SAFE, Act.REACHED, Act.UNREACHED]
)


class OneAlert(RuleBasedStateMachine):
    """One alert, its people, the clock, and what was ever said of it."""

    alert: Alert

    @initialize(
        kind=st.sampled_from([NO_USE, FLAT_FLOW, BELL, METER_SILENT]),
        grade=st.sampled_from(Grade),
        policy=policies,
        by_role=people,
    )
    def open(
        self,
        kind: str,
        grade: Grade,
        policy: EscalationPolicy,
        by_role: dict[Role, tuple[int, ...]],
    ) -> None:
        self.now: datetime = NOW
        self.by_role = by_role
        self.told: set[int] = set()
        self.bought: list[str] = []
        self.climbed: list[tuple[int, int]] = []
        self.moved_at = NOW
        self.alert = open_alert(worry(kind), grade, policy, self.circle, NOW).alert
        self.take(open_alert(worry(kind), grade, policy, self.circle, NOW), "open")

    @property
    def circle(self) -> Circle:
        return Circle(self.by_role, frozenset(self.told))

    def take(self, move: Move, act: Act | str) -> None:
        """Do what the pipeline does with a move, and look at it closely."""
        was_told, before = frozenset(self.told), self.alert
        for note in move.notifications:
            assert note.channel is SMS
            if note.kind is MessageKind.ALERT:
                assert note.contact_id in self.circle.reach(before.policy.steps[note.step])
                self.told.add(note.contact_id)
            else:
                assert note.contact_id in was_told
                assert before.life or note.kind is MessageKind.GOING
        for line in move.lines:
            if line.what == "step":
                where = (line.detail["round"], line.detail["step"])
                assert where == (move.alert.round, move.alert.step)
                self.climbed.append((move.alert.round, move.alert.step))
        self.alert, self.moved_at = move.alert, self.now
        if move.alert.state is State.CLOSED:
            self.check_closing(before, act, was_told)

    def check_closing(self, before: Alert, act: Act | str, was_told: frozenset[int]) -> None:
        by_people = act in {Act.REACHED, Act.SAY_SAFE}
        by_sensor = act is Act.CLEAR
        assert by_people or by_sensor
        if before.life and (was_told or before.had_it):
            assert by_people
        if act is Act.SAY_SAFE:
            assert not before.needs_confirmation

    def do(self, act: Act, by: str) -> None:
        before = self.alert
        try:
            move = advance(before, act, by, self.circle, self.now)
        except NotAllowed:
            assert self.alert == before
            return
        self.take(move, act)
        if act is Act.ACKNOWLEDGE:
            assert by not in self.bought
        if move.alert.state is State.ACKNOWLEDGED and before.state is State.OPEN:
            later = (
                before.next_due_at is None or (move.alert.next_due_at or NOW) > before.next_due_at
            )
            if later or act is Act.ACKNOWLEDGE:
                assert by not in self.bought
                self.bought.append(by)
        again = act is Act.DECLINE and before.state is State.OPEN and by in before.had_it
        if again:
            assert move.alert == before
        elif act in {Act.UNREACHED, Act.DECLINE} and not before.exhausted:
            assert (move.alert.round, move.alert.step) > (before.round, before.step)

    @precondition(lambda self: self.alert.state is not State.CLOSED)
    @rule(act=peoples_acts, by=persons, later=st.integers(0, 90))
    def somebody_acts(self, act: Act, by: str, later: int) -> None:
        self.now += timedelta(minutes=later)
        self.do(act, by)

    @precondition(lambda self: self.alert.state is not State.CLOSED)
    @rule(act=st.sampled_from([Act.CLEAR, Act.RETURN, Act.LOSE]))
    def the_sensor_speaks(self, act: Act) -> None:
        before = self.alert
        self.do(act, "system")
        if act is Act.CLEAR and before.condition is not Condition.CLEARED and not before.life:
            assert self.alert.state is State.CLOSED

    @precondition(lambda self: self.alert.state is not State.CLOSED)
    @rule(late=st.integers(0, 300))
    def its_time_comes(self, late: int) -> None:
        before = self.alert
        assert before.next_due_at is not None
        self.now = max(self.now, before.next_due_at + timedelta(seconds=late))
        self.do(Act.DUE, "system")
        after = self.alert
        assert after.state is State.OPEN
        assert after.owner == ""
        assert (after.round, after.step) > (before.round, before.step)
        if before.state is not State.OPEN and not before.exhausted:
            assert after.reason == "no_report"

    @precondition(lambda self: self.alert.state is not State.CLOSED)
    @rule()
    def every_message_of_the_step_fails(self) -> None:
        given_up = give_up_step(self.alert, self.alert.round, self.alert.step, self.now)
        assert given_up.state is self.alert.state
        self.alert = given_up

    @rule(by_role=people)
    def people_come_and_go(self, by_role: dict[Role, tuple[int, ...]]) -> None:
        self.by_role = by_role

    @rule(contact=st.integers(1, 6))
    def a_message_did_not_arrive(self, contact: int) -> None:
        self.told.discard(contact)

    @invariant()
    def it_is_closed_or_it_is_due(self) -> None:
        closed = self.alert.state is State.CLOSED
        assert closed == (self.alert.next_due_at is None)
        assert closed == (self.alert.closed_at is not None) == bool(self.alert.closed_by)

    @invariant()
    def it_comes_back_within_what_its_policy_says(self) -> None:
        if self.alert.next_due_at is not None:
            policy = self.alert.policy
            own = (policy.exhausted_wait, policy.acknowledged_wait, policy.visiting_wait)
            longest = max(*own, *(step.wait for step in policy.steps))
            assert self.alert.next_due_at <= self.moved_at + longest

    @invariant()
    def no_step_is_taken_twice_and_none_backwards(self) -> None:
        assert self.climbed == sorted(set(self.climbed))
        assert 0 <= self.alert.step < len(self.alert.policy.steps)

    @invariant()
    def whoever_has_it_is_named(self) -> None:
        assert (self.alert.owner != "") == (
            self.alert.state in {State.ACKNOWLEDGED, State.VISITING}
        )
        assert len(set(self.alert.had_it)) == len(self.alert.had_it)


OneAlert.TestCase.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
TestOneAlert = OneAlert.TestCase
