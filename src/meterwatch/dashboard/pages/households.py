"""The list of homes, the page of one, and its absences (报备)."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from meterwatch.dashboard import codes
from meterwatch.dashboard.desk import Number, Reader, ReaderHere, go_to, not_found, plain
from meterwatch.dashboard.moments import moment_of
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import SubjectKind
from meterwatch.pipeline import respond
from meterwatch.pipeline.respond.absences import AbsenceRefused
from meterwatch.store.views import alerts, home, homes, usage
from meterwatch.store.views import visits as ledger

router = APIRouter()
PAGE = 50
CHART_HOURS = 48
LONGEST_ABSENCE = timedelta(days=366)


@router.get("/households")
def listed(
    reader: ReaderHere,
    state: Annotated[str, Query(max_length=20)] = "",
    grade: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=60)] = "",
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Show every home, each used, confirmed not used, or unknown."""
    sought = homes.Sought(
        words=plain(q),
        grade=grade if grade in {*Grade} else "",
        state=state if state in {*homes.UseState} else "",
    )
    fresh = reader.desk.settings.freshness
    with reader.desk.store.view() as view:
        rows = homes.page(
            view, sought, after=plain(after), limit=PAGE + 1, now=reader.now, fresh=fresh
        )
        counts = homes.count(view, reader.now, fresh)
    return reader.page(
        "households.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].code if len(rows) > PAGE else None,
        sought=sought,
        counts=counts,
    )


@router.get("/households/{number}")
def one(reader: ReaderHere, number: Number) -> Response:
    """Show one home with everything that belongs to it."""
    return page_of(reader, number)


@router.post("/households/{number}/absences")
def declare(
    reader: ReaderHere,
    number: Number,
    until: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=40)] = "other",
) -> Response:
    """Note that a home is away until a time."""
    end = moment_of(until, reader.desk.zone)
    complaint = _complaint(end, reader.now) or ("" if reason in codes.ABSENCE_REASONS else "reason")
    if complaint or end is None:
        return page_of(reader, number, complaint=complaint)
    try:
        respond.declare_absence(reader.desk.store, number, end, reason, reader.by, reader.now)
    except AbsenceRefused:
        return page_of(reader, number, complaint="too_long")
    return go_to(f"/households/{number}", "absence")


@router.post("/households/{number}/absences/{absence}/end")
def end_absence(reader: ReaderHere, number: Number, absence: Number) -> Response:
    """End an absence: the home is watched again."""
    respond.end_absence(reader.desk.store, absence, reader.by, reader.now)
    return go_to(f"/households/{number}", "absence_ended")


def page_of(reader: Reader, number: int, *, complaint: str = "") -> Response:
    """Show one home, and what was wrong with a form of it."""
    desk = reader.desk
    with desk.store.view() as view:
        page = home.one(view, number, reader.now, desk.settings.freshness)
        if page is None:
            raise not_found()
        hours = usage.last_hours(view, number, reader.now, desk.local, CHART_HOURS)
        worries = alerts.page(view, alerts.Sought(household=number), None, 20)
        visits = ledger.page(view, ledger.Sought(household=number), None, 20)
    return reader.page(
        "household.html",
        422 if complaint else 200,
        page=page,
        hours=hours,
        alerts=[row for row in worries if row.alert.subject_kind is SubjectKind.HOUSEHOLD],
        visits=visits,
        complaint=complaint,
        until=reader.now + timedelta(days=3),
    )


def _complaint(end: datetime | None, now: datetime) -> str:
    if end is None:
        return "until"
    return "" if now < end <= now + LONGEST_ABSENCE else "until"
