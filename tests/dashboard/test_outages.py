"""Announced outages on the console, and the page of an alert about a building."""

from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from meterwatch.dashboard.moments import moment_of
from meterwatch.domain.signal import AREA_QUIET, NO_USE, SubjectKind
from meterwatch.store.tables import groups, house, people
from tests.dashboard.town import HOUR, NOW, SHANGHAI, Town, worry
from tests.pipeline.acting import rows_of

EVIDENCE: dict[str, float | int | str] = {
    "group": "building",
    "name": "3",
    "window_hours": 2,
    "homes": 40,
    "used": 1,
    "expected": 23.4,
    "chance": 2e-12,
    "quiet": "1,2,3",
    "before": "2",
}


def field(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def form(since: datetime = NOW, until: datetime = NOW + 4 * HOUR) -> dict[str, str]:
    return {
        "group": "area:5:",
        "what": "repair",
        "since": field(since),
        "until": field(until),
    }


def test_an_outage_is_announced_listed_and_ended_early(here: Town, client: TestClient) -> None:
    answer = client.post("/outages", data=form(), follow_redirects=False)
    assert answer.headers["location"] == "/outages?said=outage"
    (row,) = rows_of(here.store, groups.outages)
    assert (row["kind"], row["area_id"], row["what"]) == ("area", 5, "repair")
    assert row["until"] == moment_of(field(NOW + 4 * HOUR), SHANGHAI)
    page = client.get("/outages").text
    assert "管道抢修" in page
    assert f'action="/outages/{row["id"]}/end"' in page
    client.post(f"/outages/{row['id']}/end")
    (row,) = rows_of(here.store, groups.outages)
    assert row["ended_at"] == NOW
    assert "/end" not in client.get("/outages").text
    acts = [line["act"] for line in rows_of(here.store, house.audit)]
    assert acts.count("outage") == acts.count("outage_ended") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"group": "area:999:"},
        {"group": ""},
        {"until": "soon"},
        {"until": field(NOW - HOUR)},
        {"since": field(NOW + 5 * HOUR)},
        {"until": field(NOW + 25 * HOUR)},
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_mend(
    here: Town, client: TestClient, wrong: dict[str, str]
) -> None:
    answer = client.post("/outages", data=form() | wrong)
    assert answer.status_code == 422
    assert 'id="complaint"' in answer.text
    assert rows_of(here.store, groups.outages) == []


def test_ending_one_that_is_not_there_changes_nothing(client: TestClient) -> None:
    assert client.post("/outages/77/end", follow_redirects=False).status_code == 303


def test_buildings_zones_and_gateways_can_be_chosen(here: Town, client: TestClient) -> None:
    with here.store.transaction() as tx:
        edit = people.households.update().where(people.households.c.id == 3)
        tx.connection.execute(edit.values(building="7号楼", zone="高区"))
    page = client.get("/outages").text
    assert "楼栋 7号楼" in page
    assert "供水分区 高区" in page
    assert "网关 north" in page
    data = form() | {"group": "building:5:7号楼"}
    client.post("/outages", data=data)
    (row,) = rows_of(here.store, groups.outages)
    assert (row["kind"], row["area_id"], row["name"]) == ("building", 5, "7号楼")


def test_an_alert_of_a_home_shows_the_outage_around_it(here: Town, client: TestClient) -> None:
    number = worry(here.store, NO_USE, 4, NOW - 6 * HOUR, {}, opened=NOW)
    assert "已登记停水" not in client.get(f"/alerts/{number}").text
    client.post("/outages", data=form(since=NOW - 5 * HOUR))
    assert "已登记停水" in client.get(f"/alerts/{number}").text
    assert "已登记停水" not in client.get(f"/alerts/{here.silent_home}").text


def test_an_alert_about_a_building_says_why_and_names_its_homes(
    here: Town, client: TestClient
) -> None:
    kind = f"{AREA_QUIET}:building:3"
    number = worry(here.store, kind, 3, NOW - 2 * HOUR, EVIDENCE, subject=SubjectKind.AREA)
    page = client.get(f"/alerts/{number}?lang=en").text
    assert "Building 3" in page
    assert "1 of 40 homes used water in 2 hours, where about 23 do" in page
    assert "perhaps an outage, or works" in page
    early, _, others = page.partition("Silent before the others")[2].partition("</p>")
    assert "H0002" in early
    assert "H0001" not in early
    assert "H0001" in others
    assert "H0003" in others
    assert "多户同时没有用水" in client.get("/?lang=zh").text


def test_evidence_that_is_missing_breaks_no_page(here: Town, client: TestClient) -> None:
    number = worry(
        here.store, AREA_QUIET, 3, NOW - timedelta(hours=2), {}, subject=SubjectKind.AREA
    )
    assert client.get(f"/alerts/{number}").status_code == 200
