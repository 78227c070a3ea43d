"""Reporting a visit, correcting it, and taking the ledger away as a sheet."""

import csv
import io
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from meterwatch.dashboard.visit_form import COMPLAINTS, Asked, VisitFields, fill
from meterwatch.domain.alert import State
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline import respond
from meterwatch.pipeline.import_homes.cells import check_text
from meterwatch.pipeline.import_homes.remarks import Unfit
from meterwatch.store.tables import house as h
from meterwatch.store.views import visits
from tests.dashboard.test_queue import state_of
from tests.dashboard.town import MINUTE, NOW, SHANGHAI, Town

FULL = {
    "visitor": "contact:4",
    "mode": "home",
    "seen": "unwell",
    "outcome": "fall",
    "dispatched_at": "2026-11-21T12:50",
    "arrived_at": "2026-11-21T13:05",
    "saw_person_at": "2026-11-21T13:06",
    "needs": ["health", "care"],
    "note": "已拨打 120,\n等待救护车。",
}


def asked() -> Asked:
    return Asked(2, {"me": ("user:1", "operator")}, NOW, SHANGHAI)


def line(here: Town, number: int) -> visits.VisitRow:
    with here.store.view() as view:
        found = visits.one(view, number)
    assert found is not None
    return found


def test_two_taps_log_a_visit_that_found_all_well(client: TestClient, here: Town) -> None:
    form = client.get(f"/visits/new?household=1&alert={here.bell}").text
    assert 'name="quick" value="home"' in form
    answer = client.post(f"/visits/new?household=1&alert={here.bell}", data={"quick": "home"})
    assert answer.headers["location"] == f"/alerts/{here.bell}?said=visit"
    visit = line(here, 1).visit
    assert (visit.visitor, visit.role) == ("user:1", "operator")
    assert (visit.mode, visit.seen, visit.outcome) == (Mode.HOME, Seen.WELL, Outcome.SAFE)
    assert visit.saw_person_at == visit.arrived_at == NOW
    assert state_of(here, here.bell) is State.CLOSED


def test_a_phone_call_has_no_arrival(client: TestClient, here: Town) -> None:
    client.post("/visits/new?household=1", data={"quick": "phone", "visitor": "contact:1"})
    visit = line(here, 1).visit
    assert visit.mode is Mode.PHONE
    assert visit.arrived_at is None
    assert (visit.visitor, visit.role) == ("contact:1", "guardian")


def test_the_form_knows_who_set_out_and_when(client: TestClient, here: Town) -> None:
    respond.go(here.store, here.bell, "contact:2", NOW - MINUTE)
    form = client.get(f"/visits/new?household=1&alert={here.bell}").text
    assert 'value="contact:2" selected' in form
    assert 'name="dispatched_at" value="2026-11-21T13:29"' in form


def test_one_tap_with_a_time_that_cannot_be_is_refused(client: TestClient) -> None:
    form = {"quick": "home", "dispatched_at": "2026-11-21T23:00"}
    answer = client.post("/visits/new?household=1", data=form)
    assert answer.status_code == 422
    assert "时间不能晚于现在" in answer.text


def test_a_full_report_is_kept_as_it_was_told(client: TestClient, here: Town) -> None:
    client.post("/visits/new?household=2", data=FULL)
    row = line(here, 1)
    assert row.visitor == "邻居李"
    assert row.alerts == (here.silent_home,)
    assert row.visit.arrived_at == datetime(2026, 11, 21, 5, 5, tzinfo=UTC)
    assert row.visit.note == "已拨打 120,\n等待救护车。"
    page = client.get("/visits").text
    assert "跌倒或受伤" in page
    assert "照护" in page


def test_a_visit_that_reached_nobody_keeps_the_alert_open(client: TestClient, here: Town) -> None:
    form = {"mode": "home", "seen": "no_answer", "outcome": "no_access"}
    client.post("/visits/new?household=2", data=form)
    assert state_of(here, here.silent_home) is State.OPEN


def test_somebody_taken_in_by_family_is_noted_away_at_once(client: TestClient) -> None:
    form = {
        "mode": "phone",
        "seen": "not_home",
        "outcome": "away_family",
        "away_until": "2026-11-25T18:00",
    }
    answer = client.post("/visits/new?household=2", data=form)
    assert answer.headers["location"] == "/households/2?said=absence"
    assert "外出至 11-25 18:00" in client.get("/households/2").text


