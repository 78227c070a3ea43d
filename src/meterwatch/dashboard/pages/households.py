"""The list of homes, the page of one, and its absences (报备)."""

import unicodedata
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from meterwatch.dashboard import codes, limits
from meterwatch.dashboard.desk import Number, Reader, ReaderHere, go_to, not_found, plain
from meterwatch.dashboard.moments import moment_of
from meterwatch.dashboard.rule_words import RuleTold, preset_told
from meterwatch.dashboard.use_words import floors_told
from meterwatch.detectors.budgets import LEAST, MOST
from meterwatch.domain.household import VACANT, Grade
from meterwatch.domain.lesson import WITHIN, found_well
from meterwatch.domain.signal import LOW_USE, NO_USE, SubjectKind
from meterwatch.pipeline import respond
from meterwatch.pipeline.respond.absences import AbsenceRefused
from meterwatch.store.views import alerts, home, homes, usage
from meterwatch.store.views import visits as ledger
from meterwatch.store.views.budgets import budget_of

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
        state=state if state in {*homes.UseState, VACANT, homes.DEGRADED} else "",
    )
    fresh = reader.desk.settings.freshness
    with reader.desk.store.view() as view:
        rows = homes.page(
            view, sought, after=plain(after), limit=PAGE + 1, now=reader.now, fresh=fresh
        )
        counts = homes.count(view, reader.now, fresh)
        vacant = len(homes.vacant_homes(view, reader.now))
    return reader.page(
        "households.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].code if len(rows) > PAGE else None,
        sought=sought,
        counts=counts,
        vacant=vacant,
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
    """Note that a home is away until a time, or that nobody lives there: then for a year."""
    end = moment_of(until, reader.desk.zone)
    if reason == VACANT:
        end = reader.now + LONGEST_ABSENCE
    complaint = _complaint(end, reader.now) or ("" if reason in codes.ABSENCE_REASONS else "reason")
    if complaint or end is None:
        return page_of(reader, number, complaint=complaint)
    try:
        respond.declare_absence(reader.desk.store, number, end, reason, reader.by, reader.now)
    except AbsenceRefused:
        return page_of(reader, number, complaint="too_long")
    return go_to(f"/households/{number}", "absence")


@router.post("/households/{number}/daily")
def daily(
    reader: ReaderHere, number: Number, contact: Annotated[list[int] | None, Form()] = None
) -> Response:
    """Note who wants to hear each day that water was used."""
    page = _page(reader, number)
    theirs = {row.contact_id for row in page.circle if row.can_text}
    with reader.desk.store.transaction() as tx:
        for one in sorted(theirs):
            if one in (contact or ()):
                tx.digests.want(number, one, reader.by, reader.now)
            else:
                tx.digests.want_not(number, one)
    return go_to(f"/households/{number}#daily", "daily")


@router.post("/households/{number}/absences/{absence}/end")
def end_absence(reader: ReaderHere, number: Number, absence: Number) -> Response:
    """End an absence: the home is watched again."""
    respond.end_absence(reader.desk.store, absence, reader.by, reader.now)
    return go_to(f"/households/{number}", "absence_ended")


@router.post("/households/{number}/budget")
def set_budget(
    reader: ReaderHere, number: Number, alarms: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Note how many false alarms a year a home may cost; empty gives it its grade's again."""
    written = unicodedata.normalize("NFKC", alarms).strip().replace(",", ".")
    try:
        own = float(written) if written else None
        there = respond.set_budget(reader.desk.store, number, own, reader.by, reader.now)
    except ValueError:
        return page_of(reader, number, complaint="budget")
    if not there:
        raise not_found()
    return go_to(f"/households/{number}", "budget")


def page_of(reader: Reader, number: int, *, complaint: str = "") -> Response:
    """Show one home, and what was wrong with a form of it."""
    desk = reader.desk
    page = _page(reader, number)
    with desk.store.view() as view:
        hours = usage.last_hours(view, number, reader.now, desk.local, CHART_HOURS)
        worries = alerts.page(view, alerts.Sought(household=number), None, 20)
        visits = ledger.page(view, ledger.Sought(household=number), None, 20)
        budget = budget_of(view, number)
    return reader.page(
        "household.html",
        422 if complaint else 200,
        page=page,
        hours=hours,
        alerts=[row for row in worries if row.alert.subject_kind is SubjectKind.HOUSEHOLD],
        visits=visits,
        budget=budget,
        allowed=desk.settings.budget.of(page.row.grade, budget.own),
        bounds=(LEAST, MOST),
        complaint=complaint,
        limits=_limits(reader, number),
        preset=_preset(reader),
        floors=_floors(reader, number),
        limit_classes=limits.CLASS_NAMES,
        until=reader.now + timedelta(days=3),
    )


def _page(reader: Reader, number: int) -> home.HomePage:
    with reader.desk.store.view() as view:
        page = home.one(view, number, reader.now, reader.desk.settings.freshness)
    if page is None:
        raise not_found()
    return page


def _preset(reader: Reader) -> RuleTold | None:
    """Tell of the preset that stands in the place of the limits."""
    found = reader.desk.settings.presets.get(NO_USE)
    return None if found is None else preset_told(reader.tongue, *found)


def _limits(reader: Reader, number: int) -> limits.Told:
    """Say how long this home is waited for, and why."""
    store = reader.desk.store
    with store.transaction(read_only=True) as tx:
        answers = tx.visits.answered(reader.now - WITHIN, number).get(number, [])
    profile = store.telemetry.profiles((number,))
    return limits.told(reader.tongue, profile, len(found_well(answers, reader.now)))


def _floors(reader: Reader, number: int) -> str:
    """Say below how much water in three days this home is looked after."""
    if LOW_USE not in reader.desk.settings.watched:
        return ""
    return floors_told(reader.tongue, reader.desk.store.telemetry.profiles((number,)))


def _complaint(end: datetime | None, now: datetime) -> str:
    if end is None:
        return "until"
    return "" if now < end <= now + LONGEST_ABSENCE else "until"
