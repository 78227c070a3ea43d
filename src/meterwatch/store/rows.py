"""Turning rows into the nouns of the domain and back."""

from typing import Any

import structlog
from sqlalchemy import RowMapping

from meterwatch.domain.alert import Alert, State
from meterwatch.domain.escalation import (
    EscalationPolicy,
    Policies,
    policy_from_json,
    policy_to_json,
)
from meterwatch.domain.household import Absence, Contact, Device, DeviceKind, Grade, Swap
from meterwatch.domain.signal import Condition, SubjectKind

_log = structlog.get_logger(__name__)


def alert_values(alert: Alert) -> dict[str, Any]:
    """Write an alert as the values of its row, without its id."""
    return {
        "subject_kind": alert.subject_kind,
        "subject_id": alert.subject_id,
        "kind": alert.kind,
        "grade": alert.grade,
        "began_at": alert.began_at,
        "as_of": alert.as_of,
        "opened_at": alert.opened_at,
        "policy": policy_to_json(alert.policy),
        "state": alert.state,
        "condition": alert.condition,
        "round": alert.round,
        "step": alert.step,
        "next_due_at": alert.next_due_at,
        "owner": alert.owner,
        "had_it": list(alert.had_it),
        "said_safe_by": alert.said_safe_by,
        "reason": alert.reason,
        "closed_at": alert.closed_at,
        "closed_by": alert.closed_by,
        "evidence": dict(alert.evidence),
        "code": alert.code,
    }


def alert_from(row: RowMapping) -> Alert:
    """Read an alert from its row."""
    policy = _policy(row)
    return Alert(
        subject_kind=SubjectKind(row["subject_kind"]),
        subject_id=row["subject_id"],
        kind=row["kind"],
        grade=Grade(row["grade"]),
        began_at=row["began_at"],
        as_of=row["as_of"],
        opened_at=row["opened_at"],
        policy=policy,
        state=State(row["state"]),
        condition=Condition(row["condition"]),
        round=row["round"],
        step=min(row["step"], len(policy.steps) - 1),
        next_due_at=row["next_due_at"],
        owner=row["owner"],
        had_it=tuple(row["had_it"]),
        said_safe_by=row["said_safe_by"],
        reason=row["reason"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        evidence=row["evidence"],
        id=row["id"],
        code=row["code"],
    )


def _policy(row: RowMapping) -> EscalationPolicy:
    """Read the policy an alert was opened with; one that cannot be read any more is replaced.

    An alert must move on whatever another version wrote into it.
    """
    try:
        return policy_from_json(row["policy"])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        _log.warning("policy_unreadable", alert_id=row["id"])
        return Policies().of(row["kind"], Grade(row["grade"]))


def device_from(row: RowMapping) -> Device:
    """Read a device from its row."""
    return Device(
        id=row["id"],
        household_id=row["household_id"],
        kind=DeviceKind(row["kind"]),
        address=row["address"],
        resolution_litres=row["resolution_litres"],
        interval_minutes=row["interval_minutes"],
        rollover_litres=row["rollover_litres"],
        max_flow_litres_per_hour=row["max_flow_litres_per_hour"],
        hub=row["hub"],
    )


def contact_from(row: RowMapping) -> Contact:
    """Read a contact from its row."""
    return Contact(row["id"], row["name"], row["phone"], row["can_text"], row["language"])


def absence_from(row: RowMapping) -> Absence:
    """Read an absence from its row."""
    return Absence(row["household_id"], row["since"], row["until"], row["reason"], row["ended_at"])


def swap_from(row: RowMapping) -> Swap:
    """Read a declared swap from its row."""
    return Swap(row["device_id"], row["at"], row["old_final_litres"], row["new_start_litres"])
