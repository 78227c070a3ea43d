"""Reports: how often each rule was right, on a page, in a sheet and for programs."""

import csv
import io

import pytest
from fastapi.testclient import TestClient

from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline import respond
from meterwatch.pipeline.respond.absences import vacate_in
from tests.dashboard.town import NOW, Town


@pytest.fixture
def fallen(here: Town) -> Town:
    """The town after somebody went to the home that used no water."""
    visit = Visit(2, "user:1", "", Mode.HOME, Outcome.FALL, Seen.UNWELL, NOW, saw_person_at=NOW)
    respond.report(here.store, visit, NOW)
    return here


def test_each_rule_says_how_often_it_was_right(fallen: Town, client: TestClient) -> None:
    page = client.get("/reports").text
    assert "各规则的准确率" in page
    row = page[page.index("长时间未用水") :].split("</tr>")[0]
    assert "<b>100 %</b>" in row
    assert "27–100 %" in row  # one of one proves little
    assert client.get("/reports?lang=en").text.count("Nobody has said") > 0


def test_a_period_may_be_chosen_and_what_cannot_be_read_is_the_last_90_days(
    fallen: Town, client: TestClient
) -> None:
    assert "这段时间没有预警" in client.get("/reports?since=2020-01-01&until=2020-02-01").text
    for asked in ("since=never", "until=0000", "since=2026-12-01&until=2026-01-01&grade=blue"):
        answer = client.get(f"/reports?{asked}")
        assert answer.status_code == 200


def test_the_sheet_has_the_same_rows(fallen: Town, client: TestClient) -> None:
    answer = client.get("/reports.csv?lang=en")
    assert answer.headers["content-disposition"] == 'attachment; filename="precision.csv"'
    heads, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    by_rule = {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
    assert by_rule["No water used"]["确有其事 True"] == "1"
    assert by_rule["No water used"]["准确率 Precision"] == "1.000"
    assert by_rule["Bell pressed"]["准确率 Precision"] == ""


def test_programs_get_the_same_figures(fallen: Town, client: TestClient) -> None:
    rows = {row["kind"]: row for row in client.get("/api/v1/reports/precision").json()}
    assert rows["no_use"]["found"]["true"] == 1
    assert rows["no_use"]["precision"] == 1.0
    assert rows["bell"]["precision"] is None
    low, high = rows["no_use"]["interval90"]
    assert (round(low, 2), high) == (0.27, 1.0)


def test_empty_homes_are_said_with_a_way_to_look_through_them(
    here: Town, client: TestClient
) -> None:
    assert "按空置处理" not in client.get("/reports").text
    with here.store.transaction() as tx:
        vacate_in(tx, 3, "user:1", NOW)
    page = client.get("/reports").text
    assert "1 户不用水也不预警" in page
    assert 'href="/households?state=vacant"' in page


def test_a_stranger_sees_no_report(stranger: TestClient) -> None:
    for path in ("/reports", "/reports.csv"):
        assert stranger.get(path).status_code == 303
    assert stranger.get("/api/v1/reports/precision").status_code == 401
