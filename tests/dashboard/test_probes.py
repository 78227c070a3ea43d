"""What machines ask: probes, figures, JSON."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from meterwatch.dashboard import make
from meterwatch.store import Store
from tests.dashboard.town import LABELS, NAMES, SHANGHAI, Town


def test_the_probes_answer_without_a_login(stranger: TestClient) -> None:
    assert stranger.get("/livez").text == "ok"
    assert stranger.get("/readyz").json() == {"database": "ok"}


def test_a_database_that_does_not_answer_is_not_ready(tmp_path: Path, here: Town) -> None:
    lost = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = make(lost, here.clock, here.clock.now, SHANGHAI)
    assert TestClient(app).get("/readyz").status_code == 503
    assert TestClient(app).get("/livez").status_code == 200


def figures(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_count_what_stands(client: TestClient) -> None:
    found = figures(client.get("/metrics").text)
    assert found["meterwatch_alerts_standing", "urgent"] == 1
    assert found["meterwatch_alerts_standing", "no_data"] == 1
    assert found["meterwatch_alerts_unclaimed",] == 4
    assert found["meterwatch_meters_silent",] == 3
    assert found["meterwatch_refused", "native", "unknown_device"] == 1
    assert found["meterwatch_newest_reading_age_seconds",] == 330


def test_the_figures_tell_nothing_of_a_person(client: TestClient) -> None:
    text = client.get("/metrics").text
    assert not any(word in text for word in (*NAMES, *LABELS, "+86", "H0001"))


@pytest.mark.parametrize(
    ("client_host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 303),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, 303),
        ("127.0.0.1", {"Host": "LOCALHOST:8000"}, 200),
        ("127.0.0.1", {"Host": "watch.example.org"}, 303),
        ("127.0.0.1", {"Host": "127.0.0.1.evil.example"}, 303),
    ],
)
def test_the_figures_are_for_this_machine_or_for_people_logged_in(
    app: FastAPI, client_host: str, headers: dict[str, str], status: int
) -> None:
    browser = TestClient(
        app, "http://127.0.0.1:8000", client=(client_host, 5_000), follow_redirects=False
    )
    assert browser.get("/metrics", headers=headers).status_code == status


def test_alerts_as_json_say_why(client: TestClient, here: Town) -> None:
    found = client.get("/api/v1/alerts?state=standing").json()
    assert [alert["id"] for alert in found] == [here.hub, here.tap, here.silent_home, here.bell]
    assert found[2]["severity"] == "important"
    assert found[2]["why"].startswith("已 13 小时 54 分钟未用水")
    one = client.get(f"/api/v1/alerts/{here.bell}").json()
    assert [line["what"] for line in one["lines"]] == ["opened", "step"]


def test_hours_as_json_keep_unknown_apart_from_zero(client: TestClient) -> None:
    hours = client.get("/api/v1/households/2/usage?hours=48").json()["hours"]
    litres = [hour["litres"] for hour in hours]
    assert len(litres) == 48
    assert litres.count(None) >= 4
    assert 0.0 in litres
    assert hours[-1]["start"] == "2026-11-21T05:00:00Z"


def test_the_ledger_as_json_has_no_note(client: TestClient) -> None:
    client.post("/visits/new?household=1", data={"quick": "home", "note": "私事"})
    found = client.get("/api/v1/visits").json()
    assert found[0]["outcome"] == "safe"
    assert found[0]["alerts"] == [1]
    assert "私事" not in str(found)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/alerts/999", 404),
        ("/api/v1/households/999/usage", 404),
        ("/api/v1/alerts?limit=0", 422),
        ("/api/v1/alerts?before=x", 422),
        ("/api/v1/households/1/usage?hours=99999", 422),
    ],
)
def test_what_is_asked_wrongly_is_answered_as_json(
    client: TestClient, path: str, status: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert "detail" in answer.json()


def test_the_description_of_the_json_is_there_and_its_page_is_not(client: TestClient) -> None:
    assert "/api/v1/alerts" in client.get("/api/openapi.json").json()["paths"]
    assert client.get("/docs").status_code == 404
