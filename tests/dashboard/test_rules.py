"""Which rules are in force, and where a deployed one comes from, is said in the console."""

from fastapi.testclient import TestClient

from meterwatch.clock import HandClock
from meterwatch.dashboard import Settings, make
from meterwatch.detectors import presets_of
from tests.dashboard.town import SHANGHAI, Town

WATCHED = ("no_use", "low_use", "flat_flow")
TABLES: dict[str, dict[str, object]] = {
    "no_use": {"preset": "shanghai-12h"},
    "flat_flow": {"preset": "longgang-leak"},
}


def console(here: Town, machine: HandClock, tables: dict[str, dict[str, object]]) -> TestClient:
    settings = Settings(watched=WATCHED, presets=presets_of(tables), guest=1)
    made = make(here.store, here.clock, machine.now, SHANGHAI, settings)
    return TestClient(made, base_url="http://127.0.0.1:8000")


def test_the_system_page_says_what_is_learnt_for_each_home(here: Town, machine: HandClock) -> None:
    client = console(here, machine, {})
    client.cookies.set("language", "en")
    page = client.get("/system").text
    assert "A limit learnt for each home" in page
    assert "Floors learnt for each home" in page
    assert "Quiet hours" not in page
    assert "source:" not in page


def test_a_preset_is_named_with_who_runs_it_and_where_it_was_found(
    here: Town, machine: HandClock
) -> None:
    client = console(here, machine, TABLES)
    page = client.get("/system").text
    assert "12 小时用水不到 10 升" in page
    assert "shanghai-12h" in page
    assert "上海长宁江苏路" in page
    assert "中国网 2020-12-12" in page
    client.cookies.set("language", "en")
    assert "water in every interval of 24 h" in client.get("/system").text


def test_the_page_of_a_home_says_that_a_preset_is_in_force(here: Town, machine: HandClock) -> None:
    client = console(here, machine, TABLES)
    client.cookies.set("language", "en")
    page = client.get("/households/1").text
    assert "less than 10 L in 12 h" in page
    assert "A preset is in force" in page
    learnt = console(here, machine, {})
    learnt.cookies.set("language", "en")
    assert "A preset is in force" not in learnt.get("/households/1").text
