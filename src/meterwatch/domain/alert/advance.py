"""How an alert moves: everything that changes its state is in this file.

Rule 3. An acknowledgement buys time once a person. Without a visit it comes back, one step wider.
Rule 4. Life alerts close only by an outcome that reached the person. Water coming back is good
        news to send. Upkeep alerts close when the condition ends.
Rule 5. A step with nobody to reach is skipped at once, and the timeline says so.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from meterwatch.domain.alert.nouns import (
    SENSOR_ACTS,
    TRANSITIONS,
    Act,
    Alert,
    Circle,
    Line,
    Move,
    NotAllowed,
    State,
)
from meterwatch.domain.escalation import EscalationPolicy
from meterwatch.domain.household import Grade
from meterwatch.domain.notification import Channel, MessageKind, Notification
from meterwatch.domain.signal import Condition, Signal

FAILED_STEP = "failed"  # every message of the step was refused, or did not arrive


def open_alert(
    signal: Signal, grade: Grade, policy: EscalationPolicy, circle: Circle, now: datetime
) -> Move:
    """Open an alert for a signal and take its first step."""
    alert = Alert(
        signal.subject_kind,
        signal.subject_id,
        signal.kind,
        grade,
        signal.at,
        signal.as_of,
        now,
        policy,
        evidence=signal.evidence,
    )
    opened = Move(alert, lines=(Line("opened", detail={"kind": alert.kind}),))
    return opened.then(_next_step(alert, circle, now, "first"))


def advance(alert: Alert, act: Act, by: str, circle: Circle, now: datetime) -> Move:
    """Apply one act to an alert.

    Parameters
    ----------
    alert : Alert
    act : Act
    by : str
        Who does it: `contact:<id>`, `user:<id>` or `system`.
    circle : Circle
        Who can be called about it now.
    now : datetime, aware
        The moment of the decision.

    Raises
    ------
    NotAllowed
        If the table has no such move. Nothing changes then.
    """
    if alert.state is State.CLOSED:
        raise NotAllowed("closed")
    if act in SENSOR_ACTS:
        return _sense(alert, SENSOR_ACTS[act], circle, now)
    state = TRANSITIONS.get((alert.state, act))
    if state is None:
        raise NotAllowed("taken" if alert.owner != by else "yours_already")
    if act is Act.DUE:
        return _come_back(alert, circle, now)
    if act is Act.DECLINE or act is Act.UNREACHED:
        return _go_wider(alert, act, by, circle, now)
    if act is Act.REACHED:
        return _close(alert, by, circle, now)
    if act is Act.SAY_SAFE:
        return _say_safe(alert, state, by, circle, now)
    return _take(alert, state, by, circle, now)


def _sense(alert: Alert, condition: Condition, circle: Circle, now: datetime) -> Move:
    if condition is alert.condition:
        return Move(alert)
    sensed = replace(alert, condition=condition)
    said = Move(sensed, lines=(Line(f"condition_{condition}"),))
    if condition is not Condition.CLEARED:
        return said
    somebody_knows = bool(circle.told or alert.owner or alert.had_it)
    if not alert.life or not somebody_knows:
        return said.then(_close(sensed, "system", circle, now))
    return Move(sensed, _tell(sensed, circle.told, MessageKind.GOOD_NEWS), said.lines)


def _come_back(alert: Alert, circle: Circle, now: datetime) -> Move:
    """Escalate: nobody took it, or somebody took it and did not report."""
    if alert.state is not State.OPEN:
        lapsed = Line("lapsed", alert.owner, {"state": alert.state})
        freed = replace(alert, state=State.OPEN, owner="", said_safe_by="")
        return Move(freed, lines=(lapsed,)).then(_next_step(freed, circle, now, "no_report"))
    if alert.condition is Condition.CLEARED and circle.told & _of_step(alert, circle):
        return _same_step(alert, circle, now)
    return _next_step(alert, circle, now, "repeat" if alert.round or alert.step > 0 else "first")


def _go_wider(alert: Alert, act: Act, by: str, circle: Circle, now: datetime) -> Move:
    """Move on at once: somebody cannot come, or went and did not reach the person."""
    if act is Act.DECLINE and alert.state is not State.OPEN and alert.owner != by:
        raise NotAllowed("taken")
    reason = "declined" if act is Act.DECLINE else "not_reached"
    freed = replace(alert, state=State.OPEN, owner="", said_safe_by="")
    if act is Act.DECLINE and by not in alert.had_it:
        freed = replace(freed, had_it=(*alert.had_it, by))
    said = Move(freed, lines=(Line(reason, by),))
    if act is Act.DECLINE and alert.state is State.OPEN and by in alert.had_it:
        return said  # one person who cannot come moves it on once
    return said.then(_next_step(freed, circle, now, reason))


def _take(alert: Alert, state: State, by: str, circle: Circle, now: datetime) -> Move:
    """Let somebody have it: an acknowledgement once a person, a visit whenever they go."""
    if state is State.ACKNOWLEDGED and by in alert.had_it:
        raise NotAllowed("had_it")
    going = state is State.VISITING
    wait = alert.policy.visiting_wait if going else alert.policy.acknowledged_wait
    taken = replace(
        alert,
        state=state,
        owner=by,
        had_it=alert.had_it if going else (*alert.had_it, by),
        next_due_at=now + wait,
    )
    others = circle.told - _contact(by)
    notices = _tell(taken, others, MessageKind.GOING) if going else ()
    return Move(taken, notices, (Line("going" if going else "acknowledged", by),))


def _say_safe(alert: Alert, state: State, by: str, circle: Circle, now: datetime) -> Move:
    """Take "she is well". It closes, except for bells and red homes: there it asks how."""
    if not alert.needs_confirmation:
        return _close(alert, by, circle, now)
    if alert.said_safe_by == by:
        raise NotAllowed("say_how")
    waiting = replace(alert, state=state, said_safe_by=by, owner=alert.owner or by)
    if alert.state is State.OPEN and by not in alert.had_it:  # it buys the time of having it
        due = now + alert.policy.acknowledged_wait
        waiting = replace(waiting, had_it=(*alert.had_it, by), next_due_at=due)
    return Move(waiting, lines=(Line("said_safe", by),))


def give_up_step(alert: Alert, on_round: int, step: int, now: datetime) -> Alert:
    """Let an open alert come back at once, because everybody whom a step told cannot be reached.

    Where every round was climbed in vain the steps below are tried once each, then it waits: the
    same numbers would fail again.
    """
    here = (alert.round, alert.step) == (on_round, step)
    if alert.state is not State.OPEN or alert.next_due_at is None or not here:
        return alert
    if alert.next_due_at <= now or (alert.exhausted and step == 0):
        return alert
    return replace(alert, reason=FAILED_STEP, next_due_at=now)


def _close(alert: Alert, by: str, circle: Circle, now: datetime) -> Move:
    closed = replace(
        alert, state=State.CLOSED, next_due_at=None, closed_at=now, closed_by=by, owner=""
    )
    notices: tuple[Notification, ...] = ()
    if alert.life:
        notices = _tell(closed, circle.told - _contact(by), MessageKind.CLOSED)
    return Move(closed, notices, (Line("closed", by),))


def _next_step(alert: Alert, circle: Circle, now: datetime, reason: str) -> Move:
    """Climb to the next step that reaches anybody, and start its clock."""
    lines: list[Line] = []
    here = alert
    for here in _climb(alert):
        step = here.policy.steps[here.step]
        reached = circle.reach(step)
        if reached or step.channel is Channel.CONSOLE:
            wait = here.policy.exhausted_wait if here.exhausted else step.wait
            there = replace(here, next_due_at=now + wait, reason=reason)
            lines.append(_step_line("step", there))
            notices = () if step.channel is Channel.CONSOLE else _tell(there, reached)
            return Move(there, notices, tuple(lines))
        lines.append(_step_line("skipped", here))
    stuck = replace(here, next_due_at=now + here.policy.exhausted_wait, reason=reason)
    return Move(stuck, (), (*lines, Line("nobody_to_tell")))


def _climb(alert: Alert) -> Iterator[Alert]:
    """Give the steps in the order in which they are tried, none twice in vain.

    First what is left of this round, then the next one; once every round was climbed, from the
    last step downwards, or from below a step that reached nobody.
    """
    count = len(alert.policy.steps)
    if alert.exhausted and alert.reason == FAILED_STEP and alert.step > 0:
        down = [*reversed(range(alert.step)), *reversed(range(alert.step, count))]
        yield from (replace(alert, round=alert.round + 1, step=step) for step in down)
        return
    if not alert.exhausted:
        for step in range(alert.step + 1, count):
            yield replace(alert, step=step)
    again = replace(alert, round=alert.round + 1)
    for step in reversed(range(count)) if again.exhausted else range(count):
        if alert.exhausted or step <= alert.step:
            yield replace(again, step=step)


def _same_step(alert: Alert, circle: Circle, now: datetime) -> Move:
    """Ask the same people again: the sensor is at ease, but nobody has said what was found."""
    step = alert.policy.steps[alert.step]
    again = replace(
        alert,
        round=alert.round + 1,
        policy=replace(alert.policy, rounds=alert.policy.rounds + 1),  # asking uses up no round
        reason="no_report",
        next_due_at=now + max(step.wait, alert.policy.visiting_wait),
    )
    notices = () if step.channel is Channel.CONSOLE else _tell(again, circle.reach(step))
    return Move(again, notices, (_step_line("step", again),))


def _of_step(alert: Alert, circle: Circle) -> frozenset[int]:
    steps = alert.policy.steps[max(alert.step, 0) : alert.step + 1]
    return frozenset(contact for step in steps for contact in circle.reach(step))


def _tell(
    alert: Alert,
    contacts: tuple[int, ...] | frozenset[int],
    kind: MessageKind = MessageKind.ALERT,
) -> tuple[Notification, ...]:
    channel = Channel.SMS
    if kind is MessageKind.ALERT and alert.step >= 0:
        channel = alert.policy.steps[alert.step].channel
    return tuple(
        Notification(alert.id, alert.round, alert.step, contact, channel, kind)
        for contact in (contacts if isinstance(contacts, tuple) else sorted(contacts))
    )


def _step_line(what: str, alert: Alert) -> Line:
    roles = [role.value for role in alert.policy.steps[alert.step].roles]
    return Line(what, detail={"round": alert.round, "step": alert.step, "roles": roles})


def _contact(by: str) -> frozenset[int]:
    kind, _, number = by.partition(":")
    return frozenset({int(number)}) if kind == "contact" else frozenset()
