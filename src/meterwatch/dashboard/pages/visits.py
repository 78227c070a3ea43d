"""The ledger of visits (探视台账), its exports, and the form in which a visit is reported."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response, StreamingResponse

from meterwatch.dashboard import ledger_sheet
from meterwatch.dashboard.desk import Number, Reader, ReaderHere, go_to, not_found, plain
from meterwatch.dashboard.moments import after_day, day_of
from meterwatch.dashboard.visit_form import AWAY, COMPLAINTS, MODES, Asked, VisitFields, fill
from meterwatch.domain.alert import State
from meterwatch.domain.visit import Mode, Need, Outcome, Seen
from meterwatch.pipeline import respond
from meterwatch.pipeline.respond.absences import AbsenceRefused
from meterwatch.store.views import alerts, home, visits

router = APIRouter()
PAGE = 50
Before = Annotated[int | None, Query(ge=1, le=2**53)]
Asking = Annotated[int | None, Query(ge=1, le=2**53)]
Word = Annotated[str, Query(max_length=60)]


@router.get("/visits")
def listed(
    reader: ReaderHere,
    since: Word = "",
    until: Word = "",
    mode: Word = "",
    outcome: Word = "",
    q: Word = "",
    before: Before = None,
) -> Response:
    """Show the ledger."""
    sought = _sought(reader, since, until, mode, outcome, q)
    with reader.desk.store.view() as view:
        rows = visits.page(view, sought, before, PAGE + 1)
    return reader.page(
        "visits.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].id if len(rows) > PAGE else None,
        sought=sought,
        since=since,
        until=until,
    )


@router.get("/visits.csv")
def as_csv(
    reader: ReaderHere,
    since: Word = "",
    until: Word = "",
    mode: Word = "",
    outcome: Word = "",
    q: Word = "",
) -> Response:
    """Give the ledger as a CSV file that spreadsheets open with the right characters."""
    sought = _sought(reader, since, until, mode, outcome, q)
    _audit(reader, "export", "visits.csv")
    sheet = ledger_sheet.csv_lines(_every(reader, sought), reader.tongue)
    return StreamingResponse(sheet, media_type="text/csv; charset=utf-8", headers=_named("csv"))


@router.get("/visits.xlsx")
def as_xlsx(
    reader: ReaderHere,
    since: Word = "",
    until: Word = "",
    mode: Word = "",
    outcome: Word = "",
    q: Word = "",
) -> Response:
    """Give the ledger as a spreadsheet, marked with who took it and when."""
    sought = _sought(reader, since, until, mode, outcome, q)
    _audit(reader, "export", "visits.xlsx")
    taken_by = reader.user.name if reader.user else ""
    book = ledger_sheet.xlsx(_every(reader, sought), reader.tongue, taken_by, reader.now)
    return Response(book, media_type=ledger_sheet.XLSX, headers=_named("xlsx"))


@router.get("/visits/new")
def new(reader: ReaderHere, household: Asking = None, alert: Asking = None) -> Response:
    """Show the form for a visit to a home."""
    if household is None:
        return reader.page("visit_choose.html")
    return _form(reader, household, alert, _begun(reader, alert), ())


def _begun(reader: Reader, alert: int | None) -> VisitFields:
    """Fill in what is known already: who set out for this alert, and when."""
    if alert is None:
        return VisitFields()
    with reader.desk.store.view() as view:
        going = [line for line in alerts.lines(view, alert) if line.what == "going"]
    if not going:
        return VisitFields()
    visitor = "me" if going[-1].actor == reader.by else going[-1].actor
    return VisitFields(visitor=visitor, dispatched_at=reader.tongue.field(going[-1].at))


@router.post("/visits/new")
def report(
    reader: ReaderHere,
    fields: Annotated[VisitFields, Form()],
    household: Asking = None,
    alert: Asking = None,
) -> Response:
    """Take the report of a visit: it answers every open worry about the home's people."""
    if household is None:
        raise not_found()
    filled = fill(fields, _asked(reader, household))
    if filled.visit is None:
        return _form(reader, household, alert, fields, filled.complaints)
    number = respond.report(reader.desk.store, filled.visit, reader.now)
    _audit(reader, "visit", f"visit:{number}")
    onward = f"/alerts/{alert}" if alert else f"/households/{household}"
    if filled.away_until is None:
        return go_to(onward, "visit")
    reason = AWAY[filled.visit.outcome]
    try:
        respond.declare_absence(
            reader.desk.store, household, filled.away_until, reason, reader.by, reader.now
        )
    except AbsenceRefused:
        return go_to(f"/households/{household}#absences", "visit")
    return go_to(f"/households/{household}", "absence")


