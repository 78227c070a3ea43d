"""The list of all alerts, and the page of one."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from meterwatch.dashboard import timeline, words
from meterwatch.dashboard.desk import Number, Reader, ReaderHere, not_found, plain
from meterwatch.domain.alert import State
from meterwatch.domain.notification import MessageKind
from meterwatch.domain.signal import SubjectKind
from meterwatch.store.views import alerts, areas, usage
from meterwatch.store.views import visits as ledger

router = APIRouter()
Before = Annotated[int | None, Query(ge=1, le=2**53)]
PAGE = 50
CHART_HOURS = 48


@router.get("/alerts")
def listed(
    reader: ReaderHere,
    state: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=60)] = "",
    before: Before = None,
) -> Response:
    """Show every alert, also the closed ones."""
    known = {*State, "standing"}
    sought = alerts.Sought(
        state=state if state in known else "",
        kind=kind if kind in words.KINDS else "",
        words=plain(q),
    )
    with reader.desk.store.view() as view:
        rows = alerts.page(view, sought, before, PAGE + 1)
    return reader.page(
        "alerts.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].alert.id if len(rows) > PAGE else None,
        sought=sought,
        kinds=words.KINDS,
    )


@router.get("/alerts/{number}")
def one(reader: ReaderHere, number: Number) -> Response:
    """Show one alert with everything that belongs to it."""
    return _page(reader, "alert.html", number)


@router.get("/alerts/{number}/part")
def part(reader: ReaderHere, number: Number) -> Response:
    """Show what may have changed on the page of one alert."""
    return _page(reader, "_alert.html", number)


def _page(reader: Reader, template: str, number: int) -> Response:
    desk = reader.desk
    with desk.store.view() as view:
        page = alerts.one(view, number)
        if page is None:
            raise not_found()
        home = page.row.alert.subject_kind is SubjectKind.HOUSEHOLD
        subject = page.row.alert.subject_id
        hours = usage.last_hours(view, subject, reader.now, desk.local, CHART_HOURS) if home else ()
        visits = ledger.page(view, ledger.Sought(ids=page.visits)) if page.visits else ()
        evidence = areas.evidence_homes(view, page.row.alert.evidence)
        outages = areas.outages_around(view, page.row.alert)
    mine = page.row.alert.owner == reader.by
    kept = set() if desk.demo else _kept(page.messages)
    history = timeline.history(reader.tongue, page.lines, page.row.alert, kept)
    return reader.page(
        template,
        page=page,
        hours=hours,
        visits=visits,
        mine=mine,
        history=history,
        evidence=evidence,
        outages=outages,
    )


def _kept(messages: Iterable[alerts.MessageRow]) -> set[tuple[int, int]]:
    """Name the rounds and steps whose messages were taken by the console provider alone."""
    took: dict[tuple[int, int], set[str]] = {}
    for row in messages:
        if row.kind == MessageKind.ALERT:
            took.setdefault((row.round, row.step), set()).add(row.provider)
    return {step for step, providers in took.items() if providers == {"console"}}
