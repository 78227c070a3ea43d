"""Announced outages: where water is off until when, so that quiet homes there alarm nobody."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from meterwatch.dashboard import area_words, codes
from meterwatch.dashboard.desk import Number, Reader, ReaderHere, go_to
from meterwatch.dashboard.moments import moment_of
from meterwatch.domain.outage import GroupKind, Outage
from meterwatch.pipeline import respond
from meterwatch.pipeline.respond.outages import OutageRefused
from meterwatch.store.views import areas

router = APIRouter()
SHOWN = timedelta(days=30)


@router.get("/outages")
def listed(reader: ReaderHere) -> Response:
    """Show what is announced, what was lately, and the form for one more."""
    return _page(reader)


@router.post("/outages")
def announce(
    reader: ReaderHere,
    group: Annotated[str, Form(max_length=200)] = "",
    since: Annotated[str, Form(max_length=40)] = "",
    until: Annotated[str, Form(max_length=40)] = "",
    what: Annotated[str, Form(max_length=40)] = "other",
) -> Response:
    """Note that water is off somewhere until a time."""
    with reader.desk.store.view() as view:
        known = {choice.value for choice in areas.choices(view)}
    begins, ends = (moment_of(text, reader.desk.zone) for text in (since, until))
    if group not in known:
        return _page(reader, complaint="group")
    if begins is None or ends is None:
        return _page(reader, complaint="until")
    kind, _, rest = group.partition(":")
    area, _, name = rest.partition(":")
    reason = what if what in codes.OUTAGES else "other"
    outage = Outage(0, GroupKind(kind), int(area), name, begins, ends, reason)
    try:
        respond.announce_outage(reader.desk.store, outage, reader.by, reader.now)
    except OutageRefused:
        return _page(reader, complaint="until")
    return go_to("/outages", "outage")


@router.post("/outages/{number}/end")
def end(reader: ReaderHere, number: Number) -> Response:
    """End an outage before its time: silences count anew from now."""
    respond.end_outage(reader.desk.store, number, reader.by, reader.now)
    return go_to("/outages", "outage_ended")


def _page(reader: Reader, *, complaint: str = "") -> Response:
    with reader.desk.store.view() as view:
        rows = areas.outages(view, reader.now - SHOWN)
        choices = areas.choices(view)
    return reader.page(
        "outages.html",
        422 if complaint else 200,
        rows=rows,
        choices=choices,
        complaint=complaint,
        until=reader.now + timedelta(hours=4),
        group_name=lambda kind, name: area_words.group_name(reader.tongue, kind, name),
    )
