"""What the console says of too little water, and of restless nights."""

from datetime import timedelta

import numpy as np
import pytest
from starlette.testclient import TestClient

from meterwatch.dashboard.tongue import tongues
from meterwatch.dashboard.use_words import floors_told
from meterwatch.domain.usage import WEEKDAYS, UsageProfile
from tests.dashboard.town import NOW, SHANGHAI, Town, worry

HOUR = timedelta(hours=1)
LITTLE: dict[str, float | int | str] = {
    "litres": 41.0,
    "usual_litres": 212.4,
    "share": 0.19,
    "unknown_hours": 0.0,
}


def page_of(client: TestClient, language: str = "zh_Hans_CN") -> str:
    client.cookies.set("language", language)
    return client.get("/").text


def test_little_water_is_said_beside_what_is_usual(client: TestClient, here: Town) -> None:
    worry(here.store, "low_use", 6, NOW - HOUR, LITTLE)
    assert "最近三天用水 41 升,平时约 212 升" in page_of(client)
    english = page_of(client, "en")
    assert "41 L in the last three days, where about 212 L are usual" in english
    assert "taps are used" not in english


def test_taps_that_stand_still_are_said_where_the_litres_do_not_show_it(
    client: TestClient, here: Town
) -> None:
    evidence = {**LITTLE, "litres": 180.0, "share": 0.31, "unknown_hours": 7.4}
    worry(here.store, "low_use", 6, NOW - HOUR, evidence)
    english = page_of(client, "en")
    assert "taps are used at about 31 % of what is usual" in english
    assert "7 h of it are unknown and count as usual" in english


def test_restless_nights_are_a_quiet_concern_for_the_next_visit(
    client: TestClient, here: Town
) -> None:
    number = worry(here.store, "odd_hours", 6, NOW - HOUR, {"odd_nights": 3.0})
    page = page_of(client)
    assert "夜里反常用水" in page
    assert "连续 3 夜" in page
    client.cookies.set("language", "en")
    alert = client.get(f"/alerts/{number}").text
    assert "This concern waits for the next visit" in alert
    assert "nobody was sent a message" in alert
    assert "Report visit" in alert


@pytest.mark.parametrize("figure", [1e308, "many", -5.0])
def test_evidence_that_makes_no_sense_breaks_no_page(
    client: TestClient, here: Town, figure: float | str
) -> None:
    worry(here.store, "low_use", 6, NOW - HOUR, dict.fromkeys(LITTLE, figure))
    worry(here.store, "odd_hours", 6, NOW - HOUR, {"odd_nights": figure})
    assert client.get("/").status_code == 200


def test_the_page_of_a_home_says_what_counts_as_very_little_there() -> None:
    totals = np.array([[212.4, 66.0]])
    floors = np.repeat(totals[:, :, np.newaxis] * 0.4, WEEKDAYS, axis=2)
    alike = UsageProfile((7,), usual_totals=totals, floors=floors)
    english = tongues(SHANGHAI)["en"]
    said = "Three days with less than 85 L, where about 212 L are usual"
    assert floors_told(english, alike) == said
    floors[:, :, 0] *= 0.5
    by_day = floors_told(english, UsageProfile((7,), usual_totals=totals, floors=floors))
    assert "less than 42 to 85 L, by the weekday" in by_day
    assert floors_told(english, UsageProfile.unlearnt((7,))) == ""
