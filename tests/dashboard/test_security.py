"""The door: who comes in, what counts as ours, what a browser is held to."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from markupsafe import escape
from sqlalchemy import update
from starlette.datastructures import Headers

from meterwatch.dashboard import Settings, demo, make
from meterwatch.dashboard.security import LARGEST_BODY, needs_session, same_origin
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline import respond
from meterwatch.store.tables import people as p
from tests.dashboard.conftest import Browse
from tests.dashboard.town import NOW, SHANGHAI, Town

XSS = '"><script>alert(1)</script>{{ 7*7 }}'


class NoStage:
    """A stage on which nothing happens."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def every_route(app: FastAPI) -> list[tuple[str, str]]:
    """Name every method and path of the application, with numbers filled in."""
    found = []
    for context in iter_route_contexts(app.routes):
        path = re.sub(r"\{[^}]+\}", "1", context.path or "")
        found += [(method, path) for method in sorted(context.methods or ()) if method != "HEAD"]
    return found


def test_every_route_but_the_open_ones_needs_a_session(here: Town) -> None:
    stage = demo.router(NoStage())
    app = make(here.store, here.clock, here.clock.now, SHANGHAI, demo=stage)
    browser = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    walked = [(method, path) for method, path in every_route(app) if needs_session(path)]
    assert len(walked) > 25
    assert ("GET", "/live") in walked
    assert ("POST", "/demo/act/1") in walked
    for method, path in walked:
        answer = browser.request(method, path)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/login?next="), path
        else:
            assert answer.status_code == 401, (method, path)


def test_only_these_paths_are_open(app: FastAPI) -> None:
    opened = {path for _, path in every_route(app) if not needs_session(path)}
    assert opened == {"/login", "/login/first", "/livez", "/readyz", "/hooks/1/1"}


def test_a_stranger_is_sent_to_the_login_and_then_on(stranger: TestClient) -> None:
    answer = stranger.get("/alerts?state=open")
    assert answer.headers["location"] == "/login?next=%2Falerts%3Fstate%3Dopen"


def test_a_script_of_a_page_whose_login_ended_is_sent_to_the_login(stranger: TestClient) -> None:
    answer = stranger.get("/queue", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://127.0.0.1:8000"}, True),
        ({"origin": "http://127.0.0.1:8001"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"}, False),
        ({}, False),
    ],
)
def test_a_change_is_taken_only_from_our_own_pages(headers: dict[str, str], ours: bool) -> None:
    assert same_origin(Headers({"host": "127.0.0.1:8000", **headers})) is ours


def test_a_form_of_another_site_changes_nothing(client: TestClient, here: Town) -> None:
    for site in ("cross-site", "same-site", "none"):
        answer = client.post(f"/alerts/{here.bell}/acknowledge", headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403
    with here.store.transaction() as tx:
        alert = tx.alerts.get(here.bell)
    assert alert is not None
    assert alert.owner == ""


def test_every_answer_holds_browsers_to_our_own_scripts(
    client: TestClient, stranger: TestClient
) -> None:
    answers = [
        client.get("/"),
        client.get("/no"),
        client.post("/alerts/1/x", headers={"Sec-Fetch-Site": "none"}),
        stranger.get("/"),
        stranger.get("/login"),
        stranger.get("/static/console.css"),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert client.get("/").headers["cache-control"] == "no-store"


def test_no_page_carries_a_script_or_a_handler_of_its_own(client: TestClient) -> None:
    for path in ("/", "/alerts/1", "/households/1", "/visits/new?household=1", "/system", "/login"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert not re.search(r"\son[a-z]+=", page)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


def test_what_people_typed_is_shown_as_they_typed_it_and_never_run(
    client: TestClient, here: Town
) -> None:
    with here.store.transaction() as tx:
        for table, column in (
            (p.households, "label"),
            (p.households, "note"),
            (p.residents, "name"),
            (p.contacts, "name"),
            (p.areas, "name"),
            (p.devices, "hub"),
        ):
            where = table.c.id == (3 if table is p.areas else 1)
            tx.connection.execute(update(table).where(where).values({column: XSS}))
    note = Visit(1, "user:1", "operator", Mode.HOME, Outcome.SAFE, Seen.WELL, NOW, note=XSS)
    respond.report(here.store, note, NOW)
    pages = ["/", "/alerts", "/alerts/1", "/households", "/households/1", "/visits", "/system"]
    for path in [*pages, "/visits/new?household=1", f"/households?q={XSS}", f"/alerts?q={XSS}"]:
        page = client.get(path).text
        assert "<script>alert" not in page, path
    assert str(escape(XSS)) in client.get("/households/1").text


def test_a_body_that_is_too_large_is_refused_unread(client: TestClient) -> None:
    answer = client.post("/login", content=b"x" * (LARGEST_BODY + 1))
    assert answer.status_code == 413


def test_a_body_of_unknown_length_is_refused(client: TestClient) -> None:
    answer = client.post("/login", content=iter([b"name=a"]))
    assert answer.status_code == 411


def test_https_binds_the_cookie_to_this_host(here: Town) -> None:
    app = make(here.store, here.clock, here.clock.now, SHANGHAI, Settings(secure=True))
    browser = TestClient(app, base_url="https://watch.example.org", follow_redirects=False)
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    with here.store.transaction() as tx:
        tx.accounts.set_password(here.operator, _hash("a good password"))
    form = {"name": "林晓", "password": "a good password"}
    answer = browser.post("/login", data=form)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-meterwatch=")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_demonstration_needs_no_login_but_only_on_this_machine(here: Town) -> None:
    settings = Settings(guest=here.operator)
    app = make(here.store, here.clock, here.clock.now, SHANGHAI, settings)
    at_home = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    assert at_home.get("/").status_code == 200
    rebound = TestClient(app, base_url="http://evil.example", follow_redirects=False)
    assert rebound.get("/").status_code == 421


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1@evil.example", "127.0.0.1.evil.example", "[::1]evil", "evil/?127.0.0.1", "x@[::1]"],
)
def test_a_demonstration_reads_the_name_as_it_was_written(here: Town, host: str) -> None:
    settings = Settings(guest=here.operator)
    app = make(here.store, here.clock, here.clock.now, SHANGHAI, settings)
    browser = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    assert browser.get("/", headers={"Host": host}).status_code == 421
    assert browser.get("/", headers={"Host": "[::1]:8000"}).status_code == 200


@pytest.mark.parametrize("host", ["a/login?", "a/static/", "a/hooks/?x=", "a/metrics#", "["])
def test_no_name_of_this_machine_moves_a_request_past_the_door(
    stranger: TestClient, host: str
) -> None:
    named = {"Host": host}
    page = stranger.get("/households/1?x=1", headers=named)
    assert page.headers["location"] == "/login?next=%2Fhouseholds%2F1%3Fx%3D1"
    assert page.headers["cache-control"] == "no-store"
    assert stranger.get("/api/v1/alerts", headers=named).status_code == 401
    foreign = {**named, "Sec-Fetch-Site": "cross-site"}
    assert stranger.post("/alerts/1/acknowledge", headers=foreign).status_code == 403


def test_the_demonstration_has_no_doors_in_a_real_house(client: TestClient) -> None:
    assert client.get("/demo/phone").status_code == 404
    assert client.post("/demo/act/press").status_code == 404


def test_a_browser_of_many_languages_is_served(browse: Browse) -> None:
    browser = browse()
    browser.cookies.set("language", "tlh")
    assert '<html lang="zh-CN"' in browser.get("/login").text


def _hash(password: str) -> str:
    from meterwatch.dashboard.sessions import hash_password

    return hash_password(password)
