"""Raising: signals find their standing alert, or open a new one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from meterwatch.domain.alert.advance import advance, open_alert
from meterwatch.domain.alert.nouns import Act, Alert, Circle, Line, Move, State
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import (
    CONCERN_KINDS,
    SLOW_LEAK,
    Condition,
    Origin,
    Signal,
    SubjectKind,
)

Subject = tuple[SubjectKind, int]
REST = timedelta(hours=24)  # for so long a worry that people answered is not raised again
LEAK_REST = timedelta(hours=72)  # by then the flow that they left is learnt
CONCERN_REST = timedelta(days=28)  # by then a habit that they accepted is learnt
_ACTS = {
    Condition.ACTIVE: Act.RETURN,
    Condition.CLEARED: Act.CLEAR,
    Condition.UNKNOWN: Act.LOSE,
}


@dataclass(frozen=True, slots=True)
class Raised:
    """What a signal did: the move of its alert, and whether the alert is new."""

    signal: Signal
    move: Move
    new: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How raising looks around: the grade of a subject, and who can be called about it.

    `circle` takes the id of the standing alert as well, 0 for one that is about to open.
    """

    grade: Callable[[Subject], Grade]
    circle: Callable[[Subject, int], Circle]
    policies: Policies


def raise_alerts(
    signals: Sequence[Signal],
    standing: Mapping[tuple[SubjectKind, int, str], Alert],
    around: Surroundings,
    now: datetime,
) -> tuple[Raised, ...]:
    """Give each signal to its alert, opening one where the worry is there and none stands.

    Parameters
    ----------
    signals : sequence of Signal
        In the order in which they count.
    standing : mapping
        The alerts that stand, by subject and kind.
    around : Surroundings
        Asked only where an alert moves.
    """
    here = dict(standing)
    raised: list[Raised] = []
    for signal in signals:
        subject = (signal.subject_kind, signal.subject_id)
        alert = here.get(signal.subject)
        if _says_nothing_new(signal, alert):
            continue
        if alert is None:
            grade = around.grade(subject)
            policy = around.policies.of(signal.kind, grade)
            move = open_alert(signal, grade, policy, around.circle(subject, 0), now)
        else:
            move = _sensed(alert, signal, around, now)
        raised.append(Raised(signal, move, alert is None))
        here[signal.subject] = move.alert
        if move.alert.next_due_at is None:
            del here[signal.subject]
    return tuple(raised)


def rests(signal: Signal, answered_at: datetime | None) -> bool:
    """Tell whether a signal shows only what people answered lately.

    A worry that began before somebody went and said what was found is raised anew a day later,
    if it still goes on; one that began afterwards is raised at once, as is all that people say.
    """
    if answered_at is None or signal.origin is Origin.HEARD:
        return False
    rest = LEAK_REST if signal.kind == SLOW_LEAK else REST
    if signal.kind in CONCERN_KINDS:
        return signal.as_of < answered_at + CONCERN_REST
    return signal.at <= answered_at and signal.as_of < answered_at + rest


def _says_nothing_new(signal: Signal, alert: Alert | None) -> bool:
    """Tell whether a signal changes nothing; what people tell us always says something."""
    if alert is None:
        return signal.condition is not Condition.ACTIVE
    return signal.origin is not Origin.HEARD and signal.condition is alert.condition


def _sensed(alert: Alert, signal: Signal, around: Surroundings, now: datetime) -> Move:
    subject = (signal.subject_kind, signal.subject_id)
    over = signal.condition is Condition.CLEARED  # only the end of a worry is told to anybody
    circle = around.circle(subject, alert.id) if over else Circle({})
    move = advance(alert, _ACTS[signal.condition], "system", circle, now)
    if signal.condition is not Condition.ACTIVE:
        return move
    again = Line("signal", detail={"at": signal.at.isoformat(), "kind": signal.kind})
    fresher = replace(
        move.alert,
        as_of=max(alert.as_of, signal.as_of),
        evidence=signal.evidence or alert.evidence,
    )
    urged = _urged(fresher, alert, signal, now)
    return Move(urged, move.notifications, (*move.lines, again))


def _urged(alert: Alert, before: Alert, signal: Signal, now: datetime) -> Alert:
    """Let an alert come back earlier because its worry came back.

    Who presses again while somebody has it waits no longer than a step for more people; a silence
    that begins anew after water was seen is told at once.
    """
    if alert.next_due_at is None:
        return alert
    if signal.origin is Origin.HEARD:
        soon = now + alert.policy.steps[0].wait
        had = alert.state is not State.OPEN
        return replace(alert, next_due_at=min(alert.next_due_at, soon)) if had else alert
    if before.condition is not Condition.CLEARED:
        return alert
    anew = replace(alert, began_at=signal.at)
    due = min(alert.next_due_at, now)
    return replace(anew, next_due_at=due) if alert.state is State.OPEN else anew
