"""Reports: how often each rule was right in a period, for the console and as a sheet."""

import csv
import io
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from meterwatch.dashboard import words
from meterwatch.dashboard.desk import Reader, ReaderHere
from meterwatch.dashboard.ledger_sheet import guarded
from meterwatch.dashboard.moments import after_day, day_of
from meterwatch.dashboard.tongue import mark
from meterwatch.domain.household import VACANT, Grade
from meterwatch.domain.lesson import Verdict
from meterwatch.store.views import homes, precision

router = APIRouter()
DAYS = (30, 90, 365)
SHOWN = (Verdict.TRUE, Verdict.FALSE, Verdict.AWAY, Verdict.DEVICE, Verdict.UNKNOWN)
HEADS = (
    "规则 Rule",
    "程度 Severity",
    "预警数 Alerts",
    "每户每年 Per home and year",
    "有结果 Answered",
    "确有其事 True",
    "平安在家 False",
    "外出住院 Away",
    "设备管道 Device",
    "未知 Unknown",
    "准确率 Precision",
    "90%区间下限 Low",
    "90%区间上限 High",
)
# The sizes of a flow that stand out of their kind (`detectors.flat_flow`).
_FLOWS = {2: mark("Tap possibly left on"), 3: mark("Pipe possibly burst")}
Word = Annotated[str, Query(max_length=20)]


@router.get("/reports")
def shown(reader: ReaderHere, since: Word = "", until: Word = "", grade: Word = "") -> Response:
    """Show how often each rule was right."""
    period = period_of(reader, since, until, grade)
    with reader.desk.store.view() as view:
        rows = precision.rules(view, period)
        years = precision.home_years(view, period)
        vacant = homes.vacant_homes(view, reader.now)
    zone = reader.desk.zone
    return reader.page(
        "reports.html",
        rows=rows,
        years=years,
        vacant=vacant,
        vacant_state=VACANT,
        verdicts=SHOWN,
        since=period.since.astimezone(zone).date(),
        until=(period.until - timedelta(seconds=1)).astimezone(zone).date(),
        grade=grade,
        spans=[
            (days, (reader.now - timedelta(days=days)).astimezone(zone).date()) for days in DAYS
        ],
        weight_of=lambda row: weight_of(reader, row),
    )


@router.get("/reports.csv")
def as_csv(reader: ReaderHere, since: Word = "", until: Word = "", grade: Word = "") -> Response:
    """Give the same as a CSV file."""
    period = period_of(reader, since, until, grade)
    with reader.desk.store.view() as view:
        rows = precision.rules(view, period)
    sheet = io.StringIO()
    writer = csv.writer(sheet, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADS)
    writer.writerows([guarded(cell) for cell in _cells(reader, row)] for row in rows)
    named = {"Content-Disposition": 'attachment; filename="precision.csv"'}
    content = "\ufeff" + sheet.getvalue()
    return Response(content.encode(), media_type="text/csv; charset=utf-8", headers=named)


def period_of(reader: Reader, since: str, until: str, grade: str) -> precision.Period:
    """Read a period from what was asked; the last 90 days where it cannot be read."""
    zone = reader.desk.zone
    end = after_day(day_of(until, zone), zone) or reader.now
    begin = day_of(since, zone)
    if begin is None or begin >= end:
        begin = end - timedelta(days=90)
    return precision.Period(begin, end, Grade(grade) if grade in {*Grade} else None)


def weight_of(reader: Reader, row: precision.RuleRow) -> str:
    """Name the severity of a rule's alerts, where it has several."""
    return reader.tongue.say(_FLOWS[row.severity]) if row.severity in _FLOWS else ""


def _cells(reader: Reader, row: precision.RuleRow) -> list[str]:
    tally, bounds = row.tally, row.tally.interval or (None, None)
    shares = (tally.precision, *bounds)
    return [
        words.kind(reader.tongue, row.kind),
        weight_of(reader, row),
        str(tally.alerts),
        "" if row.per_home_year is None else f"{row.per_home_year:.3f}",
        str(tally.answered),
        *(str(tally.by_verdict.get(verdict, 0)) for verdict in SHOWN),
        *("" if share is None else f"{share:.3f}" for share in shares),
    ]
