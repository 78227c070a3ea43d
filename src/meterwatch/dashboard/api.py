"""The same facts as JSON, for programs of people who are logged in."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from meterwatch.dashboard import words
from meterwatch.dashboard.desk import Number, Reader, ReaderHere, not_found
from meterwatch.dashboard.pages.reports import period_of
from meterwatch.domain.lesson import Verdict
from meterwatch.store.views import alerts, home, precision, usage, visits
from meterwatch.store.views.queue import QueueRow

router = APIRouter(prefix="/api/v1")
Before = Annotated[int | None, Query(ge=1, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=200)]
State = Annotated[str, Query(max_length=20)]


class AlertOut(BaseModel):
    """One alert."""

    id: int
    kind: str
    title: str
    severity: str
    grade: str
    subject_kind: str
    subject_id: int
    household_code: str
    state: str
    condition: str
    began_at: datetime
    as_of: datetime
    opened_at: datetime
    next_due_at: datetime | None
    closed_at: datetime | None
    owner: str
    why: str
    evidence: dict[str, float | int | str]


class LineOut(BaseModel):
    """One line of a timeline."""

    at: datetime
    what: str
    actor: str


class AlertWithLines(AlertOut):
    """One alert and its timeline."""

    lines: list[LineOut]


class HourOut(BaseModel):
    """One local hour; null litres are unknown, which is not zero."""

    start: datetime
    litres: float | None
    usual_litres: float | None


class UsageOut(BaseModel):
    """The last hours of one home."""

    household_id: int
    hours: list[HourOut]


class VisitOut(BaseModel):
    """One line of the ledger."""

    id: int
    household_id: int
    household_code: str
    visitor: str
    role: str
    mode: str
    seen: str
    outcome: str
    needs: list[str]
    logged_at: datetime
    dispatched_at: datetime | None
    arrived_at: datetime | None
    saw_person_at: datetime | None
    corrects: int | None
    alerts: list[int]


class RuleOut(BaseModel):
    """How often one rule was right; `precision` and its bounds are null where nothing is known."""

    kind: str
    severity: int
    alerts: int
    per_home_year: float | None
    found: dict[str, int]
    precision: float | None
    interval90: tuple[float, float] | None


@router.get("/reports/precision")
def rule_list(
    reader: ReaderHere, since: State = "", until: State = "", grade: State = ""
) -> list[RuleOut]:
    """Say how often each rule was right from one day to another (`2026-11-01`), by default 90."""
    with reader.desk.store.view() as view:
        rows = precision.rules(view, period_of(reader, since, until, grade))
    return [
        RuleOut(
            kind=row.kind,
            severity=row.severity,
            alerts=row.tally.alerts,
            per_home_year=row.per_home_year,
            found={one: row.tally.by_verdict.get(one, 0) for one in Verdict},
            precision=row.tally.precision,
            interval90=row.tally.interval,
        )
        for row in rows
    ]


@router.get("/alerts")
def alert_list(
    reader: ReaderHere, state: State = "", before: Before = None, limit: Limit = 50
) -> list[AlertOut]:
    """List alerts, the newest first; `state=standing` leaves out the closed ones."""
    with reader.desk.store.view() as view:
        rows = alerts.page(view, alerts.Sought(state=state), before, limit)
    return [AlertOut(**_alert(reader, row)) for row in rows]


@router.get("/alerts/{number}")
def alert_one(reader: ReaderHere, number: Number) -> AlertWithLines:
    """Give one alert with its timeline."""
    with reader.desk.store.view() as view:
        page = alerts.one(view, number)
    if page is None:
        raise not_found()
    lines = [LineOut(at=row.at, what=row.what, actor=row.actor) for row in page.lines]
    return AlertWithLines(**_alert(reader, page.row), lines=lines)


@router.get("/households/{number}/usage")
def usage_of(
    reader: ReaderHere, number: Number, hours: Annotated[int, Query(ge=1, le=24 * 30)] = 48
) -> UsageOut:
    """Give the last hours of one home against its usual."""
    desk = reader.desk
    with desk.store.view() as view:
        if home.one(view, number, reader.now, desk.settings.freshness) is None:
            raise not_found()
        found = usage.last_hours(view, number, reader.now, desk.local, hours)
    return UsageOut(
        household_id=number,
        hours=[HourOut(start=h.start, litres=h.litres, usual_litres=h.usual) for h in found],
    )


@router.get("/visits")
def visit_list(reader: ReaderHere, before: Before = None, limit: Limit = 50) -> list[VisitOut]:
    """List the ledger, the newest line first; notes are left out."""
    with reader.desk.store.view() as view:
        rows = visits.page(view, visits.Sought(), before, limit)
    return [_visit(row) for row in rows]


def _alert(reader: Reader, row: QueueRow) -> dict[str, Any]:
    alert = row.alert
    same = ("id", "kind", "grade", "subject_kind", "subject_id", "state", "condition")
    moments = ("began_at", "as_of", "opened_at", "next_due_at", "closed_at", "owner")
    return {name: getattr(alert, name) for name in (*same, *moments)} | {
        "title": words.title(reader.tongue, alert),
        "severity": words.severity(alert),
        "household_code": row.place.code if row.place else "",
        "why": words.why(reader.tongue, row, reader.now),
        "evidence": dict(alert.evidence),
    }


def _visit(row: visits.VisitRow) -> VisitOut:
    visit = row.visit
    return VisitOut(
        id=row.id,
        household_id=visit.household_id,
        household_code=row.household_code,
        visitor=visit.visitor,
        role=visit.role,
        mode=visit.mode,
        seen=visit.seen,
        outcome=visit.outcome,
        needs=list(visit.needs),
        logged_at=visit.logged_at,
        dispatched_at=visit.dispatched_at,
        arrived_at=visit.arrived_at,
        saw_person_at=visit.saw_person_at,
        corrects=visit.corrects,
        alerts=list(row.alerts),
    )
