"""Whom one can call, and what is said of texts that nobody got, and of what repeats itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from meterwatch.dashboard import Settings, demo, make, sessions, timeline
from meterwatch.dashboard.security import cookie_name
from meterwatch.dashboard.tongue import tongues
from meterwatch.domain.alert import Alert, Condition
from meterwatch.domain.escalation import UPKEEP_POLICY, WATER_POLICY, EscalationPolicy
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import SubjectKind
from meterwatch.notify.console import ConsoleProvider
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people as p
from meterwatch.store.views import system
from meterwatch.store.views.alerts import LineRow
from tests.dashboard.conftest import LIMITS
from tests.dashboard.test_demo import Stage
from tests.dashboard.town import HOUR, MINUTE, NOW, SHANGHAI, Town

ZH = tongues(SHANGHAI)["zh"]
UNTEXTED = "短信未接通:没有人会收到短信"


class NoPhone:
    """An inbox nobody looks into."""

    def put(self, ref: str, to: str, text: str, template: str) -> str:
        return ref

    def find(self, ref: str) -> str | None:
        return None


def untexted(here: Town, *, shown: bool = False) -> TestClient:
    """Open a browser on a house, or on a demonstration, whose texts stay in the house."""
    provider = ConsoleProvider(NoPhone())
    router = demo.router(Stage()) if shown else None
    app = make(
        here.store,
        here.clock,
        here.clock.now,
        SHANGHAI,
        Settings(),
        providers={provider.name: provider},
        demo=router,
    )
    browser = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    token = sessions.begin(here.store, here.operator, NOW, LIMITS)
    browser.cookies.set(cookie_name(secure=False), token)
    return browser


def take(here: Town, provider: str) -> None:
    """Let a provider have delivered every message."""
    with here.store.transaction() as tx:
        tx.connection.execute(t.notifications.update().values(state="delivered", provider=provider))


@pytest.mark.parametrize("path", ["/alerts/1", "/households/1"])
def test_everybody_of_the_circle_can_be_called_with_one_tap(client: TestClient, path: str) -> None:
    page = client.get(path).text
    assert '<a class="tel num" href="tel:+8613800000001">+8613800000001</a>' in page
    assert 'href="tel:+8613900002000"' in page


def test_a_landline_says_that_it_can_only_be_called(client: TestClient, here: Town) -> None:
    assert "只能拨打" not in client.get("/households/1").text
    with here.store.transaction() as tx:
        landline = p.contacts.update().where(p.contacts.c.phone == "+8613800000001")
        tx.connection.execute(landline.values(can_text=False))
    assert "只能拨打" in client.get("/households/1").text


@pytest.mark.parametrize("path", ["/", "/system", "/alerts", "/households", "/visits"])
def test_no_list_shows_a_number(client: TestClient, here: Town, path: str) -> None:
    with here.store.transaction() as tx:
        tx.house.put_in_inbox("R1", "+8613800000001", "一条", "alert", NOW)
    assert "+8613800000001" not in client.get(path).text


def test_a_text_that_stayed_in_the_house_is_not_called_delivered(here: Town) -> None:
    take(here, "console")
    browser = untexted(here)
    for path in ("/alerts/1", "/households/1", "/system"):
        page = browser.get(path).text
        assert "仅保存,未发出" in page
        assert "已送达" not in page
    history = browser.get(f"/alerts/{here.silent_home}").text.split("h-lines")[-1]
    assert "仅保存,未发给:监护人、社区联系人" in history
    assert "已通知" not in history


def test_a_carrier_and_a_demonstration_do_deliver(here: Town, client: TestClient) -> None:
    take(here, "console")
    page = untexted(here, shown=True).get("/alerts/1").text
    assert "已送达" in page
    assert "未发出" not in page
    take(here, "twilio")
    assert "已送达" in client.get("/alerts/1").text


def test_the_queue_says_for_as_long_as_it_is_so_that_nobody_is_texted(
    here: Town, client: TestClient
) -> None:
    assert UNTEXTED in untexted(here).get("/").text
    assert UNTEXTED not in untexted(here, shown=True).get("/").text
    assert UNTEXTED not in client.get("/").text


def test_a_meter_that_never_reported_is_named_and_not_all_is_clear(
    client: TestClient, here: Town
) -> None:
    with here.store.transaction() as tx:
        tx.connection.execute(t.alerts.update().values(state="closed", next_due_at=None))
        tx.connection.execute(p.devices.update().where(p.devices.c.id == 1).values(retired_at=NOW))
    assert "所有水表都在上报" in client.get("/system").text
    with here.store.view() as view:
        assert system.never_heard(view) == ()
        meters = p.devices.select().where(p.devices.c.kind == "meter")
        first = dict(view.people.execute(meters).mappings().first() or {})
    with here.store.transaction() as tx:
        new = first | {"id": 900, "address": "m-900", "retired_at": None, "household_id": 4}
        tx.connection.execute(p.devices.insert().values(new))
    page = client.get("/system").text
    assert "从未上报 1 块" in page
    assert "m-900" in page
    assert "所有水表都在上报" not in page


def test_what_was_said_about_another_home_is_not_shown_here(here: Town, client: TestClient) -> None:
    with here.store.transaction() as tx:
        tx.connection.execute(
            t.replies.insert().values(
                ref="r-1",
                contact_id=13,
                sender="+8613900001003",
                text="1",
                received_at=NOW,
                answer="acknowledge",
                alert_id=here.silent_home,
                result="",
            )
        )
    shown = {
        path: "最近回复" in client.get(path).text
        for path in ("/alerts/1", "/households/1", f"/alerts/{here.silent_home}", "/households/2")
    }
    assert list(shown.values()) == [False, False, True, True]


def test_a_home_without_alerts_has_told_nobody(client: TestClient) -> None:
    assert client.get("/households/6").text.count("尚未通知") == 4


def step(minutes: int, number: int = 1) -> LineRow:
    detail = {"step": number, "roles": ["community"]}
    return LineRow(NOW + minutes * MINUTE, "step", "system", "", detail)


def upkeep(
    policy: EscalationPolicy = UPKEEP_POLICY,
    step: int = 0,
    round: int = 0,  # noqa: A002  # the field's own name
    condition: Condition = Condition.ACTIVE,
) -> Alert:
    home = SubjectKind.HOUSEHOLD
    made = Alert(home, 1, "no_use", Grade.GREEN, NOW, NOW, NOW, policy=policy)
    due = NOW + HOUR
    return replace(made, step=step, round=round, condition=condition, next_due_at=due)


def test_what_the_service_says_again_and_again_is_one_line() -> None:
    seen = timeline.history(ZH, [step(15 * n) for n in range(39)], upkeep())
    assert [len(told.again) for told in seen] == [38]
    assert seen[0].at == NOW
    assert seen[0].again[-1] == NOW + timedelta(minutes=15 * 38)


def test_a_deed_of_a_person_is_never_folded_and_begins_anew() -> None:
    claim = LineRow(NOW, "acknowledged", "user:1", "林晓", {})
    rows = [step(0), step(1), claim, claim, step(2), step(3, 0), step(4), step(5, 0)]
    seen = timeline.history(ZH, rows, upkeep())
    whats = [(told.what, len(told.again)) for told in seen]
    assert whats == [
        ("step", 1),
        ("acknowledged", 0),
        ("acknowledged", 0),
        ("step", 1),
        ("step", 1),
    ]


def test_the_newest_six_messages_stand_open(client: TestClient, here: Town) -> None:
    with here.store.view() as view:
        row = dict(view.people.execute(t.notifications.select()).mappings().first() or {})
    with here.store.transaction() as tx:
        tx.connection.execute(t.notifications.delete())
        for number in range(9):
            made = row | {"id": 100 + number, "ref": f"n-{number}", "round": number, "alert_id": 1}
            tx.connection.execute(t.notifications.insert().values(made))
    page = client.get("/alerts/1").text
    assert "较早的 3 条消息" in page
    assert page.index("h-circle") < page.index("h-messages") < page.index("h-lines")


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        (upkeep(WATER_POLICY, step=0, round=0), "后通知下一批联系人"),
        (upkeep(WATER_POLICY, step=2, round=0), "后从第一批联系人起重新通知"),
        (upkeep(WATER_POLICY, step=2, round=1), "后再次提醒同一批联系人"),
        (upkeep(WATER_POLICY, step=2, round=7), "后再次提醒同一批联系人"),
        (upkeep(WATER_POLICY, step=0, condition=Condition.CLEARED), "后再次提醒同一批联系人"),
        (upkeep(step=0, round=0), "后通知下一批联系人"),
        (upkeep(step=1, round=0), "后再次提醒同一批联系人"),
    ],
)
def test_who_is_told_next_is_said_as_the_policy_has_it(alert: Alert, said: str) -> None:
    assert said in timeline.next_step(ZH, alert, NOW)


def test_beats_are_named_and_consent_has_a_date_without_a_time(client: TestClient) -> None:
    page = client.get("/system").text
    assert "<td>水表</td><td>巡检</td>" in page
    assert "<td>通知与网页</td><td>发送</td>" in page
    assert "paper · 2026-09-22</dd>" in client.get("/households/1").text


def test_what_grows_slowly_says_how_to_see_it(here: Town) -> None:
    browser = untexted(here, shown=True)
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    for what, said in (("press", "acted"), ("fall", "acted_slowly"), ("night", "moved")):
        answer = browser.post(f"/demo/act/{what}")
        assert answer.headers["location"] == f"/?said={said}"
    assert "请点『快进一夜』" in browser.get("/?said=acted_slowly").text
    assert 'data-slow="正在快进' in browser.get("/").text


def test_an_alert_that_stands_for_hours_keeps_a_short_page(client: TestClient, here: Town) -> None:
    with here.store.transaction() as tx:
        for number in range(4):
            line = {"alert_id": here.bell, "what": "signal", "actor": "system"}
            at = NOW + number * MINUTE
            tx.connection.execute(t.alert_lines.insert().values(at=at, detail={}, **line))
    page = client.get(f"/alerts/{here.bell}").text
    assert "同样的记录还有 3 次,最近 13:33" in page
    assert page.count('class="line-signal"') == 1
