"""Escalation: who is told, in which order, and how long each has.

A policy is copied into the alert when it opens, so an edit never shakes a running escalation;
the people behind its roles are looked up at the moment of sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import Channel
from meterwatch.domain.signal import (
    AREA_QUIET,
    AREA_WILD,
    BELL,
    BELL_KINDS,
    BELL_MISSED,
    CONCERN_KINDS,
    FLAT_FLOW,
    LIFE_KINDS,
    LOW_USE,
    NO_USE,
    SLOW_LEAK,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder: everybody in these roles, by this channel, then wait."""

    roles: tuple[Role, ...]
    wait: timedelta
    channel: Channel = Channel.SMS


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """A ladder and its clocks.

    Attributes
    ----------
    steps : tuple of Step
        Tried in order; a step without anybody to reach is skipped at once.
    rounds : int
        How often the whole ladder is climbed before the alert counts as exhausted.
    exhausted_wait : timedelta
        How often the last step repeats after that, for ever.
    acknowledged_wait : timedelta
        How long an acknowledgement lasts before it must have become a visit.
    visiting_wait : timedelta
        How long a visit lasts before it must have an outcome.
    """

    steps: tuple[Step, ...]
    rounds: int = 2
    exhausted_wait: timedelta = timedelta(minutes=15)
    acknowledged_wait: timedelta = timedelta(minutes=20)
    visiting_wait: timedelta = timedelta(minutes=60)

    def __post_init__(self) -> None:
        """Refuse a policy that could stand still."""
        if not self.steps:
            raise ValueError("an escalation policy needs at least one step")
        waits = (self.exhausted_wait, self.acknowledged_wait, self.visiting_wait)
        if min(step.wait for step in self.steps) <= timedelta(0) or min(waits) <= timedelta(0):
            raise ValueError("every wait of an escalation policy must be longer than zero")
        if self.rounds < 1:
            raise ValueError("an escalation policy climbs at least one round")

    def for_grade(self, grade: Grade) -> "EscalationPolicy":
        """Shorten the waits of the steps for a red home by half; no step is left out."""
        if grade is not Grade.RED:
            return self
        return replace(self, steps=tuple(replace(s, wait=s.wait / 2) for s in self.steps))


def policy_to_json(policy: EscalationPolicy) -> dict[str, object]:
    """Write a policy as plain values, for the snapshot in an alert."""
    return {
        "steps": [
            {"roles": list(s.roles), "wait": s.wait.total_seconds(), "channel": s.channel}
            for s in policy.steps
        ],
        "rounds": policy.rounds,
        "exhausted": policy.exhausted_wait.total_seconds(),
        "acknowledged": policy.acknowledged_wait.total_seconds(),
        "visiting": policy.visiting_wait.total_seconds(),
    }


def policy_from_json(raw: Mapping[str, object]) -> EscalationPolicy:
    """Read the snapshot of a policy back."""
    steps = cast("list[dict[str, Any]]", raw["steps"])
    return EscalationPolicy(
        tuple(
            Step(
                tuple(Role(role) for role in s["roles"]),
                timedelta(seconds=s["wait"]),
                Channel(s["channel"]),
            )
            for s in steps
        ),
        int(str(raw["rounds"])),
        *(
            timedelta(seconds=float(str(raw[key])))
            for key in ("exhausted", "acknowledged", "visiting")
        ),
    )


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


_FAMILY = (Role.GUARDIAN, Role.COMMUNITY)
_NEAR = (Role.NEIGHBOUR, Role.VOLUNTEER)
_DUTY = (Role.STREET_DUTY, Role.DISTRICT_DUTY)


def water_ladder(wait: timedelta) -> tuple[Step, ...]:
    """Tell guardian and community contact at once, then those next door, then the duty officers."""
    return (Step(_FAMILY, wait), Step((*_NEAR, *_FAMILY), wait), Step(_DUTY, wait))


WATER_POLICY = EscalationPolicy(water_ladder(_minutes(15)))
BELL_POLICY = EscalationPolicy(
    (Step((*_FAMILY, *_NEAR, *_DUTY), _minutes(3)),),
    rounds=5,
    exhausted_wait=_minutes(15),
    acknowledged_wait=_minutes(5),
    visiting_wait=_minutes(20),
)
MISSED_BELL_POLICY = replace(BELL_POLICY, steps=water_ladder(_minutes(5)), rounds=2)
UPKEEP_POLICY = EscalationPolicy(
    (
        Step(_DUTY, timedelta(hours=24), Channel.CONSOLE),
        Step((Role.COMMUNITY, Role.STREET_DUTY), timedelta(hours=24)),
    ),
    rounds=1,
    exhausted_wait=timedelta(days=7),
    acknowledged_wait=timedelta(days=2),
    visiting_wait=timedelta(days=2),
)
# A building without water: those on duty, by text, and nobody of its homes.
AREA_POLICY = EscalationPolicy(
    (Step(_DUTY, timedelta(hours=1)),),
    exhausted_wait=timedelta(hours=12),
    acknowledged_wait=timedelta(hours=6),
    visiting_wait=timedelta(hours=12),
)


LEAK_POLICY = EscalationPolicy(
    (
        Step(_DUTY, timedelta(hours=24), Channel.CONSOLE),
        Step(_FAMILY, timedelta(hours=24)),
        Step((Role.COMMUNITY, Role.STREET_DUTY), timedelta(hours=48)),
    ),
    rounds=1,
    exhausted_wait=timedelta(days=7),
    acknowledged_wait=timedelta(days=2),
    visiting_wait=timedelta(days=2),
)


# A concern waits on the console for the next visit; no setting makes a text of it.
CONCERN_POLICY = EscalationPolicy(
    (Step(_DUTY, timedelta(days=7), Channel.CONSOLE),),
    rounds=1,
    exhausted_wait=timedelta(days=7),
    acknowledged_wait=timedelta(days=7),
    visiting_wait=timedelta(days=2),
)


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of each kind of worry; upkeep kinds share the quiet one."""

    by_kind: Mapping[str, EscalationPolicy] = field(
        default_factory=lambda: {
            BELL: BELL_POLICY,
            BELL_MISSED: MISSED_BELL_POLICY,
            NO_USE: WATER_POLICY,
            LOW_USE: WATER_POLICY,
            FLAT_FLOW: WATER_POLICY,
            SLOW_LEAK: LEAK_POLICY,
            AREA_QUIET: AREA_POLICY,
            AREA_WILD: AREA_POLICY,
        }
    )
    otherwise: EscalationPolicy = UPKEEP_POLICY

    def of(self, kind: str, grade: Grade) -> EscalationPolicy:
        """Choose the policy for a worry about a home of this grade, or about a group of homes."""
        if kind in CONCERN_KINDS:
            return CONCERN_POLICY
        return self.by_kind.get(kind.partition(":")[0], self.otherwise).for_grade(grade)


def is_life(kind: str) -> bool:
    """Tell whether somebody may be in need: such an alert closes only by an outcome."""
    return kind in LIFE_KINDS


def is_bell(kind: str) -> bool:
    """Tell whether a person asked for help herself."""
    return kind in BELL_KINDS
