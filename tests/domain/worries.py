"""Alerts to try the rules on, and the people around them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from meterwatch.domain.alert import Alert, Circle, Move, open_alert
from meterwatch.domain.escalation import EscalationPolicy, Policies, Step
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import MessageKind
from meterwatch.domain.signal import NO_USE, Condition, Origin, Signal, SubjectKind

NOW = datetime(2026, 3, 2, 6, 40, tzinfo=UTC)
GUARDIAN, COMMUNITY, NEIGHBOUR, STREET, DISTRICT = 1, 2, 3, 4, 5
PEOPLE: Mapping[Role, tuple[int, ...]] = {
    Role.GUARDIAN: (GUARDIAN,),
    Role.COMMUNITY: (COMMUNITY,),
    Role.NEIGHBOUR: (NEIGHBOUR,),
    Role.STREET_DUTY: (STREET,),
    Role.DISTRICT_DUTY: (DISTRICT,),
}
NOBODY = Circle({})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def ladder(*rungs: Role, rounds: int = 2) -> EscalationPolicy:
    """A ladder with one role a rung, each waiting ten minutes."""
    return EscalationPolicy(tuple(Step((role,), minutes(10)) for role in rungs), rounds)


def circle(*told: int, without: tuple[Role, ...] = ()) -> Circle:
    """Everybody who can be called, and who has been told."""
    return Circle({r: ids for r, ids in PEOPLE.items() if r not in without}, frozenset(told))


def worry(
    kind: str = NO_USE,
    home: int = 7,
    at: datetime = NOW - timedelta(hours=25),
    condition: Condition = Condition.ACTIVE,
    origin: Origin = Origin.SEEN,
    as_of: datetime = NOW,
) -> Signal:
    """A reason to look at a home."""
    key = f"{kind}:{home}:{at}:{condition}"
    return Signal(origin, kind, SubjectKind.HOUSEHOLD, home, at, as_of, key, condition)


def opened(
    kind: str = NO_USE,
    grade: Grade = Grade.GREEN,
    policy: EscalationPolicy | None = None,
    around: Circle | None = None,
) -> Move:
    """Open an alert as the pipeline does, with an id as after it was kept."""
    chosen = policy or Policies().of(kind, grade)
    move = open_alert(worry(kind), grade, chosen, around or circle(), NOW)
    return replace(move, alert=replace(move.alert, id=1, code="4821"))


def an_alert(kind: str = NO_USE, grade: Grade = Grade.GREEN) -> Alert:
    return opened(kind, grade).alert


def told(move: Move, kind: MessageKind = MessageKind.ALERT) -> list[int]:
    """Who is sent a message of this kind."""
    return [note.contact_id for note in move.notifications if note.kind is kind]


def said(move: Move) -> list[str]:
    """What the timeline says."""
    return [line.what for line in move.lines]