@router.get("/visits/{number}/correct")
def correct_form(reader: ReaderHere, number: Number) -> Response:
    """Show the form for a correction of a line."""
    row = _line(reader, number)
    if row.corrected_by is not None:
        return go_to(f"/visits/{row.corrected_by}/correct")
    field, visit = reader.tongue.field, row.visit
    visitor = "me" if visit.visitor == reader.by else visit.visitor
    fields = VisitFields(
        visitor=visitor,
        mode=visit.mode,
        seen=visit.seen,
        outcome=visit.outcome,
        dispatched_at=field(visit.dispatched_at),
        arrived_at=field(visit.arrived_at),
        saw_person_at=field(visit.saw_person_at),
        needs=list(visit.needs),
        note=visit.note,
    )
    return _form(reader, visit.household_id, None, fields, (), row)


@router.post("/visits/{number}/correct")
def correct(reader: ReaderHere, number: Number, fields: Annotated[VisitFields, Form()]) -> Response:
    """Take a correction: a new line that names the one it corrects."""
    row = _line(reader, number)
    household = row.visit.household_id
    filled = fill(fields, _asked(reader, household, row.visit.logged_at))
    if filled.visit is None:
        return _form(reader, household, None, fields, filled.complaints, row)
    corrected = respond.correct(reader.desk.store, number, filled.visit, reader.now)
    _audit(reader, "correct", f"visit:{corrected}")
    return go_to("/visits", "corrected")


def _form(
    reader: Reader,
    household: int,
    alert: int | None,
    fields: VisitFields,
    complaints: tuple[str, ...],
    corrects: visits.VisitRow | None = None,
) -> Response:
    desk = reader.desk
    with desk.store.view() as view:
        page = home.one(view, household, reader.now, desk.settings.freshness)
        if page is None:
            raise not_found()
        worries = alerts.page(view, alerts.Sought("standing", household=household), None, 20)
    return reader.page(
        "visit_form.html",
        422 if complaints else 200,
        page=page,
        worries=[
            row for row in worries if row.alert.visited and row.alert.state is not State.CLOSED
        ],
        alert=alert,
        fields=fields,
        complaints=[COMPLAINTS[code] for code in complaints],
        corrects=corrects,
        modes=MODES,
        seens=list(Seen),
        outcomes=list(Outcome),
        needs=list(Need),
        away=[outcome.value for outcome in AWAY],
    )


def _asked(reader: Reader, household: int, logged_at: datetime | None = None) -> Asked:
    """Say who may have gone: the reader, or anybody of the home's circle."""
    desk = reader.desk
    with desk.store.view() as view:
        page = home.one(view, household, reader.now, desk.settings.freshness)
    if page is None:
        raise not_found()
    visitors = {
        f"contact:{row.contact_id}": (f"contact:{row.contact_id}", row.role.value)
        for row in reversed(page.circle)
    }
    visitors["me"] = (reader.by, "operator")
    return Asked(household, visitors, reader.now, desk.zone, logged_at)


def _line(reader: Reader, number: int) -> visits.VisitRow:
    with reader.desk.store.view() as view:
        row = visits.one(view, number)
    if row is None:
        raise not_found()
    return row


def _sought(
    reader: Reader, since: str, until: str, mode: str, outcome: str, words: str
) -> visits.Sought:
    zone = reader.desk.zone
    return visits.Sought(
        since=day_of(since, zone),
        until=after_day(day_of(until, zone), zone),
        mode=mode if mode in {*Mode} else "",
        outcome=outcome if outcome in {*Outcome} else "",
        words=plain(words),
    )


def _every(reader: Reader, sought: visits.Sought) -> Iterator[visits.VisitRow]:
    with reader.desk.store.view() as view:
        yield from visits.every(view, sought)


def _audit(reader: Reader, act: str, subject: str) -> None:
    """Write down who did this: the ledger's line may be signed by somebody else."""
    with reader.desk.store.transaction() as tx:
        tx.accounts.audit(reader.by, act, subject, reader.desk.machine_now())


def _named(form: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="visits.{form}"'}
