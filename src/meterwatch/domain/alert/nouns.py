"""What an alert is: two axes, one table, and the people around it.

Rule 1. An alert is closed, or it has a time at which it comes back (`next_due_at`).
Rule 2. What people did (open, acknowledged, visiting, closed) and what the sensor says (active,
        cleared, unknown) are two axes. `TRANSITIONS` is the whole first axis; a pair that is not
        in it is refused and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from meterwatch.domain.escalation import EscalationPolicy, Step, is_bell, is_life
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import Notification
from meterwatch.domain.signal import VISITED_KINDS, Condition, SubjectKind


class State(StrEnum):
    """What people have done about it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    VISITING = "visiting"
    CLOSED = "closed"


class Act(StrEnum):
    """What can happen to an alert."""

    DUE = "due"  # its time has come
    ACKNOWLEDGE = "acknowledge"  # "I have it"
    GO = "go"  # "I am going"
    DECLINE = "decline"  # "I cannot"
    SAY_SAFE = "say_safe"  # "she is well", without saying how one knows
    REACHED = "reached"  # an outcome, and the person was reached
    UNREACHED = "unreached"  # an outcome, and the person was not reached
    CLEAR = "clear"  # the sensor says it is over
    RETURN = "return"  # the sensor says it goes on, or somebody pressed again
    LOSE = "lose"  # the sensor fell silent


_OPEN, _HAD, _GOING, _DONE = State

TRANSITIONS: Mapping[tuple[State, Act], State] = {
    (_OPEN, Act.DUE): _OPEN,
    (_OPEN, Act.ACKNOWLEDGE): _HAD,
    (_OPEN, Act.GO): _GOING,
    (_OPEN, Act.DECLINE): _OPEN,
    (_OPEN, Act.SAY_SAFE): _HAD,
    (_OPEN, Act.REACHED): _DONE,
    (_OPEN, Act.UNREACHED): _OPEN,
    (_HAD, Act.DUE): _OPEN,
    (_HAD, Act.GO): _GOING,
    (_HAD, Act.DECLINE): _OPEN,
    (_HAD, Act.SAY_SAFE): _HAD,
    (_HAD, Act.REACHED): _DONE,
    (_HAD, Act.UNREACHED): _OPEN,
    (_GOING, Act.DUE): _OPEN,
    (_GOING, Act.DECLINE): _OPEN,
    (_GOING, Act.SAY_SAFE): _GOING,
    (_GOING, Act.REACHED): _DONE,
    (_GOING, Act.UNREACHED): _OPEN,
}
SENSOR_ACTS = {
    Act.CLEAR: Condition.CLEARED,
    Act.RETURN: Condition.ACTIVE,
    Act.LOSE: Condition.UNKNOWN,
}


class NotAllowed(Exception):  # noqa: N818  # an answer to a person, not a fault
    """An act that the table does not have; `why` is a code for the answer to the person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Alert:
    """One standing worry. `began_at` is when it began, `as_of` the newest fact behind it.

    `owner` is who has it (`contact:7`, `user:2`), `had_it` who has used up an acknowledgement,
    `said_safe_by` who said "safe" and has not yet said how. `told` counts the people told.
    """

    subject_kind: SubjectKind
    subject_id: int
    kind: str
    grade: Grade
    began_at: datetime
    as_of: datetime
    opened_at: datetime
    policy: EscalationPolicy
    state: State = State.OPEN
    condition: Condition = Condition.ACTIVE
    round: int = 0
    step: int = -1
    next_due_at: datetime | None = None
    owner: str = ""
    had_it: tuple[str, ...] = ()
    said_safe_by: str = ""
    reason: str = "first"
    closed_at: datetime | None = None
    closed_by: str = ""
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)
    id: int = 0
    code: str = ""

    @property
    def subject(self) -> tuple[SubjectKind, int, str]:
        """The key under which at most one alert stands."""
        return (self.subject_kind, self.subject_id, self.kind)

    @property
    def life(self) -> bool:
        """Whether somebody may be in need."""
        return is_life(self.kind)

    @property
    def visited(self) -> bool:
        """Whether what is found at a visit answers it."""
        return self.kind in VISITED_KINDS

    @property
    def raised_at(self) -> datetime:
        """When it was raised, its bell pressed last, or its silence began anew.

        One must have looked later than that.
        """
        return self.as_of if is_bell(self.kind) else max(self.opened_at, self.began_at)

    @property
    def exhausted(self) -> bool:
        """Whether every round was climbed in vain: the console rings, the last step repeats."""
        return self.round >= self.policy.rounds

    def waits_for(self, by: str) -> bool:
        """Tell whether this person said "safe" and still has to say how they know."""
        return self.state is not State.CLOSED and self.said_safe_by == by

    @property
    def needs_confirmation(self) -> bool:
        """Whether "safe" alone does not close it: bells, and life alerts of red homes."""
        return is_bell(self.kind) or (self.life and self.grade is Grade.RED)


@dataclass(frozen=True, slots=True)
class Circle:
    """Who can be called about one subject now, by role, and who has been told already."""

    by_role: Mapping[Role, tuple[int, ...]]
    told: frozenset[int] = frozenset()

    def reach(self, step: Step) -> tuple[int, ...]:
        """Name the contacts a step reaches, each once, in the order of its roles."""
        return tuple(dict.fromkeys(c for role in step.roles for c in self.by_role.get(role, ())))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline: what happened, by whom, with what in ids and figures."""

    what: str
    actor: str = "system"
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """What an act led to: the alert as it is now, what to send, what to write down."""

    alert: Alert
    notifications: tuple[Notification, ...] = ()
    lines: tuple[Line, ...] = ()

    def then(self, later: "Move") -> "Move":
        """Join with what came after."""
        return Move(later.alert, self.notifications + later.notifications, self.lines + later.lines)
