"""Logins: the first account, passwords, the lock, and how long a session lasts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import BoundedSemaphore

import pytest
from fastapi.testclient import TestClient

from meterwatch.clock import HandClock
from meterwatch.dashboard import sessions
from meterwatch.dashboard.security import cookie_name
from tests.dashboard import town
from tests.dashboard.conftest import Browse
from tests.dashboard.town import NOW, Town

PASSWORD = "春眠不觉晓处处闻啼鸟"
COOKIE = cookie_name(secure=False)


@pytest.fixture
def known(here: Town) -> Town:
    """Give the operator a password."""
    with here.store.transaction() as tx:
        tx.accounts.set_password(here.operator, sessions.hash_password(PASSWORD))
    return here


def log_in(browser: TestClient, password: str = PASSWORD, name: str = "林晓", **more: str) -> int:
    return browser.post("/login", data={"name": name, "password": password, **more}).status_code


def guess(town: Town, password: str) -> str:
    """Try a password at the very moment of the others; a full house is asked again."""
    while True:
        try:
            user = sessions.log_in(town.store, "林晓", password, NOW)
        except sessions.Locked:
            return "locked"
        except sessions.Busy:
            continue
        return "opened" if user else "checked"


def test_the_right_password_opens_and_leads_on(known: Town, stranger: TestClient) -> None:
    form = {"name": "林晓", "password": PASSWORD, "next": "/alerts?state=open"}
    answer = stranger.post("/login", data=form)
    assert answer.headers["location"] == "/alerts?state=open"
    assert stranger.get("/").status_code == 200
    assert stranger.get("/login").headers["location"] == "/"


def test_a_wrong_password_and_a_wrong_name_are_answered_alike(
    known: Town, stranger: TestClient
) -> None:
    wrong = stranger.post("/login", data={"name": "林晓", "password": "x" * 12})
    nobody = stranger.post("/login", data={"name": "谁", "password": "x" * 12})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text == nobody.text


def test_five_failures_lock_the_name_for_a_quarter_of_an_hour(
    known: Town, stranger: TestClient, machine: HandClock
) -> None:
    assert [log_in(stranger, "wrong password") for _ in range(5)] == [401] * 5
    assert log_in(stranger) == 429
    machine.advance(sessions.LOCKED_FOR)
    assert log_in(stranger) == 303


def test_a_name_that_does_not_exist_locks_as_well(stranger: TestClient) -> None:
    assert [log_in(stranger, "wrong", "谁") for _ in range(6)] == [401] * 5 + [429]


def test_guesses_at_the_same_moment_are_counted_before_they_are_checked(
    known: Town,
) -> None:
    with ThreadPoolExecutor(8) as pool:
        tried = [pool.submit(guess, known, "wrong password") for _ in range(8)]
    answers = [one.result() for one in tried]
    assert answers.count("checked") == sessions.FAILURES
    assert answers.count("locked") == 8 - sessions.FAILURES


def test_a_new_password_from_the_administrator_frees_a_locked_name(
    known: Town, stranger: TestClient, machine: HandClock
) -> None:
    assert [log_in(stranger, "wrong password") for _ in range(6)] == [401] * 5 + [429]
    machine.advance(timedelta(seconds=1))
    with known.store.transaction() as tx:
        tx.accounts.audit("command", "password_set", f"user:{known.operator}", machine.now())
    machine.advance(timedelta(seconds=1))
    assert [log_in(stranger, "wrong password") for _ in range(4)] == [401] * 4
    assert log_in(stranger) == 303


@pytest.mark.parametrize("places", [sessions.HASHING, sessions.WAITING])
def test_a_flood_of_logins_is_told_to_try_again_and_counts_as_no_failure(
    known: Town, stranger: TestClient, places: BoundedSemaphore
) -> None:
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    try:
        form = {"name": "林晓", "password": "wrong password"}
        answers = [stranger.post("/login", data=form) for _ in range(2)]
        english = stranger.post("/login?lang=en", data=form)
    finally:
        places.release(taken)
    assert [answer.status_code for answer in answers] == [503] * 2
    assert "请稍后再试" in answers[0].text
    assert "Try again." in english.text
    assert [log_in(stranger, "wrong password") for _ in range(4)] == [401] * 4
    assert log_in(stranger) == 303


def test_a_link_that_is_not_good_costs_no_check_of_a_password(
    here: Town, stranger: TestClient
) -> None:
    taken = 0
    while sessions.HASHING.acquire(blocking=False):
        taken += 1
    try:
        form = {"token": "x", "name": "王", "password": PASSWORD, "again": PASSWORD}
        assert stranger.post("/login/first", data=form).status_code == 410
    finally:
        sessions.HASHING.release(taken)


def test_a_success_forgives_earlier_failures(
    known: Town, stranger: TestClient, machine: HandClock
) -> None:
    for _ in range(4):
        log_in(stranger, "wrong password")
    machine.advance(timedelta(seconds=1))
    assert log_in(stranger) == 303
    machine.advance(timedelta(seconds=1))
    assert [log_in(stranger, "wrong password") for _ in range(2)] == [401, 401]


def test_the_lock_counts_machine_time_and_not_the_clock_of_decisions(
    known: Town, stranger: TestClient
) -> None:
    for _ in range(5):
        log_in(stranger, "wrong password")
    known.clock.advance(timedelta(days=1))
    assert log_in(stranger) == 429


def test_a_session_ends_after_half_an_hour_without_use(
    client: TestClient, machine: HandClock
) -> None:
    machine.advance(timedelta(minutes=29))
    assert client.get("/").status_code == 200
    machine.advance(timedelta(minutes=29))
    assert client.get("/").status_code == 200
    machine.advance(timedelta(minutes=31))
    assert client.get("/").status_code == 303


def test_a_session_ends_after_twelve_hours_whatever_happens(
    client: TestClient, machine: HandClock
) -> None:
    for _ in range(12 * 60 // 20 - 1):
        machine.advance(timedelta(minutes=20))
        assert client.get("/livez").status_code == 200
        assert client.get("/").status_code == 200
    machine.advance(timedelta(minutes=20))
    assert client.get("/").status_code == 303


def test_logging_out_ends_the_session_on_the_server(client: TestClient) -> None:
    token = client.cookies[COOKIE]
    answer = client.post("/logout")
    assert answer.headers["location"] == "/login"
    client.cookies.set(COOKIE, token)
    assert client.get("/").status_code == 303


def test_an_account_that_was_closed_is_out_at_once(client: TestClient, here: Town) -> None:
    with here.store.transaction() as tx:
        tx.accounts.disable(here.operator, NOW)
    assert client.get("/").status_code == 303


@pytest.mark.parametrize("token", ["", "x", "A" * 4_000, "\u9648"])
def test_an_invented_token_opens_nothing(stranger: TestClient, token: str) -> None:
    stranger.headers["Cookie"] = f"{COOKIE}={token.encode('ascii', 'ignore').decode()}"
    assert stranger.get("/").status_code == 303


def test_the_store_keeps_no_token_and_no_password(known: Town, stranger: TestClient) -> None:
    log_in(stranger)
    token = stranger.cookies[COOKIE]
    with known.store.view() as view:
        kept = str(view.people.exec_driver_sql("SELECT * FROM sessions").all())
        kept += str(view.people.exec_driver_sql("SELECT * FROM users").all())
    assert token not in kept
    assert PASSWORD not in kept
    assert sessions.hashed(token) in kept


def test_the_first_account_is_made_by_a_link_that_works_once(
    here: Town, browse: Browse, machine: HandClock
) -> None:
    with here.store.transaction() as tx:
        tx.accounts.disable(here.operator, NOW)
    token = sessions.first_link(here.store, NOW)
    assert token is not None
    browser = browse()
    assert 'name="again"' in browser.get(f"/login/first?token={token}").text
    form = {"token": token, "name": "王站长", "password": PASSWORD, "again": PASSWORD}
    assert browser.post("/login/first", data=form).headers["location"] == "/"
    assert "王站长" in browser.get("/").text
    again = browse().post("/login/first", data={**form, "name": "别人"})
    assert again.status_code == 410
    assert "链接已使用或已过期" in again.text
    assert sessions.first_link(here.store, NOW) is None


def test_a_link_that_is_a_day_old_opens_nothing(
    here: Town, stranger: TestClient, machine: HandClock
) -> None:
    with here.store.transaction() as tx:
        tx.accounts.disable(here.operator, NOW)
    token = sessions.first_link(here.store, NOW)
    machine.advance(sessions.LINK_LASTS)
    assert stranger.get(f"/login/first?token={token}").status_code == 410


def test_a_name_that_is_taken_is_said_and_the_link_stays_good(
    here: Town, stranger: TestClient
) -> None:
    with here.store.transaction() as tx:
        tx.accounts.disable(here.operator, NOW)
    token = sessions.first_link(here.store, NOW) or ""
    form = {"token": token, "name": "林晓", "password": PASSWORD, "again": PASSWORD}
    answer = stranger.post("/login/first", data=form)
    assert answer.status_code == 422
    assert "已有同名账户" in answer.text
    assert sessions.link_is_good(here.store, token, NOW)


def test_an_account_that_is_made_ends_the_links_that_nobody_used(here: Town) -> None:
    with here.store.transaction() as tx:
        tx.accounts.disable(here.operator, NOW)
    token = sessions.first_link(here.store, NOW) or ""
    with here.store.transaction() as tx:
        tx.accounts.add_user("王站长", "no password fits", "zh", NOW)
    assert not sessions.link_is_good(here.store, token, NOW)


@pytest.mark.parametrize(
    ("name", "password", "again", "said"),
    [
        ("", PASSWORD, PASSWORD, "请填写用户名"),
        ("王", "short", "short", "至少 10 个字符"),
        ("王", PASSWORD, PASSWORD + "x", "不一致"),
        ("longenough1", "LongEnough1", "LongEnough1", "不能与用户名相同"),
    ],
)
def test_an_account_that_is_not_good_enough_is_refused_and_the_link_stays_good(
    here: Town, stranger: TestClient, name: str, password: str, again: str, said: str
) -> None:
    with here.store.transaction() as tx:
        tx.accounts.disable(here.operator, NOW)
    token = sessions.first_link(here.store, NOW) or ""
    form = {"token": token, "name": name, "password": password, "again": again}
    answer = stranger.post("/login/first", data=form)
    assert answer.status_code == 422
    assert said in answer.text
    assert sessions.link_is_good(here.store, token, NOW)


def test_a_new_house_asks_for_its_first_account(tmp_path: object) -> None:
    store = town.found(f"sqlite:///{tmp_path}/meterwatch.db")
    first = sessions.first_link(store, NOW)
    second = sessions.first_link(store, NOW)
    assert first is not None
    assert second is not None
    assert not sessions.link_is_good(store, first, NOW)
    assert sessions.link_is_good(store, second, NOW)
    store.close()
