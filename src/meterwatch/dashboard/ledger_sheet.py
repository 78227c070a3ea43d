"""The ledger as a sheet: CSV and XLSX, headed in both languages, safe to open.

A cell that begins like a formula is written as text with an apostrophe before it, so that a note
cannot make a spreadsheet compute or call anything.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from meterwatch.dashboard import codes
from meterwatch.dashboard.tongue import Tongue
from meterwatch.store.views.visits import VisitRow

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADS: Final = (
    "编号 No.",
    "更正的编号 Corrects",
    "被更正为 Corrected by",
    "住户编号 Household",
    "住址 Place",
    "区域 Area",
    "登记时间 Logged",
    "探视人 Visitor",
    "身份 Role",
    "方式 Mode",
    "出发 Set out",
    "到达 Arrived",
    "见到本人 Met",
    "本人情况 Person",
    "结果 Outcome",
    "需求 Needs",
    "备注 Note",
    "预警编号 Alerts",
)
_WIDTHS: Final = (8, 10, 10, 14, 28, 28, 18, 12, 14, 14, 18, 18, 18, 18, 20, 24, 40, 12)


def guarded(text: str) -> str:
    """Keep a text from being taken for a formula.

    >>> guarded("=HYPERLINK(1)"), guarded("平安")
    ("'=HYPERLINK(1)", '平安')
    """
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    first = unicodedata.normalize("NFKC", clean.lstrip()[:1])[:1]  # some take a wide ＝ for =
    formula = first in {"=", "+", "-", "@"} or clean[:1] in {"\t", "\r"}
    return f"'{clean}" if formula else clean


def cells(row: VisitRow, tongue: Tongue) -> list[str]:
    """Write one line of the ledger as the texts of its cells."""
    visit = row.visit
    needs = (codes.name(tongue, codes.NEEDS, need) for need in visit.needs)
    texts = [
        str(row.id),
        str(visit.corrects or ""),
        str(row.corrected_by or ""),
        row.household_code,
        row.household_label,
        " › ".join(row.areas),
        _moment(visit.logged_at, tongue),
        row.visitor,
        codes.name(tongue, codes.ROLES, visit.role),
        codes.name(tongue, codes.MODES, visit.mode),
        _moment(visit.dispatched_at, tongue),
        _moment(visit.arrived_at, tongue),
        _moment(visit.saw_person_at, tongue),
        codes.name(tongue, codes.SEEN, visit.seen),
        codes.name(tongue, codes.OUTCOMES, visit.outcome),
        tongue.say(", ").join(needs),
        visit.note,
        " ".join(str(alert) for alert in row.alerts),
    ]
    return [guarded(text) for text in texts]


def csv_lines(rows: Iterable[VisitRow], tongue: Tongue) -> Iterator[bytes]:
    """Write the ledger as CSV, line by line, with the mark by which spreadsheets know UTF-8."""
    yield "\ufeff".encode()
    yield _csv_line(HEADS)
    for row in rows:
        yield _csv_line(cells(row, tongue))


def xlsx(rows: Iterable[VisitRow], tongue: Tongue, taken_by: str, now: datetime) -> bytes:
    """Write the ledger as a spreadsheet; the foot of each page says who took it and when."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("探视台账")
    for index, width in enumerate(_WIDTHS):
        sheet.column_dimensions[chr(ord("A") + index)].width = width
    sheet.freeze_panes = "A2"
    sheet.oddFooter.center.text = f"{taken_by} · {_moment(now, tongue)}".replace("&", "&&")
    heads = [WriteOnlyCell(sheet, value=head) for head in HEADS]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append(cells(row, tongue))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _csv_line(texts: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(texts)
    return line.getvalue().encode()


def _moment(moment: datetime | None, tongue: Tongue) -> str:
    return f"{moment.astimezone(tongue.zone):%Y-%m-%d %H:%M}" if moment else ""
