"""Every page: it opens, in both languages, and shows what belongs on it."""

import pytest
from fastapi.testclient import TestClient

from meterwatch.dashboard import codes, make, sessions
from meterwatch.dashboard.paper import masked
from meterwatch.dashboard.security import cookie_name
from meterwatch.domain.fact import Refusal
from meterwatch.domain.register import Oddity
from meterwatch.pipeline import respond
from tests.dashboard.conftest import LIMITS
from tests.dashboard.town import HOUR, NOW, SHANGHAI, Town, worry

PAGES = [
    "/",
    "/queue",
    "/alerts",
    "/alerts?state=standing&kind=hub_silent&q=%25",
    "/alerts?state=nonsense&before=3",
    "/alerts/1",
    "/alerts/1/part",
    "/alerts/4",
    "/households",
    "/households?state=unknown&grade=green&q=H0",
    "/households/2",
    "/households/5",
    "/visits",
    "/visits?since=2026-11-01&until=2026-11-30&mode=home&outcome=safe&q=H",
    "/visits?since=never",
    "/visits/new",
    "/visits/new?household=1&alert=1",
    "/reports",
    "/system",
    "/outages",
    "/about/licences",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_opens_in_both_languages(client: TestClient, path: str, language: str) -> None:
    client.cookies.set("language", language)
    answer = client.get(path)
    assert answer.status_code == 200
    if "<html" in answer.text:
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text


def test_the_language_is_kept_when_it_was_chosen(client: TestClient) -> None:
    answer = client.get("/alerts?state=open&lang=en")
    assert "Nobody has it yet" in answer.text
    assert 'href="?state=open&amp;lang=zh"' in answer.text
    assert "language=en" in answer.headers["set-cookie"]


def test_a_language_that_is_not_spoken_changes_nothing(client: TestClient) -> None:
    answer = client.get("/?lang=xx%0d%0aSet-Cookie:a=b")
    assert 'lang="zh-CN"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/alerts/999", "/households/999", "/visits/999/correct", "/no"])
def test_what_is_not_there_is_said_in_words(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "没有这一页" in answer.text


@pytest.mark.parametrize("path", ["/alerts/0", "/alerts/x", "/households/99999999999999999999"])
def test_a_number_that_cannot_be_is_refused_in_words(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert "无法识别" in answer.text


def test_a_search_with_signs_that_no_database_takes_finds_nothing(client: TestClient) -> None:
    for path in ("/alerts", "/households", "/visits"):
        assert client.get(f"{path}?q=%00%07%25_'").status_code == 200


def test_the_alert_page_tells_what_happened_and_who_can_be_called(
    client: TestClient, here: Town
) -> None:
    respond.go(here.store, here.silent_home, "contact:4", NOW)
    page = client.get(f"/alerts/{here.silent_home}").text
    assert "预警产生:长时间未用水" in page
    assert "已通知:监护人、社区联系人" in page
    assert "邻居李 已出发" in page
    order = [page.index(name) for name in ("女儿李", "社区吴", "邻居李</b>", "值班何")]
    assert order == sorted(order)
    assert "+86138****0002" in page
    assert 'href="tel:+8613800000002"' in page
    assert "如无人登记结果,1 小时后重新提醒" in page


def test_the_alert_of_an_area_has_no_chart_and_no_visit(client: TestClient, here: Town) -> None:
    page = client.get(f"/alerts/{here.hub}").text
    assert "data-chart" not in page
    assert "登记探视" not in page


def test_a_closed_alert_offers_nothing_more(client: TestClient, here: Town) -> None:
    client.post("/visits/new?household=1&alert=1", data={"quick": "home"})
    page = client.get(f"/alerts/{here.bell}").text
    assert "林晓 登记了探视:在家平安" in page
    assert "/acknowledge" not in page


def test_an_alert_with_no_evidence_at_all_breaks_no_page(client: TestClient, here: Town) -> None:
    kinds = ("no_use", "low_use", "flat_flow", "meter_silent", "bell_missed", "battery", "odd_one")
    for kind in (*kinds, "button_silent"):
        worry(here.store, kind, 6, NOW - HOUR, {})
    page = client.get("/").text
    assert "已异常长时间未用水" in page or "用水" in page
    assert client.get("/alerts").status_code == 200
    client.cookies.set("language", "en")
    assert "odd_one" in client.get("/").text


@pytest.mark.parametrize("figure", [1e308, -1e308, "many", 0, -5.0])
def test_evidence_that_makes_no_sense_breaks_no_page(
    client: TestClient, here: Town, figure: float | str
) -> None:
    for kind, names in (
        ("no_use", ("last_use_at", "silence_hours", "usual_longest_hours", "as_of")),
        ("flat_flow", ("litres_per_hour", "run_hours")),
        ("battery", ("battery_percent",)),
        ("meter_silent", ("never_heard",)),
    ):
        worry(here.store, kind, 6, NOW - HOUR, dict.fromkeys(names, figure))
    assert client.get("/").status_code == 200


def test_every_home_is_in_one_of_three_states(client: TestClient) -> None:
    page = client.get("/households").text
    rows = {code: page.split(code)[1].split("</tr>")[0] for code in ("H0001", "H0002", "H0003")}
    assert "有用水" in rows["H0001"]
    assert "确认未用水" in rows["H0002"]
    assert "未知" in rows["H0003"]


def test_homes_are_found_by_name_of_who_lives_there(client: TestClient) -> None:
    page = client.get("/households?q=王秀英").text
    assert "湖滨路 8 号 1 单元 103" in page
    assert "梅园路" not in page


def test_homes_can_be_narrowed_to_one_state(client: TestClient) -> None:
    page = client.get("/households?state=not_used").text
    assert "H0002" in page
    assert "H0001" not in page


def test_a_leaking_home_says_that_its_protection_is_degraded(client: TestClient) -> None:
    page = client.get("/households/5").text
    assert "每小时约有 4.2 升水持续流出" in page
    assert "守望效果下降" in page


def test_the_chart_has_its_figures_as_a_table_with_unknown_hours(client: TestClient) -> None:
    page = client.get("/households/2").text
    table = page.split('aria-label="每小时用水"')[1].split("</table>")[0]
    assert table.count("<tr>") == 49
    assert "未知" in table
    assert '<td class="end num">0</td>' in table


def test_an_absence_is_declared_and_ended_on_the_page_of_the_home(
    client: TestClient, here: Town
) -> None:
    form = {"until": "2026-11-24T12:00", "reason": "family"}
    answer = client.post("/households/4/absences", data=form)
    assert answer.headers["location"] == "/households/4?said=absence"
    page = client.get("/households/4").text
    assert "外出至 11-24 12:00" in page
    assert "报备人:林晓" in page
    client.post("/households/4/absences/1/end")
    page = client.get("/households/4").text
    assert "外出至 11-24 12:00" not in page
    assert "以往外出" in page


@pytest.mark.parametrize(
    ("home", "until", "said"),
    [
        (4, "", "请填写晚于现在"),
        (4, "2026-11-20T12:00", "请填写晚于现在"),
        (4, "2029-01-01T00:00", "请填写晚于现在"),
        (4, "0001-01-01T00:00", "请填写晚于现在"),
        (1, "2026-12-24T12:00", "红色等级住户最多 14 天"),
    ],
)
def test_an_absence_that_cannot_be_is_refused_with_the_mend(
    client: TestClient, home: int, until: str, said: str
) -> None:
    answer = client.post(f"/households/{home}/absences", data={"until": until})
    assert answer.status_code == 422
    assert said in answer.text


def test_one_home_is_given_false_alarms_of_its_own_and_its_grades_again(
    client: TestClient, here: Town
) -> None:
    assert "这一户每年可以误报 5 次" in client.get("/households/4").text
    answer = client.post("/households/4/budget", data={"alarms": " 2,5 "})
    assert answer.headers["location"] == "/households/4?said=budget"
    page = client.get("/households/4?said=budget").text
    assert "这一户每年可以误报 2.5 次" in page
    assert "设定人:林晓" in page
    assert "下一夜按它重新学习" in page
    client.post("/households/4/budget", data={"alarms": ""})
    page = client.get("/households/4").text
    assert "这一户每年可以误报 5 次" in page
    assert "和同等级的住户一样" in page


@pytest.mark.parametrize("alarms", ["many", "0", "-3", "51", "nan", "1e400"])
def test_a_number_of_false_alarms_that_cannot_be_meant_is_refused_with_the_mend(
    client: TestClient, here: Town, alarms: str
) -> None:
    answer = client.post("/households/4/budget", data={"alarms": alarms})
    assert answer.status_code == 422
    assert "请填写 0.2 到 50 的数字" in answer.text
    assert "这一户每年可以误报 5 次" in answer.text
    assert client.post("/households/4000/budget", data={"alarms": "3"}).status_code == 404


def test_the_system_page_names_every_refusal_and_its_mend(client: TestClient) -> None:
    page = client.get("/system").text
    assert "设备未登记" in page
    assert "请通过导入把它登记到住户名下" in page
    assert "meters/m-99" in page


def test_every_reason_for_refusing_has_words_and_a_mend() -> None:
    assert set(codes.REFUSALS) == set(Refusal)
    assert set(codes.ODDITIES) == set(Oddity)


def test_a_reading_that_was_put_aside_is_shown_with_what_to_do(
    client: TestClient, here: Town
) -> None:
    at = int((NOW - HOUR * 10).timestamp())
    here.store.telemetry.put_aside([(1, at - at % 3600 + 1800, Oddity.STEP_BACK)])
    with here.store.view() as view:
        row = view.telemetry.exec_driver_sql(
            "SELECT measured_at FROM readings WHERE device_id = 1 ORDER BY measured_at DESC"
        ).first()
    assert row is not None
    here.store.telemetry.put_aside([(1, row.measured_at, Oddity.STEP_BACK)])
    page = client.get("/system").text
    assert "读数倒退" in page
    assert "H0001" in page


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+8613800138000", "+86138****8000"), ("12345", "1***5"), ("", "***")],
)
def test_the_middle_of_a_number_is_hidden(phone: str, shown: str) -> None:
    assert masked(phone) == shown


def test_a_page_that_breaks_says_so_without_telling_why(here: Town) -> None:
    app = make(here.store, here.clock, here.clock.now, SHANGHAI)
    with here.store.transaction() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE residents RENAME TO gone")
    browser = TestClient(app, raise_server_exceptions=False)
    token = sessions.begin(here.store, here.operator, NOW, LIMITS)
    browser.cookies.set(cookie_name(secure=False), token)
    answer = browser.get("/households/1")
    assert answer.status_code == 500
    assert "操作没有成功" in answer.text
    assert "residents" not in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
