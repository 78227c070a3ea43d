"""The page of a home: who wants to hear each day, that nobody lives there, how long we wait."""

from fastapi.testclient import TestClient

from meterwatch.domain.household import VACANT
from meterwatch.domain.usage import UsageProfile
from meterwatch.store.tables import people
from tests.dashboard.town import NOW, Town
from tests.pipeline.acting import rows_of


def wanted(here: Town, home: int) -> set[int]:
    rows = rows_of(here.store, people.digests)
    return {row["contact_id"] for row in rows if row["household_id"] == home}


def test_who_wants_a_word_each_day_is_ticked_and_unticked(here: Town, client: TestClient) -> None:
    page = client.get("/households/1").text
    assert "每日报平安" in page
    assert "checked" not in page
    boxes = [part.split('"')[0] for part in page.split('name="contact" value="')[1:]]
    first, second = int(boxes[0]), int(boxes[1])
    client.post("/households/1/daily", data={"contact": [first, second]})
    assert wanted(here, 1) == {first, second}
    assert client.get("/households/1").text.count(" checked") == 2
    client.post("/households/1/daily", data={"contact": [second]})
    assert wanted(here, 1) == {second}
    client.post("/households/1/daily")
    assert wanted(here, 1) == set()


def test_nobody_from_elsewhere_is_put_on_the_list(here: Town, client: TestClient) -> None:
    answer = client.post("/households/1/daily", data={"contact": [99_999]})
    assert answer.status_code == 303
    assert wanted(here, 1) == set()
    assert client.post("/households/99999/daily").status_code == 404


def test_a_home_without_people_is_taken_for_empty_and_listed_so(
    here: Town, client: TestClient
) -> None:
    assert "按空置处理 <b" not in client.get("/households").text
    client.post("/households/3/absences", data={"reason": VACANT, "until": ""})
    (row,) = [row for row in rows_of(here.store, people.absences) if row["reason"] == VACANT]
    assert (row["household_id"], (row["until"] - NOW).days) == (3, 366)
    assert "起按空置处理" in client.get("/households/3").text
    listed = client.get("/households?state=vacant").text
    assert 'href="/households/3"' in listed
    assert 'href="/households/1"' not in listed


def test_the_page_says_how_long_the_home_is_waited_for(here: Town, client: TestClient) -> None:
    profile = UsageProfile.unlearnt((1,))
    profile.limits_hours[:] = 9.0
    profile.days[:] = 43.0
    profile.alarms_per_year[:] = 5.0
    here.store.telemetry.put_profiles(profile, int(NOW.timestamp()))
    page = client.get("/households/1?lang=en").text
    assert "after a morning use we wait 9 hours" in page
    assert "From 43 days of its own." in page
    assert "about 5 false alarms a year" in page
    assert page.count('<td class="end num">9 h</td>') == 96