def test_a_red_home_away_for_too_long_keeps_its_visit_and_asks_for_the_absence(
    client: TestClient, here: Town
) -> None:
    form = {
        "mode": "phone",
        "seen": "not_home",
        "outcome": "away_hospital",
        "away_until": "2027-02-25T18:00",
    }
    answer = client.post("/visits/new?household=1", data=form)
    assert answer.headers["location"] == "/households/1?said=visit#absences"
    assert line(here, 1).visit.outcome is Outcome.AWAY_HOSPITAL


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"visitor": "contact:999"}, "visitor"),
        ({"mode": ""}, "mode"),
        ({"mode": "unstated"}, "mode"),
        ({"seen": "maybe"}, "seen"),
        ({"outcome": ""}, "outcome"),
        ({"seen": "no_answer", "outcome": "safe"}, "contradiction"),
        ({"seen": "well", "outcome": "no_access"}, "contradiction"),
        ({"needs": ["gold"]}, "needs"),
        ({"arrived_at": "yesterday"}, "time"),
        ({"saw_person_at": "2026-11-21T18:00"}, "future"),
        ({"arrived_at": "2026-11-21T12:40"}, "order"),
        ({"dispatched_at": "2025-11-19T12:40"}, "past"),
        ({"dispatched_at": "0001-01-01T00:00"}, "time"),
        ({"quick": "home", "dispatched_at": "2025-11-19T12:40"}, "past"),
        ({"outcome": "away_family", "seen": "not_home", "away_until": "2026-01-01"}, "away"),
    ],
)
def test_a_report_that_cannot_be_is_refused_with_what_is_wrong(
    change: dict[str, str], complaint: str
) -> None:
    fields = VisitFields.model_validate({**FULL, "visitor": "me", **change})
    filled = fill(fields, asked())
    assert filled.visit is None
    assert complaint in filled.complaints


def test_a_refused_report_keeps_what_was_typed_and_nothing_is_logged(
    client: TestClient, here: Town
) -> None:
    answer = client.post("/visits/new?household=2", data={**FULL, "outcome": ""})
    assert answer.status_code == 422
    assert "请选择探视结果" in answer.text
    assert "等待救护车。" in answer.text
    assert 'value="2026-11-21T12:50"' in answer.text
    assert 'value="health" checked' in answer.text
    with here.store.view() as view:
        assert visits.page(view, visits.Sought()) == ()


def test_every_complaint_has_words() -> None:
    assert all(COMPLAINTS.values())


@pytest.mark.parametrize("change", [{"note": "x" * 2_001}, {"mode": "x" * 61}])
def test_a_field_that_is_far_too_long_is_refused(
    client: TestClient, change: dict[str, str]
) -> None:
    assert client.post("/visits/new?household=2", data={**FULL, **change}).status_code == 422


def test_a_report_about_no_home_is_not_found(client: TestClient) -> None:
    assert client.post("/visits/new", data=FULL).status_code == 404
    assert client.post("/visits/new?household=99", data=FULL).status_code == 404


def test_a_correction_is_a_new_line_and_the_old_one_stays(client: TestClient, here: Town) -> None:
    client.post("/visits/new?household=2", data=FULL)
    form = client.get("/visits/1/correct").text
    assert 'value="contact:4" selected' in form
    assert 'value="2026-11-21T13:05"' in form
    answer = client.post("/visits/1/correct", data={**FULL, "outcome": "illness"})
    assert answer.headers["location"] == "/visits?said=corrected"
    assert line(here, 1).corrected_by == 2
    assert line(here, 1).visit.outcome is Outcome.FALL
    assert line(here, 2).visit.corrects == 1
    assert line(here, 2).alerts == (here.silent_home,)
    assert client.get("/visits/1/correct").headers["location"] == "/visits/2/correct"


def test_a_correction_may_name_times_of_the_day_it_corrects(here: Town) -> None:
    then = NOW - timedelta(days=500)
    told = Asked(2, {"me": ("user:1", "operator")}, NOW, SHANGHAI, logged_at=then)
    arrived = (then - MINUTE).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    late = {"dispatched_at": "", "saw_person_at": "", "arrived_at": arrived}
    fields = VisitFields.model_validate({**FULL, "visitor": "me", **late})
    assert fill(fields, told).complaints == ()
    assert fill(fields, asked()).complaints == ("past",)


