"""Water that runs, as the console tells it: by its size, since when, and what it came to."""

import pytest
from fastapi.testclient import TestClient

from meterwatch.store.tables import people
from tests.dashboard.town import HOUR, NOW, Town, worry

Evidence = dict[str, float | int | str]


def flow(severity: float, litres: float, hours: float, night: float = 0.0) -> Evidence:
    return {
        "severity": severity,
        "litres_per_hour": litres,
        "run_hours": hours,
        "night_litres_per_hour": night,
        "lost_litres": (litres - night) * hours,
    }


@pytest.mark.parametrize(
    ("kind", "evidence", "chinese", "english"),
    [
        ("flat_flow", flow(2.0, 240.0, 3.0), "水龙头可能没关", "Tap possibly left on"),
        ("flat_flow", flow(3.0, 1_200.0, 1.0), "可能爆管", "Pipe possibly burst"),
        ("slow_leak", flow(1.0, 12.0, 24.0), "慢漏", "Slow leak"),
        ("flat_flow", {}, "持续流水", "Water runs without a pause"),
    ],
)
def test_a_flow_is_named_by_its_size(
    client: TestClient, here: Town, kind: str, evidence: Evidence, chinese: str, english: str
) -> None:
    number = worry(here.store, kind, 6, NOW - HOUR, evidence)
    for path in (f"/alerts/{number}", "/", "/alerts"):
        assert chinese in client.get(path).text
    client.cookies.set("language", "en")
    assert f"<h1>{english} " in client.get(f"/alerts/{number}").text


def test_a_flow_says_how_much_it_has_come_to(client: TestClient, here: Town) -> None:
    number = worry(here.store, "flat_flow", 6, NOW - 3 * HOUR, flow(2.0, 240.0, 3.0), opened=NOW)
    page = client.get(f"/alerts/{number}").text
    assert "水持续流了 3 小时,从未停过,每小时不少于 240 升" in page
    assert "至今至少 720 升" in page


def test_what_stands_anyway_is_said_and_not_counted_as_lost(client: TestClient, here: Town) -> None:
    evidence = flow(1.0, 22.0, 24.0, night=12.0)
    number = worry(here.store, "slow_leak", 6, NOW - 24 * HOUR, evidence, opened=NOW)
    page = client.get(f"/alerts/{number}").text
    assert "其中每小时 12 升本来就一直在流" in page
    assert "至今至少 240 升" in page


def test_a_slow_leak_says_that_the_home_is_watched_less_well(
    client: TestClient, here: Town
) -> None:
    number = worry(here.store, "slow_leak", 6, NOW - 24 * HOUR, flow(1.0, 12.0, 24.0), opened=NOW)
    page = client.get(f"/alerts/{number}").text
    assert "对本户的看护减弱" in page
    assert "看到水停了" in page
    assert f"/visits/new?household=6&amp;alert={number}" in page


def test_every_alert_of_a_leaking_home_says_that_protection_is_degraded(
    client: TestClient, here: Town
) -> None:
    number = worry(here.store, "no_use", 5, NOW - HOUR, {})
    assert "每小时约有 4.2 升水持续流出" in client.get(f"/alerts/{number}").text
    assert "持续流出" not in client.get(f"/alerts/{here.silent_home}").text


def test_a_burst_pipe_is_urgent_and_a_slow_leak_is_not(client: TestClient, here: Town) -> None:
    for kind, evidence in (("flat_flow", flow(3.0, 1_200.0, 1.0)), ("slow_leak", flow(1.0, 9, 24))):
        worry(here.store, kind, 6, NOW - HOUR, evidence)
    listed = client.get("/api/v1/alerts").json()
    told = {each["title"]: each["severity"] for each in listed}
    assert told["可能爆管"] == "urgent"
    assert told["慢漏"] == "notice"


def test_what_was_found_at_a_visit_answers_a_slow_leak(client: TestClient, here: Town) -> None:
    number = worry(here.store, "slow_leak", 6, NOW - 24 * HOUR, flow(1.0, 12.0, 24.0))
    client.post(f"/visits/new?household=6&alert={number}", data={"quick": "home"})
    assert client.get(f"/api/v1/alerts/{number}").json()["state"] == "closed"


def test_leaking_homes_can_be_listed_alone(client: TestClient) -> None:
    page = client.get("/households?state=degraded").text
    assert "H0005" in page
    assert "H0001" not in page


def test_a_coarse_meter_says_what_it_does_not_show(client: TestClient, here: Town) -> None:
    assert "才走一格" not in client.get("/households/2").text
    with here.store.transaction() as tx:
        coarse = people.devices.update().where(people.devices.c.household_id == 2)
        tx.connection.execute(coarse.values(resolution_litres=10.0))
    assert "每小时不到 10 升的漏水看不出来" in client.get("/households/2").text