def test_who_typed_a_visit_of_somebody_else_is_written_down(client: TestClient, here: Town) -> None:
    client.post("/visits/new?household=2", data=FULL)
    client.post("/visits/1/correct", data={**FULL, "outcome": "illness"})
    assert line(here, 2).visit.visitor == "contact:4"
    with here.store.view() as view:
        query = select(h.audit.c.actor, h.audit.c.act, h.audit.c.subject)
        rows = view.people.execute(query.where(h.audit.c.subject.like("visit:%"))).all()
    by = f"user:{here.operator}"
    assert [tuple(row) for row in rows] == [(by, "visit", "visit:1"), (by, "correct", "visit:2")]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_ledger_sought_at_the_end_of_all_days_is_shown(client: TestClient, day: str) -> None:
    assert client.get(f"/visits?since={day}&until={day}").status_code == 200


def test_every_cell_of_the_csv_is_quoted(client: TestClient) -> None:
    client.post("/visits/new?household=2", data=FULL)
    text = client.get("/visits.csv").content.decode("utf-8-sig")
    assert text.startswith('"编号 No."')
    assert '"1","",""' in text


def test_the_csv_opens_with_its_characters_and_both_languages(client: TestClient) -> None:
    client.post("/visits/new?household=2", data=FULL)
    answer = client.get("/visits.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][0] == "编号 No."
    assert rows[1][3] == "H0002"
    assert "跌倒或受伤" in rows[1]
    assert len(rows) == 2


HOSTILE = [
    *("=HYPERLINK(1)", "+1+1", "-2", "@SUM(A1)", " =1", "\t=1"),
    *("＝HYPERLINK(1)", "＋1", "－2", "＠SUM(A1)", "﹢1", "\u3000＝1"),
]


@pytest.mark.parametrize("note", HOSTILE)
def test_a_note_cannot_become_a_formula(client: TestClient, here: Town, note: str) -> None:
    visit = Visit(2, "user:1", "operator", Mode.HOME, Outcome.SAFE, Seen.WELL, NOW, note=note)
    respond.report(here.store, visit, NOW)
    rows = list(csv.reader(io.StringIO(client.get("/visits.csv").content.decode("utf-8-sig"))))
    assert rows[1][16] == f"'{note}"
    book = openpyxl.load_workbook(io.BytesIO(client.get("/visits.xlsx").content))
    cell = book.worksheets[0].cell(2, 17)
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'")


@pytest.mark.parametrize("cell", ["=1", "＝1", "＋1", "－1", "＠A", "﹢1"])
def test_the_import_refuses_what_the_export_would_guard(cell: str) -> None:
    with pytest.raises(Unfit, match="formula"):
        check_text(cell, 100, formulas=False)


def test_signs_that_no_spreadsheet_takes_do_not_stop_the_export(
    client: TestClient, here: Town
) -> None:
    visit = Visit(2, "user:1", "operator", Mode.HOME, Outcome.SAFE, Seen.WELL, NOW, note="a\x0bb")
    respond.report(here.store, visit, NOW)
    book = openpyxl.load_workbook(io.BytesIO(client.get("/visits.xlsx").content))
    assert book.worksheets[0].cell(2, 17).value == "ab"


def test_the_spreadsheet_says_who_took_it(client: TestClient) -> None:
    client.post("/visits/new?household=2", data=FULL)
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/visits.xlsx").content)).worksheets[0]
    foot = sheet.oddFooter
    assert foot is not None
    assert foot.center is not None
    assert "林晓" in str(foot.center.text)
    assert sheet.cell(1, 1).value == "编号 No."
    assert sheet.max_row == 2


def test_taking_the_ledger_away_is_itself_written_down(client: TestClient, here: Town) -> None:
    client.get("/visits.csv")
    with here.store.transaction() as tx:
        assert tx.accounts.audited("export", "visits.csv", NOW - MINUTE) == 1


def test_an_export_holds_every_line_that_is_sought_and_no_other(
    client: TestClient, here: Town
) -> None:
    for day, mode in enumerate((Mode.HOME, Mode.PHONE, Mode.HOME, Mode.HOME)):
        at = NOW + timedelta(days=day)
        visit = Visit(2, "user:1", "operator", mode, Outcome.SAFE, Seen.WELL, at)
        respond.report(here.store, visit, at)
    text = client.get("/visits.csv?mode=home&since=2026-11-22&until=2026-11-23").text
    assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == ["3"]
    with here.store.view() as view:
        found = [row.id for row in visits.every(view, visits.Sought(mode="home"), chunk=1)]
    assert found == [4, 3, 1]
